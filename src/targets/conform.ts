import { conformChecks } from './conform-checks.ts';
import { ConformLab } from './conform-lab.ts';
import { Undecided } from './conform-migration.ts';
import type { TargetOptions } from './target.ts';
import { ConnectionLost } from './vfio-user-connection.ts';
import { NotMigratable } from './vfio-user-device.ts';
import { serverSpecOf } from './vfio-user-server.ts';

/** What one check of the protocol or of the state machine came to. */
export interface Verdict {
  readonly id: string;
  /** What must hold, as a sentence without a full stop. */
  readonly title: string;
  readonly source: string;
  readonly result: 'pass' | 'fail' | 'undecided';
  /** What happened instead, or why nothing was found out; empty when it passed. */
  readonly message: string;
}

export interface Conformance {
  /** `struct vfio_device_feature_migration`. */
  readonly migration: bigint;
  /** Bytes of the state that the device saved at the beginning; undefined when it saved none. */
  readonly saved: number | undefined;
  readonly verdicts: readonly Verdict[];
}

/**
 * Goes through the vfio-user protocol and the migration states of a live server, each check on a
 * connection of its own. Rejects with TargetUnavailable when there is no server to talk to.
 *
 * @param spec as behind `vfio-user:`
 */
export const conform = async (
  spec: string,
  options: TargetOptions,
  signal: AbortSignal,
): Promise<Conformance> => {
  await using lab = await ConformLab.open(serverSpecOf(spec), options, signal);
  const verdicts: Verdict[] = [];
  for (const { id, title, source, run } of conformChecks(lab.migration)) {
    const judged = await judge(lab, run);
    verdicts.push({ id, title, source, ...judged });
  }
  return { migration: lab.migration, saved: lab.image?.length, verdicts };
};

type Judged = Pick<Verdict, 'result' | 'message'>;

const judge = async (
  lab: ConformLab,
  run: (lab: ConformLab) => Promise<string | undefined>,
): Promise<Judged> => {
  try {
    const wrong = await run(lab);
    return wrong === undefined
      ? { result: 'pass', message: '' }
      : { result: 'fail', message: wrong };
  } catch (error) {
    if (error instanceof Undecided || error instanceof NotMigratable) {
      return { result: 'undecided', message: error.message };
    }
    if (!(error instanceof ConnectionLost)) throw error;
    const ended = await lab.ended();
    if (ended !== undefined) return { result: 'fail', message: `the server ended: ${ended}` };
    const result = error.loss === 'silent' ? 'fail' : 'undecided';
    if (error.loss === 'silent') await lab.restart();
    return { result, message: error.message };
  } finally {
    lab.hangUp();
  }
};
