import { lengthOf, type Execution, type Result, type Step } from '../../targets/target.ts';
import { defineOracle, type Subject } from './oracle.ts';
import type { Session } from '../trace.ts';

/** Writes of one byte are tried up to this many; a longer state is written in larger ones. */
const MOST_WRITES = 2048;

/** The only session of an execution that says nothing but whether the state is taken. */
const onlySession = ({ trace, execution }: Subject): Session | undefined => {
  const [session] = trace.sessions;
  if (session === undefined || trace.sessions.length !== 1) return undefined;
  if (session.input === 'saved' || execution.onRefusal !== 'stop') return undefined;
  return session;
};

/** The writes of a session: one where there were several, many where there was one. */
const cutOtherwise = (execution: Execution, session: Session): Execution | undefined => {
  if (session.input === 'saved') return undefined;
  const steps = execution.steps.slice(session.from, session.to);
  const writes = execution.steps.filter((step) => step.do === 'write');
  const total = writes.reduce((sum, { length }) => sum + length, 0);
  const length = Math.min(total, lengthOf(session.input));
  // A session that is left early has not offered all, and the cut decides how much it has.
  if (length < lengthOf(session.input) || length < 2 || steps.length === 0) return undefined;
  const each = writes.length > 1 ? length : Math.ceil(length / MOST_WRITES);
  const cut: Step[] = [];
  // However large the others are, the first write ends inside the first field.
  const first = writes.length > 1 ? each : 1;
  for (let at = 0, size = first; at < length; at += size, size = each) {
    cut.push({ do: 'write', length: Math.min(size, length - at) });
  }
  const from = execution.steps.findIndex((step) => step.do === 'write');
  const to = execution.steps.findLastIndex((step) => step.do === 'write');
  return {
    ...execution,
    steps: [...execution.steps.slice(0, from), ...cut, ...execution.steps.slice(to + 1)],
  };
};

const verdictOf = ({ outcome }: Result): string | undefined =>
  outcome.kind === 'accepted' || outcome.kind === 'rejected' ? outcome.kind : undefined;

export const verdictDependsOnCuts = defineOracle({
  id: 'verdict-depends-on-cuts',
  title: 'Whether a state is taken depends on how it is cut into writes',
  severity: 'high',
  confidence: 'certain',
  threats: ['feeder', 'corruption'],
  cwe: 'CWE-241',
  aboutSessions: true,
  needs: ['session'],
  rationale: `
The same bytes are loaded when they come in one write and refused in several, or the other way round.
The reader of a data_fd must not care: a cut comes from the size of somebody's buffer. Most often a
check runs only when a write begins, or ends, at the header. Check the bytes, not the writes.`,
  companion: (subject) => {
    const session = onlySession(subject);
    if (session === undefined || verdictOf(subject.result) === undefined) return undefined;
    return cutOtherwise(subject.execution, session);
  },
  judge: (subject, companion) => {
    const session = onlySession(subject);
    if (session === undefined || companion === undefined) return undefined;
    const verdict = verdictOf(subject.result);
    const other = verdictOf(companion);
    if (verdict === undefined || other === undefined || verdict === other) return undefined;
    const writes = subject.execution.steps.filter((step) => step.do === 'write').length;
    const cut = writes === 1 ? 'one write' : `${writes} writes`;
    return {
      message: `the state is ${verdict} in ${cut}, and ${other} in ${writes === 1 ? 'several' : 'one'}`,
      bucket: writes > 1 === (verdict === 'accepted') ? 'accepted in pieces' : 'refused in pieces',
      step: session.to - 1,
    };
  },
});
