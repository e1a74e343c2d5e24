import { abortReportIn } from './abort-report.ts';
import type { Conformance, Verdict } from './conform.ts';
import {
  deviceIn,
  migrationChecks,
  Undecided,
  type ConformCheck,
  type MigrationLab,
} from './conform-migration.ts';
import { save } from './migration-device.ts';
import { errnoName } from './session.ts';
import { TargetUnavailable, type TargetOptions } from './target.ts';
import { VfioDevice } from './vfio-device.ts';
import { HelperLost } from './vfio-helper.ts';

const EINVAL = 22;

/**
 * Goes through the migration states of a device of this kernel, each check on a device that was reset.
 * Rejects with TargetUnavailable when there is no such device.
 *
 * @param spec as behind `vfio:`
 */
export const conformKernel = async (
  spec: string,
  options: TargetOptions,
  signal: AbortSignal,
): Promise<Conformance> => {
  await using device = await VfioDevice.open(spec, options);
  const lab: MigrationLab = {
    device: async () => device.renewed(),
    image: await imageOf(device),
    refusals: [-EINVAL],
  };
  const verdicts: Verdict[] = [];
  for (const { id, title, source, run } of kernelChecks(device.migration)) {
    if (signal.aborted) break;
    verdicts.push({ id, title, source, ...(await judge(run(lab), device)) });
  }
  return { migration: device.migration, saved: lab.image?.length, verdicts };
};

/** What is wrong here, a check will name. */
const imageOf = async (device: VfioDevice): Promise<Uint8Array | undefined> => {
  try {
    const saved = await save(await device.renewed());
    return typeof saved === 'number' || saved.length === 0 ? undefined : saved;
  } catch (error) {
    if (!(error instanceof HelperLost)) throw error;
    await device.drop();
    return undefined;
  }
};

const judge = async (
  check: Promise<string | undefined>,
  device: VfioDevice,
): Promise<Pick<Verdict, 'result' | 'message'>> => {
  let judged: Pick<Verdict, 'result' | 'message'>;
  try {
    const message = await check;
    judged = message === undefined ? { result: 'pass', message: '' } : { result: 'fail', message };
  } catch (error) {
    if (error instanceof Undecided || error instanceof TargetUnavailable) {
      judged = { result: 'undecided', message: error.message };
    } else if (error instanceof HelperLost) {
      judged = { result: error.silent ? 'fail' : 'undecided', message: error.message };
      await device.drop();
    } else {
      throw error;
    }
  }
  // Whatever the calls answered: a kernel that complains has not passed.
  const report = abortReportIn(await device.said());
  if (report === undefined) return judged;
  const [where] = report.stack;
  const place = where === undefined ? '' : ` in ${where}`;
  return { result: 'fail', message: `the kernel reported ${report.signal}${place}` };
};

const enumStates = 'linux include/uapi/linux/vfio.h: enum vfio_device_mig_state';

const kernelChecks = (migration: bigint): readonly ConformCheck<MigrationLab>[] => [
  {
    id: 'feature-migration',
    title: 'what the device can do holds STOP_COPY and nothing unknown',
    source: 'linux include/uapi/linux/vfio.h: struct vfio_device_feature_migration',
    run: async () => {
      const legal = (migration & 1n) === 1n && migration < 8n;
      return legal ? undefined : `the flags of the migration feature are ${migration}`;
    },
  },
  ...migrationChecks(migration),
  {
    id: 'data-read-late',
    title: 'a data_fd gives nothing when saving is over',
    source: `${enumStates}, STOP_COPY`,
    run: async (lab) => {
      const device = await deviceIn(lab, 'STOP_COPY');
      if ((await device.setState('STOP')) < 0) throw new Undecided('no way to STOP');
      const part = await device.read(16);
      return typeof part === 'number' || part.length === 0
        ? undefined
        : `${part.length} bytes were read in STOP`;
    },
  },
  {
    id: 'data-write-late',
    title: 'a data_fd takes nothing when restoring is over',
    source: `${enumStates}, RESUMING`,
    run: async (lab) => {
      const device = await deviceIn(lab, 'RESUMING');
      const answer = await device.setState('STOP');
      if (answer < 0) throw new Undecided(`a good restore: ${errnoName(answer)}`);
      const written = await device.write(new Uint8Array(1));
      return written < 0 ? undefined : `${written} bytes were written in STOP`;
    },
  },
];
