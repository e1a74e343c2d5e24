import { join } from 'node:path';
import { writeWhole } from '../fuzz/campaign/files.ts';
import { isCount, isRecord, jsonOf } from '../fuzz/campaign/folder.ts';
import { forgetLeftover, leftoverIn } from '../fuzz/campaign/under-way.ts';
import { machineWentDown } from '../fuzz/oracles/machine-went-down.ts';
import type { Lab } from '../fuzz/lab.ts';
import { bugReport, findingFiles } from '../fuzz/finding-folder.ts';
import { stepText } from '../fuzz/bug-finding.ts';
import { knownBug } from '../fuzz/bugs.ts';
import { sameBug } from '../fuzz/minimise.ts';
import { triage } from '../fuzz/triage.ts';
import { errnoName } from '../targets/session.ts';
import { printable } from '../report/escape.ts';
import { bugJson, bugText } from '../report/fuzz-finding.ts';
import { exitCodes, UndoneError } from './exit.ts';
import { inLab, openFinding } from './finding-lab.ts';
import type { MinimiseFlags, ReplayFlags } from './fuzz-program.ts';
import { jsonText } from '../report/json-text.ts';

const never = new AbortController().signal;

/** Runs a finding again and says step by step what came of it. */
export const runReplay = async (path: string, flags: ReplayFlags): Promise<number> => {
  const { stored, settings } = openFinding(path, flags, flags.target);
  const plan = flags.original === true ? stored.plan : stored.minimal;
  const { oracle, bucket } = stored;
  if (endedBefore(path)) {
    const line = 'the replay before this one ended in the middle of an execution';
    process.stdout.write(
      flags.json === true
        ? `${jsonText({ version: 1, oracle, bucket, runs: 1, shown: 1, said: line }, 2)}\n`
        : `${line}\n${machineWentDown.id}: shown in 1 of 1 runs\n`,
    );
    return exitCodes.findings;
  }
  const work = async (lab: Lab): Promise<number> => {
    const plans = Array.from({ length: flags.runs }, () => plan);
    const seen = await lab.examine(plans, never, oracle);
    const [first] = seen;
    if (first === undefined) throw new UndoneError(`${path}: its plan does not fit its seeds`);
    const shown = seen.filter((one) => sameBug(one, oracle, bucket) !== undefined).length;
    const { execution, result } = first;
    if (result.outcome.kind === 'unavailable') throw new UndoneError(result.outcome.reason);
    const steps = execution.steps.map((_, at) => {
      const answer = result.steps[at];
      const text = answer === undefined ? 'left out' : answer < 0 ? errnoName(answer) : `${answer}`;
      return { step: stepText(execution, at), answer: text };
    });
    if (flags.json === true) {
      const document = {
        version: 1,
        oracle,
        bucket,
        runs: seen.length,
        shown,
        outcome: result.outcome,
        steps,
        said: result.message,
      };
      process.stdout.write(`${jsonText(document, 2)}\n`);
    } else {
      for (const { step, answer } of steps.slice(0, 64)) {
        process.stdout.write(`${step}: ${answer}\n`);
      }
      if (steps.length > 64) process.stdout.write(`and ${steps.length - 64} more steps\n`);
      process.stdout.write(`outcome: ${result.outcome.kind}\n`);
      if (result.message.trim() !== '') {
        for (const line of result.message.split('\n').slice(0, 24)) {
          process.stdout.write(`  ${printable(line)}\n`);
        }
      }
      process.stdout.write(`${oracle}: shown in ${shown} of ${seen.length} runs\n`);
    }
    return shown > 0 ? exitCodes.findings : exitCodes.sound;
  };
  return inLab(stored, settings, never, work, path);
};

/**
 * Whether the last replay took the machine or us down; told once, counted in the finding, and the
 * next one runs again.
 */
const endedBefore = (path: string): boolean => {
  if (leftoverIn(path) === undefined) return false;
  const file = join(path, 'finding.json');
  const document = jsonOf(file);
  if (isRecord(document) && document.oracle === machineWentDown.id) {
    const more = (count: unknown): number => (isCount(count) ? count : 0) + 1;
    const counted = { ...document, runs: more(document.runs), shown: more(document.shown) };
    writeWhole(file, `${JSON.stringify(counted, null, 2)}\n`, true);
  }
  forgetLeftover(path);
  return true;
};

/** Makes a finding small with all the executions that this may take. */
export const runMinimise = async (path: string, flags: MinimiseFlags): Promise<number> => {
  const { stored, settings } = openFinding(path, flags, flags.target);
  const { oracle, bucket, minimal } = stored;
  return inLab(stored, settings, never, async (lab) => {
    const [seen] = await lab.examine([minimal], never, oracle);
    const witness = seen === undefined ? undefined : sameBug(seen, oracle, bucket);
    if (seen === undefined || witness === undefined) {
      throw new UndoneError(`${path}: the target does not show it`);
    }
    const { violation } = witness;
    const find = { plan: minimal, oracle, violation, result: seen.result };
    const bug = await triage(lab, find, never);
    if (bug === undefined) throw new UndoneError(`${path}: its plan does not fit its seeds`);
    const known = knownBug(bug, 0, 0, []);
    const { library } = lab.options;
    const report = bugReport(library, bug, known, settings);
    const original = lab.apply([stored.plan])[0]?.execution;
    const text = bugText(report, path);
    const files = findingFiles(library, { ...bug, original: stored.plan }, original, report, text);
    for (const [name, data] of Object.entries(files)) {
      if (!name.includes('/')) writeWhole(join(path, name), data, true);
    }
    process.stdout.write(
      flags.json === true
        ? `${jsonText({ version: 1, executions: bug.executions, finding: bugJson(report) }, 2)}\n`
        : `${text}\nminimised in ${bug.executions} executions\n`,
    );
    return exitCodes.findings;
  });
};
