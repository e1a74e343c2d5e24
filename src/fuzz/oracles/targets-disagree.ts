import type { Result } from '../../targets/target.ts';
import { defineOracle } from './oracle.ts';

/** What two builds of one restore path must have in common: the verdict, not the words. */
const verdictOf = ({ outcome }: Result): string | undefined =>
  outcome.kind === 'accepted' || outcome.kind === 'rejected' || outcome.kind === 'crashed'
    ? outcome.kind
    : undefined;

export const targetsDisagree = defineOracle({
  id: 'targets-disagree',
  title: 'Two restore paths make different things of one state',
  severity: 'medium',
  confidence: 'certain',
  threats: ['version', 'corruption'],
  cwe: 'CWE-436',
  rationale: `
Two implementations, or two versions of one, were given the same state in the same writes, and one
loads what the other refuses. A guest can then migrate one way and not back, or an upgrade has lost a
check. One of the two is wrong.`,
  judge: ({ result, against }) => {
    if (against === undefined) return undefined;
    const first = verdictOf(result);
    const second = verdictOf(against);
    if (first === undefined || second === undefined || first === second) return undefined;
    return {
      message: `the target says ${first}, the other one ${second}`,
      bucket: `${first} ${second}`,
    };
  },
});
