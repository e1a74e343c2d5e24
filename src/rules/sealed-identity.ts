import type { IdentityName } from '../container/sealed/format.ts';
import { quoted } from './fault-rule.ts';
import type { Example, Rule, RuleDefinition } from './rule.ts';
import { atField, headerRule } from './sealed-signers.ts';

type IdentityRuleDefinition = Omit<
  RuleDefinition,
  'applies' | 'watch' | 'check' | 'fault' | 'severity' | 'threats' | 'sources' | 'examples' | 'cwe'
> & {
  readonly name: IdentityName;
  readonly good: Example;
  readonly bad: Example;
};

/** A rule over one text of the identity, where the destination says what it must be. */
export const identityRule = ({ name, good, bad, ...definition }: IdentityRuleDefinition): Rule =>
  headerRule({
    ...definition,
    severity: 'high',
    cwe: 'CWE-345',
    threats: ['untrusted-source', 'wrong-device'],
    sources: ['docs/sealed-format.md: Identity'],
    asked: ({ identity }) => identity?.[name] !== undefined,
    examples: () => ({ good: [good], bad: [bad] }),
    *see({ identity, length, signers }, trust) {
      const wanted = trust.identity?.[name];
      const got = identity[name];
      if (wanted === undefined || got === wanted) return;
      yield {
        message:
          got === undefined
            ? `the seal names no ${name}, but the destination has ${quoted(wanted)}`
            : `the seal is for the ${name} ${quoted(got)}, but the destination has ${quoted(wanted)}`,
        expected: wanted,
        at: [atField(name, 64 + 32 * signers.length, length - 64 - 96 * signers.length)],
      };
    },
  });
