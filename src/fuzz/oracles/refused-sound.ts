import type { Layout } from '../../layout/types.ts';
import { defineOracle } from './oracle.ts';
import { errnoName } from '../../targets/session.ts';

export const refusedSound = defineOracle({
  id: 'refused-although-sound',
  title: 'A state that a device can be in is refused',
  severity: 'medium',
  confidence: 'likely',
  threats: ['corruption'],
  cwe: 'CWE-697',
  mayBeLayout: true,
  rationale: `
One field of a good state was set to another value that its layout allows, no rule has a word against
it, and it is refused. A guest that brings its device there cannot migrate any more. A check is one
off, or tests for the values of one source only.`,
  judge: ({ plan, trace, execution, opinionOf, known }) => {
    const [edit] = plan.edits;
    const [session] = trace.sessions;
    // How the bytes are cut is another oracle's question.
    if (plan.session.cuts.kind !== 'whole') return undefined;
    if (plan.edits.length !== 1 || edit?.kind !== 'set' || trace.sessions.length !== 1) {
      return undefined;
    }
    if (session === undefined || session.loaded || !session.whole) return undefined;
    const { refusal, input } = session;
    if (refusal === undefined || input === 'saved') return undefined;
    const layout = known.layoutOf(plan.seed, edit.field);
    if (layout === undefined || !names(layout, edit.value)) return undefined;
    // The value is not what is refused, but what it stands beside.
    if (known.taken(edit.field, edit.value)) return undefined;
    if (opinionOf(input, session.offered)?.kind !== 'sound') return undefined;
    const step = execution.steps[refusal.step]?.do ?? 'write';
    const answer = errnoName(refusal.answer);
    return {
      message: `${edit.field} is ${edit.value}, which its layout allows, and it is refused (${step}: ${answer})`,
      expected: 'that the state is loaded',
      bucket: `${step} ${answer}`,
      step: refusal.step,
    };
  },
});

/** The layout says which values a field can have, and this is one of them; no other field depends on it. */
const names = (layout: Layout, value: bigint): boolean => {
  const roles = layout.roles ?? [];
  if (roles.length !== 1) return false;
  return roles.every((role) => {
    if (role.is === 'within') return value >= role.min && value <= role.max;
    if (role.is === 'one-of') return role.values.includes(value);
    return role.is === 'index-into' && value < BigInt(role.size);
  });
};
