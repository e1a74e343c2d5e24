import { pathBetween, stateNames, stateText, type StateName } from '../container/session/states.ts';
import { abortReportIn } from './abort-report.ts';
import type { Conformance, Verdict } from './conform.ts';
import { Undecided } from './conform-lab.ts';
import { errnoName } from './session.ts';
import { TargetUnavailable, type TargetOptions } from './target.ts';
import { readData, save, setState, stateOf, VfioDevice, writeData } from './vfio-device.ts';
import { HelperLost, operations, type VfioHelper } from './vfio-helper.ts';

const enumStates = 'linux include/uapi/linux/vfio.h: enum vfio_device_mig_state';
const arcs = 'linux drivers/vfio/vfio_main.c: vfio_mig_get_next_state(), vfio_from_fsm_table';

const EINVAL = -22;
/** A state is cut into so many pieces at most. */
const mostPieces = 4096;

/** What the checks stand on. */
interface KernelLab {
  readonly device: VfioDevice;
  /** What the device saved at the beginning; undefined when it saved nothing. */
  readonly image: Uint8Array | undefined;
}

interface KernelCheck extends Pick<Verdict, 'id' | 'title' | 'source'> {
  /** What is wrong, as a sentence without a full stop; nothing when nothing is. */
  readonly run: (lab: KernelLab) => Promise<string | undefined>;
}

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
  const lab = { device, image: await imageOf(device) };
  const verdicts: Verdict[] = [];
  for (const { id, title, source, run } of kernelChecks(device.migration)) {
    if (signal.aborted) break;
    verdicts.push({ id, title, source, ...(await judge(lab, run)) });
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
  lab: KernelLab,
  run: KernelCheck['run'],
): Promise<Pick<Verdict, 'result' | 'message'>> => {
  const { device } = lab;
  let judged: Pick<Verdict, 'result' | 'message'>;
  try {
    const message = await run(lab);
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

const kernelChecks = (migration: bigint): readonly KernelCheck[] => {
  const reachable = stateNames.filter(
    (state) => state === 'RUNNING' || pathBetween('RUNNING', state, migration) !== undefined,
  );
  return [
    {
      id: 'feature-migration',
      title: 'what the device can do holds STOP_COPY and nothing unknown',
      source: 'linux include/uapi/linux/vfio.h: struct vfio_device_feature_migration',
      run: async () => {
        const legal = (migration & 1n) === 1n && migration < 8n;
        return legal ? undefined : `the flags of the migration feature are ${migration}`;
      },
    },
    {
      id: 'state-initial',
      title: 'a device that was reset is in RUNNING',
      source: enumStates,
      run: async ({ device }) => stateIs('RUNNING', await device.renewed()),
    },
    ...reachable.flatMap((from) => stateNames.map((to) => arcCheck(from, to, migration))),
    {
      id: 'state-unknown',
      title: 'a state that nobody knows is refused',
      source: arcs,
      run: async ({ device }) => {
        const helper = await device.renewed();
        for (const state of [8, 9, 0x8000_0000, 0xffff_ffff]) {
          const wrong = refused(`state ${state}`, await setState(helper, state));
          if (wrong !== undefined) return wrong;
        }
        return undefined;
      },
    },
    {
      id: 'state-after-refusal',
      title: 'a way that is refused leaves the device where it was',
      source: arcs,
      run: async (lab) => {
        for (const from of reachable) {
          for (const to of stateNames) {
            if (pathBetween(from, to, migration) !== undefined) continue;
            const helper = await deviceIn(lab, from);
            if ((await setState(helper, to)) >= 0) continue;
            const wrong = await stateIs(from, helper);
            if (wrong !== undefined) return `${from} to ${to} was refused, and then ${wrong}`;
          }
        }
        return undefined;
      },
    },
    ...dataChecks,
  ];
};

const arcCheck = (from: StateName, to: StateName, migration: bigint): KernelCheck => {
  const isLegal = pathBetween(from, to, migration) !== undefined;
  const name = `${from} to ${to}`;
  return {
    id: `arc-${from}-${to}`,
    title: isLegal ? `${name} is carried out` : `${name} is refused`,
    source: arcs,
    run: async (lab) => {
      const helper = await deviceIn(lab, from);
      const answer = await setState(helper, to);
      if (!isLegal) return refused(name, answer);
      return answer < 0 ? `${name} was refused with ${errnoName(answer)}` : stateIs(to, helper);
    },
  };
};

/** A device that was brought into a state, filled with a good state where that is RESUMING. */
const deviceIn = async (lab: KernelLab, state: StateName): Promise<VfioHelper> => {
  const helper = await lab.device.renewed();
  if (state === 'RUNNING') return helper;
  const answer = await setState(helper, state);
  if (answer < 0) throw new Undecided(`RUNNING to ${state}: ${errnoName(answer)}`);
  if (state === 'RESUMING' && (await writeData(helper, goodImage(lab))) < 0) {
    throw new Undecided('the device does not take the state that it saved');
  }
  return helper;
};

const goodImage = ({ image }: KernelLab): Uint8Array => {
  if (image === undefined) throw new Undecided('the device saved no state');
  return image;
};

const stateIs = async (wanted: StateName, helper: VfioHelper): Promise<string | undefined> => {
  const state = await stateOf(helper);
  if (state < 0) throw new Undecided(`the device does not say its state: ${errnoName(state)}`);
  return state === stateNames.indexOf(wanted)
    ? undefined
    : `the device is in ${stateText(state)}, not in ${wanted}`;
};

/** Nothing when it was refused as the kernel's own table refuses. */
const refused = (what: string, answer: number): string | undefined => {
  if (answer >= 0) return `${what} was carried out`;
  return answer === EINVAL
    ? undefined
    : `${what} was refused with ${errnoName(answer)}, not with EINVAL`;
};

/** A restore of these pieces, each of which must be taken whole: 0, or the first refusal. */
const restore = async (helper: VfioHelper, pieces: Iterable<Uint8Array>): Promise<number> => {
  if ((await setState(helper, 'RESUMING')) < 0) throw new Undecided('the device has no RESUMING');
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const written = await writeData(helper, piece.subarray(at));
      if (written < 0) return written;
      if (written === 0) throw new Undecided('a write took nothing');
      at += written;
    }
  }
  return setState(helper, 'STOP');
};

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  const size = Math.ceil(bytes.length / mostPieces);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const contract = `${enumStates}, RESUMING`;

