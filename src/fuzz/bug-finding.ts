import type { Finding, Location } from '../finding/finding.ts';
import { lengthOf, type Execution, type Step } from '../targets/target.ts';
import { describePlan, describeSession } from './describe-plan.ts';
import { oracleById } from './oracles/index.ts';
import type { Library } from './skeleton.ts';
import type { Bug } from './triage.ts';

const SHOWN = 32;

/** A bug as a finding like any other, so that every report can show it. */
export const bugFinding = (library: Library, bug: Bug): Finding => {
  const { minimal, violation, shown, runs } = bug;
  const oracle = oracleById(bug.oracle);
  const rows = describePlan(library, minimal);
  const seed = library.get(minimal.seed);
  const session = describeSession(minimal.session);
  const at = rows.map(({ path, offset, length, control, what, new: value }): Location => ({
    path,
    ranges: [{ offset, length }],
    bytes: seed?.bytes.subarray(offset, offset + Math.min(length, SHOWN)) ?? new Uint8Array(0),
    value,
    control,
    note: what,
  }));
  const whole: Location = {
    path: '',
    ranges: [{ offset: 0, length: seed?.bytes.length ?? 0 }],
    bytes: new Uint8Array(0),
    note: session === '' ? 'the seed as it is' : session,
  };
  const cause = [...rows.map(({ what }) => what), ...(session === '' ? [] : [session])].join(', ');
  const steady = shown === runs;
  return {
    rule: bug.oracle,
    severity: violation.severity ?? oracle?.severity ?? 'high',
    confidence: shown === 0 ? 'possible' : steady ? (oracle?.confidence ?? 'certain') : 'likely',
    threats: oracle?.threats ?? ['feeder'],
    message: `${violation.message}${cause === '' ? '' : ` (${cause})`}`,
    ...(violation.expected === undefined ? {} : { expected: violation.expected }),
    at: at.length === 0 ? [whole] : at,
  };
};

/** The step at which it showed: a violation's own, or the last one that was reached. */
export const tellingStep = ({ violation, execution, result }: Bug): number => {
  if (violation.step !== undefined) return violation.step;
  const reached = result.steps.findIndex((answer) => answer === undefined);
  const last = execution.steps.length - 1;
  return reached === -1 ? last : Math.min(reached, last);
};

/** A step in words: `write 2 of 3: bytes 24 to 59`. */
export const stepText = ({ steps, inputs }: Execution, at: number): string => {
  const step = steps[at];
  if (step === undefined) return 'the end';
  if (step.do !== 'write') return stepWords[step.do];
  let from = steps.slice(0, at).findLastIndex((one) => one.do === 'begin' || one.do === 'input');
  let position = 0;
  let write = 1;
  for (const one of steps.slice(from + 1, at)) {
    if (one.do !== 'write') continue;
    position += one.length;
    write += 1;
  }
  let writes = write;
  for (from = at + 1; steps[from]?.do === 'write'; from += 1) writes += 1;
  const source = steps.slice(0, at).findLast((one) => one.do === 'input');
  const input = inputs[source?.do === 'input' && source.input !== 'saved' ? source.input : 0];
  const end = Math.min(position + step.length, input === undefined ? Infinity : lengthOf(input));
  const name = source?.do === 'input' && source.input === 'saved' ? 'of what was saved' : '';
  return `write ${write} of ${writes}: bytes ${position} to ${Math.max(end - 1, position)} ${name}`.trim();
};

const stepWords: Readonly<Record<Exclude<Step['do'], 'write'>, string>> = {
  begin: 'the start of the session (STOP to RESUMING)',
  end: 'the end of the session (RESUMING to STOP)',
  run: 'the guest runs',
  save: 'the state is saved',
  reset: 'the device is reset',
  input: 'the next state',
};
