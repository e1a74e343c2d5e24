/** Runs a module under attack in a thread of its own; `module.ts` starts it and ends it. */
import { constants } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { loadDevices, type Device, type Devices } from './module-device.ts';
import { ModuleCoverage } from './module-coverage.ts';
import { crashOf, isPromise, refusalOf } from './module-errors.ts';
import {
  errnoName,
  resultOf,
  session,
  wholeInput,
  wholeSteps,
  type Answer,
  type Call,
  type Carried,
} from './session.ts';
import type { FromWorker, ToWorker, WorkerStart } from './module.ts';
import type { Execution, Outcome, Result } from './target.ts';

/** Results are sent when this many milliseconds have passed: what a hang takes with it is run again. */
const sendEvery = 5;
const longestMessage = 1 << 16;

const { errno: errnos } = constants;
const port = parentPort;
if (port === null) throw new Error('this file is a worker');
const start = workerData as WorkerStart;
const progress = new Int32Array(start.progress);

const coverage = start.coverage ? new ModuleCoverage() : undefined;

let said = '';
let saidLength = 0;
const collect = (text: unknown): boolean => {
  const words = typeof text === 'string' ? text : Buffer.from(text as Uint8Array).toString();
  saidLength += words.length;
  if (said.length < longestMessage) said += words.slice(0, longestMessage - said.length);
  // A loop that prints would go on; `module.ts` sees the mark and ends the thread.
  if (saidLength > start.output) Atomics.store(progress, 1, 1);
  return true;
};
process.stdout.write = collect;
process.stderr.write = collect;

const send = (message: FromWorker): void => {
  port.postMessage(message);
};

try {
  const devices = await loadDevices(start.file);
  port.on('message', (message: ToWorker) => {
    void runAll(devices, message.executions);
  });
  send({ kind: 'ready', has: devices.has });
} catch (error) {
  send({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

async function runAll(devices: Devices, executions: readonly Execution[]): Promise<void> {
  let results: Result[] = [];
  let sent = performance.now();
  for (const [index, execution] of executions.entries()) {
    Atomics.store(progress, 0, index + 1);
    results.push(await runOne(devices, execution));
    const now = performance.now();
    if (now - sent < sendEvery) continue;
    send({ kind: 'results', results });
    results = [];
    sent = now;
  }
  Atomics.store(progress, 0, 0);
  send({ kind: 'results', results });
}

async function runOne(devices: Devices, execution: Execution): Promise<Result> {
  said = '';
  saidLength = 0;
  coverage?.take();
  const before = getHeapStatistics().external_memory;
  const started = process.hrtime.bigint();
  let carried: Carried;
  try {
    carried =
      devices.kind === 'restore'
        ? await restoreOnce(devices.restore, execution)
        : await restoreInSession(await devices.open(), execution);
  } catch (error) {
    carried = { outcome: crashOf(error), steps: [], saves: [] };
  }
  if (saidLength > start.output) {
    carried = { ...carried, outcome: { kind: 'exhausted', what: 'output' } };
  }
  const nanoseconds = Number(process.hrtime.bigint() - started);
  return resultOf(carried.outcome, {
    ...carried,
    ...(coverage === undefined ? {} : { features: coverage.take() }),
    message: said,
    nanoseconds,
    growth: Math.max(0, getHeapStatistics().external_memory - before),
  });
}

async function restoreOnce(
  restore: (bytes: Uint8Array) => unknown,
  execution: Execution,
): Promise<Carried> {
  let refusal: { readonly errno: number; readonly reason: string } | undefined;
  try {
    const given = restore(wholeInput(execution).slice());
    const answer = isPromise(given) ? await given : given;
    if (answer === false) refusal = { errno: -errnos.EINVAL, reason: 'false' };
    if (typeof answer === 'number' && answer < 0) {
      refusal = { errno: answer, reason: errnoName(answer) };
    }
  } catch (error) {
    refusal = refusalOf(error);
    if (refusal === undefined) throw error;
  }
  const outcome: Outcome =
    refusal === undefined
      ? { kind: 'accepted' }
      : { kind: 'rejected', reason: `restore: ${refusal.reason}` };
  return { outcome, steps: wholeSteps(execution, refusal?.errno ?? 0), saves: [] };
}

async function restoreInSession(device: Device, execution: Execution): Promise<Carried> {
  try {
    const calls = session(execution);
    let next = calls.next();
    while (next.done !== true) {
      let answer: Answer;
      try {
        const given = answerOf(device, next.value);
        answer = isPromise(given) ? asAnswer(await given) : asAnswer(given);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        answer = refusal.errno;
      }
      next = calls.next(answer);
    }
    return next.value;
  } finally {
    await device.close?.();
  }
}

function answerOf(device: Device, call: Call): unknown {
  // The bytes belong to every execution of the batch, so the module gets its own.
  if (call.do === 'write') return device.write(call.bytes.slice());
  if (call.do === 'begin') return device.begin();
  if (call.do === 'end') return device.end();
  if (device[call.do] === undefined) return -errnos.ENOTTY;
  return device[call.do]?.();
}

/** What a hook returns: nothing is success, `false` is a refusal without a name. */
function asAnswer(given: unknown): Answer {
  if (typeof given === 'number') return Number.isInteger(given) ? given : -errnos.EINVAL;
  if (given instanceof Uint8Array) return given;
  return given === false ? -errnos.EINVAL : 0;
}
