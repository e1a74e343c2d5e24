import { DEVICE_FEATURE } from '../container/session/commands.ts';
import { FEATURE_SET } from '../container/session/format.ts';
import { pathBetween, stateNames, stateText, type StateName } from '../container/session/states.ts';
import type { ConformCheck } from './conform-checks.ts';
import { refused, Undecided, type ConformLab } from './conform-lab.ts';
import { isFailure, words, type Message } from './vfio-user-wire.ts';

const MIG_DEVICE_STATE = 2;
const arcs = 'linux drivers/vfio/vfio_main.c: vfio_mig_get_next_state(), vfio_from_fsm_table';

/** The states and every way between two of them, as a device with these flags must have them. */
export const arcChecks = (migration: bigint): readonly ConformCheck[] => {
  const reachable = stateNames.filter(
    (state) => state === 'RUNNING' || pathBetween('RUNNING', state, migration) !== undefined,
  );
  return [
    {
      id: 'state-initial',
      title: 'a new device is in RUNNING',
      source: 'linux include/uapi/linux/vfio.h: enum vfio_device_mig_state',
      run: async (lab) => stateIs(lab, 'RUNNING', await (await lab.device()).state()),
    },
    ...reachable.flatMap((from) => stateNames.map((to) => arcCheck(from, to, migration))),
    {
      id: 'state-unknown',
      title: 'a state that nobody knows is refused',
      source: arcs,
      run: async (lab) => {
        const { connection } = await lab.device();
        for (const state of [8, 9, 0x8000_0000, 0xffff_ffff]) {
          const wrong = refused(`state ${state}`, await connection.request(...setting(state)));
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
            const device = await lab.deviceIn(from);
            const reply = await device.connection.request(...setting(stateNames.indexOf(to)));
            const state = await device.state();
            lab.hangUp();
            if (!isFailure(reply)) continue;
            const wrong = await stateIs(lab, from, state);
            if (wrong !== undefined) return `${from} to ${to} was refused, and then ${wrong}`;
          }
        }
        return undefined;
      },
    },
  ];
};

const setting = (state: number): readonly [number, Buffer] => [
  DEVICE_FEATURE,
  words(16, MIG_DEVICE_STATE | FEATURE_SET, state, -1),
];

const stateIs = async (
  _lab: ConformLab,
  wanted: StateName,
  state: number | undefined,
): Promise<string | undefined> => {
  if (state === undefined) throw new Undecided('the device does not say its state');
  return state === stateNames.indexOf(wanted)
    ? undefined
    : `the device is in ${stateText(state)}, not in ${wanted}`;
};

const arcCheck = (from: StateName, to: StateName, migration: bigint): ConformCheck => {
  const isLegal = pathBetween(from, to, migration) !== undefined;
  return {
    id: `arc-${from}-${to}`,
    title: isLegal ? `${from} to ${to} is carried out` : `${from} to ${to} is refused`,
    source: arcs,
    run: async (lab) => {
      const device = await lab.deviceIn(from);
      const reply: Message = await device.connection.request(...setting(stateNames.indexOf(to)));
      if (!isLegal) return refused(`${from} to ${to}`, reply);
      if (isFailure(reply)) return `${from} to ${to} was refused with errno ${reply.error}`;
      return stateIs(lab, to, await device.state());
    },
  };
};
