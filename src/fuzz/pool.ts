import type { Bench, Prepared } from './bench.ts';
import type { Job, Report, Update } from './work.ts';

/** Something that runs batches: this process, or another one. */
export interface Worker {
  /** What has been learnt; before any job of the round that it belongs to. */
  learn(update: Update): void;
  /** Runs one batch; several may be under way, and they are run in order. Rejects when the worker is gone. */
  run(job: Job, signal: AbortSignal): Promise<Report>;
  close(): Promise<void>;
}

/** A worker in this process: the plans of the next batch are made while the target runs this one. */
export const localWorker = (bench: Bench): Worker => {
  let before: Promise<unknown> = Promise.resolve();
  const waiting: { readonly job: Job; prepared?: Prepared }[] = [];
  const run = async (job: Job, signal: AbortSignal): Promise<Report> => {
    const turn = before;
    const own: (typeof waiting)[number] = { job };
    waiting.push(own);
    await turn;
    waiting.shift();
    const running = bench.run(own.prepared ?? bench.prepare(job), signal);
    setImmediate(() => {
      const [next] = waiting;
      if (next !== undefined) next.prepared ??= bench.prepare(next.job);
    });
    return running;
  };
  return {
    learn: (update) => bench.learn(update),
    run: async (job, signal) => {
      const report = run(job, signal);
      before = report.catch(() => undefined);
      return report;
    },
    close: async () => undefined,
  };
};

/** Runs the batches of a round on whatever workers there are; reports come in the order of the jobs. */
export const runRound = async (
  workers: readonly Worker[],
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<readonly Report[]> => {
  const reports: Report[] = [];
  let next = 0;
  const work = async (worker: Worker): Promise<void> => {
    for (let job = jobs[next]; job !== undefined && !signal.aborted; job = jobs[next]) {
      next += 1;
      reports.push(await worker.run(job, signal));
    }
  };
  // Two at a time for each worker, so that one is being made while the other runs.
  await Promise.all(workers.flatMap((worker) => [work(worker), work(worker)]));
  return reports.sort((a, b) => a.batch - b.batch);
};
