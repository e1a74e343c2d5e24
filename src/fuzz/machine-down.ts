import { createHash } from 'node:crypto';
import { resultOf } from '../targets/session.ts';
import type { Outcome } from '../targets/target.ts';
import { applyPlan } from './apply.ts';
import { knownBug } from './bugs.ts';
import type { Folder } from './campaign/folder.ts';
import { stateFrom } from './campaign/state.ts';
import { forgetLeftover, leftoverIn, type Leftover } from './campaign/under-way.ts';
import { planPaths } from './edit-class.ts';
import { bugReport, findingFiles, readFinding, type BugReport } from './finding-folder.ts';
import { machineWentDown } from './oracles/machine-went-down.ts';
import { planToJson } from './plan-json.ts';
import type { Plan } from './plan.ts';
import type { Library } from './skeleton.ts';
import { bugId, type Bug } from './triage.ts';
import { planKey } from './watch.ts';

/** Plans that have ended everything, as the findings of a campaign tell. */
export const fatalPlans = (folder: Folder): readonly Plan[] =>
  folder.findings().flatMap((name) => {
    const stored = readFinding(folder.findingPath(name));
    return stored?.oracle === machineWentDown.id ? [stored.plan] : [];
  });

/**
 * Makes a finding of the execution in which the campaign before ended, and runs nothing for it: a
 * machine that went down once would do so again.
 */
export const findingOfLeftover = (
  folder: Folder,
  library: Library,
  describe: (report: BugReport) => string,
): BugReport | undefined => {
  const leftover = leftoverIn(folder.path);
  if (leftover === undefined) return undefined;
  const bug = bugOf(leftover, library);
  if (bug === undefined) {
    forgetLeftover(folder.path);
    return undefined;
  }
  const state = stateFrom(folder.state());
  const round = Math.max((state?.round ?? 0) - 1, 0);
  const known = knownBug(bug, round, state?.memory.executions ?? 0, []);
  const report = bugReport(library, bug, known, folder.settings);
  const before = leftover.before.map((plan) => planToJson(plan));
  folder.addFinding(bug.id, {
    ...findingFiles(library, bug, bug.execution, report, describe(report)),
    'before.json': `${JSON.stringify(before, null, 2)}\n`,
  });
  folder.journal.add({
    kind: 'finding',
    round,
    id: bug.id,
    oracle: bug.oracle,
    executions: known.at,
  });
  forgetLeftover(folder.path);
  return report;
};

const bugOf = ({ plan, machineWentDown: down }: Leftover, library: Library): Bug | undefined => {
  const execution = applyPlan(library, plan);
  if (execution === undefined) return undefined;
  const { id: oracle } = machineWentDown;
  const bucket = createHash('sha256').update(planKey(plan)).digest('hex').slice(0, 8);
  const path = planPaths(plan);
  const message = down
    ? 'the machine went down during this execution'
    : 'the fuzzer ended during this execution, and the machine did not';
  const outcome: Outcome = down
    ? { kind: 'crashed', signal: 'machine down', stack: [] }
    : { kind: 'unavailable', reason: 'the fuzzer ended' };
  return {
    id: bugId(oracle, bucket, path),
    oracle,
    bucket,
    path,
    original: plan,
    minimal: plan,
    runs: 0,
    shown: 0,
    executions: 0,
    execution,
    result: resultOf(outcome),
    violation: { message, bucket, ...(down ? {} : { severity: 'medium' as const }) },
  };
};
