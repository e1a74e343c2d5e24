import type { Format } from '../formats/format.ts';
import { benchOf, labOf, openTargets } from './open-lab.ts';
import { localWorker } from './pool.ts';
import { skeletonOf } from './skeleton.ts';
import type { Settings } from './campaign/folder.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-process.ts';

/** The other end of a worker process: takes batches from its parent until that goes away. */
export const serveWorker = async (
  formatOf: (settings: Settings) => Promise<Format>,
): Promise<void> => {
  const send = (message: FromWorker): void => {
    // An engine that ends in this moment hears nothing more, which is no fault of the worker's.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  // Ctrl-C reaches every process of the terminal; the parent decides when a worker ends.
  process.on('SIGINT', () => undefined);
  const gone = new Promise<void>((resolve) => process.once('disconnect', () => resolve()));
  const setup = await new Promise<WorkerSetup | undefined>((resolve) => {
    process.once('message', (message: ToWorker) =>
      resolve(message.kind === 'setup' ? message.setup : undefined),
    );
    void gone.then(() => resolve(undefined));
  });
  if (setup === undefined) return;
  const { settings, calibration } = setup;
  let targets;
  try {
    const format = await formatOf(settings);
    targets = await openTargets(settings, (line) => send({ kind: 'warning', line }));
    const seeds = setup.seeds.map((bytes) => skeletonOf(format, bytes));
    const parts = { settings, format, seeds, calibration, ...targets };
    const worker = localWorker(benchOf(labOf(parts), parts));
    const aborts = new AbortController();
    process.on('message', (message: ToWorker) => {
      if (message.kind === 'learn') worker.learn(message.update);
      else if (message.kind === 'abort') aborts.abort();
      else if (message.kind === 'run') {
        const { ticket, job } = message;
        worker.run(job, aborts.signal).then(
          (report) => send({ kind: 'report', ticket, report }),
          (error: unknown) => {
            const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
            send({ kind: 'failed', reason });
          },
        );
      }
    });
    send({ kind: 'ready' });
    await gone;
    aborts.abort();
  } catch (error) {
    send({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  } finally {
    await targets?.target[Symbol.asyncDispose]();
    await targets?.against?.[Symbol.asyncDispose]();
    if (process.connected) process.disconnect();
  }
};
