import { pathBetween, stateNames, stateText, type StateName } from '../container/session/states.ts';
import type { MigrationDevice } from './migration-device.ts';
import { errnoName } from './session.ts';

/** The check says nothing, because what it needs did not come about. */
export class Undecided extends Error {}

/** One thing that must hold of what the lab gives. */
export interface ConformCheck<Lab> {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  /** What is wrong, as a sentence without a full stop; nothing when nothing is. */
  readonly run: (lab: Lab) => Promise<string | undefined>;
}

/** What the checks of any device stand on. */
export interface MigrationLab {
  /** A device in RUNNING, new or as new; the one before is let go of. */
  readonly device: () => Promise<MigrationDevice>;
  /** What the device saved at the beginning; undefined when it saved nothing. */
  readonly image: Uint8Array | undefined;
  /** The answers that are a refusal as it must be. */
  readonly refusals: readonly number[];
}

type MigrationCheck = ConformCheck<MigrationLab>;

const enumStates = 'linux include/uapi/linux/vfio.h: enum vfio_device_mig_state';
const contract = `${enumStates}, RESUMING`;
const arcs = 'linux drivers/vfio/vfio_main.c: vfio_mig_get_next_state(), vfio_from_fsm_table';

/** A state is cut into so many pieces at most. */
const mostPieces = 4096;
const readAtOnce = 1 << 16;

/**
 * The states, every way between two of them, and how a state is read and taken.
 *
 * @param migration what the device says it can do: `struct vfio_device_feature_migration`
 */
export const migrationChecks = (migration: bigint): readonly MigrationCheck[] => {
  const reachable = stateNames.filter(
    (state) => state === 'RUNNING' || pathBetween('RUNNING', state, migration) !== undefined,
  );
  return [
    {
      id: 'state-initial',
      title: 'a device that is new, or was reset, is in RUNNING',
      source: enumStates,
      run: async (lab) => stateIs('RUNNING', await lab.device()),
    },
    ...reachable.flatMap((from) => stateNames.map((to) => arcCheck(from, to, migration))),
    {
      id: 'state-unknown',
      title: 'a state that nobody knows is refused',
      source: arcs,
      run: async (lab) => {
        const device = await lab.device();
        for (const state of [8, 9, 0x8000_0000, 0xffff_ffff]) {
          const wrong = refusal(lab, `state ${state}`, await device.setState(state));
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
            const device = await deviceIn(lab, from);
            if ((await device.setState(to)) >= 0) continue;
            const wrong = await stateIs(from, device);
            if (wrong !== undefined) return `${from} to ${to} was refused, and then ${wrong}`;
          }
        }
        return undefined;
      },
    },
    ...dataChecks,
  ];
};

const arcCheck = (from: StateName, to: StateName, migration: bigint): MigrationCheck => {
  const isLegal = pathBetween(from, to, migration) !== undefined;
  const name = `${from} to ${to}`;
  return {
    id: `arc-${from}-${to}`,
    title: isLegal ? `${name} is carried out` : `${name} is refused`,
    source: arcs,
    run: async (lab) => {
      const device = await deviceIn(lab, from);
      const answer = await device.setState(to);
      if (!isLegal) return refusal(lab, name, answer);
      return answer < 0 ? `${name} was refused with ${errnoName(answer)}` : stateIs(to, device);
    },
  };
};

/** A device that was brought into a state, filled with a good state where that is RESUMING. */
export const deviceIn = async (lab: MigrationLab, state: StateName): Promise<MigrationDevice> => {
  const device = await lab.device();
  await bring(device, state);
  if (state === 'RESUMING' && (await writeWhole(device, goodImage(lab))) < 0) {
    throw new Undecided('the device does not take the state that it saved');
  }
  return device;
};

/** From RUNNING to a state, to STOP also by a detour. */
export const bring = async (device: MigrationDevice, state: StateName): Promise<void> => {
  if (state === 'RUNNING') return;
  let answer = await device.setState(state);
  if (answer < 0 && state === 'STOP' && (await device.setState('STOP_COPY')) === 0) {
    answer = await device.setState(state);
  }
  if (answer < 0) throw new Undecided(`RUNNING to ${state}: ${errnoName(answer)}`);
};

