import { lengthOf, type Execution, type Step } from '../../targets/target.ts';
import type { Session } from '../trace.ts';
import { defineOracle, type Subject } from './oracle.ts';

/** Writes of one byte are made up to this many; a longer state is written in larger ones. */
const MOST_WRITES = 2048;

/** The only session of an execution, where all of an input was loaded. */
const onlyLoaded = ({ trace, result }: Subject): Session | undefined => {
  const [session] = trace.sessions;
  if (session === undefined || trace.sessions.length !== 1) return undefined;
  if (session.input === 'saved' || session.refusal !== undefined) return undefined;
  if (result.outcome.kind !== 'accepted' || !session.loaded) return undefined;
  return session.offered === lengthOf(session.input) ? session : undefined;
};

/** In one write and saved; reset; in the writes that it came in, or in small ones, and saved. */
const bothWays = ({ steps }: Execution, session: Session, length: number): readonly Step[] => {
  const writes = steps.slice(session.from, session.to).filter((step) => step.do === 'write');
  const each = Math.max(1, Math.ceil(length / MOST_WRITES));
  const pieces: readonly Step[] =
    writes.length > 1
      ? writes
      : Array.from({ length: Math.ceil(length / each) }, () => ({ do: 'write', length: each }));
  return [
    { do: 'begin' },
    { do: 'write', length },
    { do: 'end' },
    { do: 'save' },
    { do: 'reset' },
    { do: 'input', input: 0 },
    { do: 'begin' },
    ...pieces,
    { do: 'end' },
    { do: 'save' },
  ];
};

export const stateDependsOnCuts = defineOracle({
  id: 'state-depends-on-cuts',
  title: 'What is loaded depends on how a state is cut into writes',
  severity: 'high',
  confidence: 'certain',
  threats: ['feeder', 'corruption'],
  cwe: 'CWE-241',
  aboutSessions: true,
  needs: ['session', 'save', 'reset'],
  rationale: `
The same bytes are taken in one write and in several, and the device saves something else behind each.
A part was loaded twice, left out, or computed from bytes that had not arrived. The reader of a data_fd
must not care where writes end. Act on what the bytes say, when all of a part is there.`,
  companion: (subject) => {
    const session = onlyLoaded(subject);
    if (session === undefined || session.input === 'saved') return undefined;
    const length = lengthOf(session.input);
    if (length < 2) return undefined;
    const steps = bothWays(subject.execution, session, length);
    return { inputs: [session.input], steps, onRefusal: 'stop' };
  },
  judge: (subject, companion) => {
    const session = onlyLoaded(subject);
    const [whole, cut] = companion?.saves ?? [];
    if (session === undefined || whole === undefined || cut === undefined) return undefined;
    // A refusal in one of them is for verdict-depends-on-cuts to say.
    if (companion?.steps.some((status) => (status ?? 0) < 0) === true) return undefined;
    const at = subject.known.differs(whole, cut);
    if (at === undefined) return undefined;
    return {
      message: `byte ${at} of the save differs between a restore in one write and one in several`,
      expected: 'the same state, however it is written',
      bucket: '',
      step: session.to - 1,
    };
  },
});