const dataChecks: readonly KernelCheck[] = [
  {
    id: 'data-read-end',
    title: 'behind the end of a state there is nothing',
    source: `${enumStates}, STOP_COPY`,
    run: async (lab) => {
      const whole = goodImage(lab).length;
      const helper = await deviceIn(lab, 'STOP_COPY');
      let total = 0;
      for (let ends = 0; ends < 3;) {
        const part = await readData(helper, 1 << 16);
        if (typeof part === 'number') throw new Undecided(`a read: ${errnoName(part)}`);
        total += part.length;
        if (part.length === 0) ends += 1;
        else if (ends > 0) return `${part.length} bytes came behind the end`;
        if (total > 2 * whole + (1 << 20)) throw new Undecided(`no end within ${total} bytes`);
      }
      return undefined;
    },
  },
  {
    id: 'data-read-late',
    title: 'a data_fd gives nothing when saving is over',
    source: `${enumStates}, STOP_COPY`,
    run: async (lab) => {
      const helper = await deviceIn(lab, 'STOP_COPY');
      if ((await setState(helper, 'STOP')) < 0) throw new Undecided('no way to STOP');
      const part = await readData(helper, 16);
      return typeof part === 'number' || part.length === 0
        ? undefined
        : `${part.length} bytes were read in STOP`;
    },
  },
  {
    id: 'data-write-late',
    title: 'a data_fd takes nothing when restoring is over',
    source: contract,
    run: async (lab) => {
      const helper = await lab.device.renewed();
      const answer = await restore(helper, [goodImage(lab)]);
      if (answer < 0) throw new Undecided(`a good restore: ${errnoName(answer)}`);
      const written = await writeData(helper, new Uint8Array(1));
      return written < 0 ? undefined : `${written} bytes were written in STOP`;
    },
  },
  {
    id: 'restore-whole',
    title: 'a device takes the state that it saved',
    source: contract,
    run: async (lab) => {
      const answer = await restore(await lab.device.renewed(), [goodImage(lab)]);
      return answer < 0 ? `it was refused with ${errnoName(answer)}` : undefined;
    },
  },
  {
    id: 'restore-segmentation',
    title: 'how a state is cut into writes changes nothing',
    source: contract,
    run: async (lab) => {
      const answer = await restore(await lab.device.renewed(), piecesOf(goodImage(lab)));
      return answer < 0 ? `in small pieces it was refused with ${errnoName(answer)}` : undefined;
    },
  },
  {
    id: 'restore-twice',
    title: 'a second session needs no reset',
    source: contract,
    run: async (lab) => {
      const helper = await lab.device.renewed();
      if ((await restore(helper, [goodImage(lab)])) < 0) throw new Undecided('not even a first');
      const answer = await restore(helper, [goodImage(lab)]);
      return answer < 0 ? `the second one was refused with ${errnoName(answer)}` : undefined;
    },
  },
  {
    id: 'restore-short',
    title: 'a state that is not complete is refused at the end',
    source: contract,
    run: async (lab) => {
      const whole = goodImage(lab);
      for (const length of [whole.length - 1, whole.length >> 1, 0]) {
        const answer = await restore(await lab.device.renewed(), [whole.subarray(0, length)]);
        if (answer >= 0) return `${length} of ${whole.length} bytes were taken for a state`;
      }
      return undefined;
    },
  },
  {
    id: 'restore-long',
    title: 'a state with a byte too many is refused',
    source: contract,
    run: async (lab) => {
      const whole = goodImage(lab);
      const answer = await restore(await lab.device.renewed(), [whole, new Uint8Array(1)]);
      return answer < 0 ? undefined : `${whole.length + 1} bytes were taken for a state`;
    },
  },
  {
    id: 'reset-state',
    title: 'a reset leads from every state to RUNNING',
    source: `${enumStates}, VFIO_DEVICE_RESET`,
    run: async (lab) => {
      for (const state of ['STOP', 'STOP_COPY', 'RESUMING'] as const) {
        const helper = await deviceIn(lab, state);
        const { value } = await helper.ask(operations.reset);
        if (value < 0) throw new Undecided(`no reset: ${errnoName(value)}`);
        const wrong = await stateIs('RUNNING', helper);
        if (wrong !== undefined) return `after a reset in ${state} ${wrong}`;
      }
      return undefined;
    },
  },
];