const goodImage = ({ image }: MigrationLab): Uint8Array => {
  if (image === undefined) throw new Undecided('the device saved no state');
  return image;
};

const stateIs = async (wanted: StateName, device: MigrationDevice): Promise<string | undefined> => {
  const state = await device.state();
  if (state < 0) throw new Undecided(`the device does not say its state: ${errnoName(state)}`);
  return state === stateNames.indexOf(wanted)
    ? undefined
    : `the device is in ${stateText(state)}, not in ${wanted}`;
};

/** Nothing when it was refused as it must be. */
const refusal = (lab: MigrationLab, what: string, answer: number): string | undefined => {
  if (answer >= 0) return `${what} was carried out`;
  return lab.refusals.includes(answer)
    ? undefined
    : `${what} was refused with ${errnoName(answer)}, not with EINVAL`;
};

/** All bytes, in as many writes as the device wants; below 0 the first refusal. */
const writeWhole = async (device: MigrationDevice, bytes: Uint8Array): Promise<number> => {
  for (let at = 0; at < bytes.length;) {
    const written = await device.write(bytes.subarray(at));
    if (written < 0) return written;
    if (written === 0) throw new Undecided('a write took nothing');
    at += written;
  }
  return 0;
};

/** A restore of these pieces: 0, or the first refusal. */
const restore = async (device: MigrationDevice, pieces: Iterable<Uint8Array>): Promise<number> => {
  await bring(device, 'RESUMING');
  for (const piece of pieces) {
    const written = await writeWhole(device, piece);
    if (written < 0) return written;
  }
  return device.setState('STOP');
};

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  const size = Math.ceil(bytes.length / mostPieces);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const dataChecks: readonly MigrationCheck[] = [
  {
    id: 'data-read-end',
    title: 'behind the end of a state there is nothing',
    source: `${enumStates}, STOP_COPY`,
    run: async (lab) => {
      const whole = goodImage(lab).length;
      const device = await deviceIn(lab, 'STOP_COPY');
      let total = 0;
      for (let ends = 0; ends < 3;) {
        const part = await device.read(readAtOnce);
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
    id: 'restore-whole',
    title: 'a device takes the state that it saved',
    source: contract,
    run: async (lab) => {
      const answer = await restore(await lab.device(), [goodImage(lab)]);
      return answer < 0 ? `it was refused with ${errnoName(answer)}` : undefined;
    },
  },
  {
    id: 'restore-segmentation',
    title: 'how a state is cut into writes changes nothing',
    source: contract,
    run: async (lab) => {
      const answer = await restore(await lab.device(), piecesOf(goodImage(lab)));
      return answer < 0 ? `in small pieces it was refused with ${errnoName(answer)}` : undefined;
    },
  },
  {
    id: 'restore-twice',
    title: 'a second session needs no reset',
    source: contract,
    run: async (lab) => {
      const device = await lab.device();
      if ((await restore(device, [goodImage(lab)])) < 0) throw new Undecided('not even a first');
      const answer = await restore(device, [goodImage(lab)]);
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
        const answer = await restore(await lab.device(), [whole.subarray(0, length)]);
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
      const answer = await restore(await lab.device(), [whole, new Uint8Array(1)]);
      return answer < 0 ? undefined : `${whole.length + 1} bytes were taken for a state`;
    },
  },
  {
    id: 'reset-state',
    title: 'a reset leads from every state to RUNNING',
    source: `${enumStates}, VFIO_DEVICE_RESET`,
    run: async (lab) => {
      for (const state of ['STOP', 'STOP_COPY', 'RESUMING'] as const) {
        const device = await deviceIn(lab, state);
        const answer = await device.reset();
        if (answer < 0) throw new Undecided(`no reset: ${errnoName(answer)}`);
        const wrong = await stateIs('RUNNING', device);
        if (wrong !== undefined) return `after a reset in ${state} ${wrong}`;
      }
      return undefined;
    },
  },
];
