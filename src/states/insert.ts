import type { ContainerEvent, Section } from '../container/events.ts';
import {
  VFIO_MIG_FLAG,
  vfioLargestRead,
  vfioTagHigh,
  vfioTagPrefix,
} from '../container/qemu/wire.ts';
import type { Seekable } from './open.ts';
import { edited, packed, Rope, ropeOf, type Edit } from './rope.ts';
import { spanOf } from './runs.ts';
import { walkStates, type HeldDevice, type WalkOptions } from './walk.ts';

/** A state that cannot be put into this container, in one line. */
export class InsertError extends Error {}

/** One DATA record of the device: its place, and the bytes of state that it really holds. */
interface DataRecord {
  readonly offset: number;
  readonly dataOffset: number;
  readonly section: Section['type'];
  length: number;
}

/** What a change of length has to know of a QEMU stream. */
interface Plan {
  readonly records: DataRecord[];
  /** Where END_OF_STATE of the device's END section stands. */
  end: number | undefined;
  /** Packages, whose length counts what they hold. */
  readonly packages: { readonly offset: number; readonly length: number }[];
  /** Guest pages stand at fixed offsets before this one. */
  fixed: number;
}

/** Bytes of a DATA record before its data: tag and length. */
const header = 16;
/** QEMU_VM_COMMAND, command, length, and then the length of a package. */
const packageLengthAt = 5;
const packageStart = 9;

/**
 * A container with the state of one device replaced, and nothing else changed. Records keep their cut
 * points as far as the new state goes; the last one takes up what is more, in records of at most 1 MiB
 * as QEMU writes them, and records that have no bytes left are gone.
 */
export const insertState = (
  input: Seekable,
  name: string | undefined,
  state: Rope,
  options: WalkOptions = {},
): Rope => {
  const plans = new Map<number, Plan>();
  const shared: Plan = { records: [], end: undefined, packages: [], fixed: 0 };
  const walked = walkStates(
    input,
    {
      event: (event) => note(event, shared, plans),
      bytes: (device, _offset, length) => {
        const record = plans.get(device)?.records.at(-1);
        if (record !== undefined) record.length += length;
      },
    },
    options,
  );
  const device = deviceNamed(walked.devices, name, input.path);
  if (walked.container === 'device-state') return state;
  if (state.length === device.bytes) return apply(input, placesOf(device, state));
  if (device.runs.list.some((run) => run.packed)) return repacked(input, device, state);
  const plan = plans.get(device.device);
  if (plan === undefined || !['qemu', 'libvirt-save'].includes(walked.container)) {
    throw new InsertError(
      `a state in a ${walked.container} can be replaced only by one of the same length, ` +
        `${device.bytes} bytes`,
    );
  }
  const { packages, fixed } = shared;
  return recut(input, device, { ...plan, packages, fixed }, state);
};

/** The device that is meant; without a name, the only one. */
export const deviceNamed = (
  devices: readonly HeldDevice[],
  name: string | undefined,
  path: string,
): HeldDevice => {
  const known = devices.map((one) => JSON.stringify(one.name)).join(', ');
  if (devices.length === 0) throw new InsertError(`${path} holds no device state`);
  const found = devices.filter((one) => name === undefined || one.name === name);
  const [device, another] = found;
  if (device === undefined) {
    throw new InsertError(`${path} holds no state of ${JSON.stringify(name)}, but of ${known}`);
  }
  if (another !== undefined && name === undefined) {
    throw new InsertError(`${path} holds several states, name one by --device: ${known}`);
  }
  return device;
};

const note = (event: ContainerEvent, shared: Plan, plans: Map<number, Plan>): void => {
  switch (event.kind) {
    case 'command':
      if (event.packaged !== undefined) {
        shared.packages.push({ offset: event.offset, length: event.packaged });
      }
      return;
    case 'ram-block': {
      const { mapped, usedLength } = event;
      if (mapped === undefined) return;
      shared.fixed = Math.max(shared.fixed, Number(mapped.pagesOffset + usedLength));
      return;
    }
    case 'vfio-record': {
      const { device, type } = event.section;
      if (device === undefined) return;
      const plan = plans.get(device) ?? { records: [], end: undefined, packages: [], fixed: 0 };
      plans.set(device, plan);
      const { offset, dataOffset } = event;
      if (dataOffset !== undefined) {
        plan.records.push({ offset, dataOffset, section: type, length: 0 });
      } else if (type === 'end' && event.name === 'END_OF_STATE') {
        plan.end = offset;
      }
      return;
    }
    default:
  }
};

/** The edits that give each place of a state the bytes of another one, of the same length. */
export const placesOf = ({ runs }: HeldDevice, state: Rope): readonly Edit[] =>
  runs.list.map((run): Edit => {
    const insert = new Rope();
    const read = (offset: number, length: number): Uint8Array =>
      state.read(run.start + offset, length);
    if (run.packed) {
      const text = packed(read, run.length);
      insert.addFrom(text.read, 0, text.length);
    } else {
      insert.addFrom(read, 0, run.length);
    }
    return { offset: run.offset, remove: spanOf(run), insert };
  });

/** Base64 in one text: the text becomes that of the new state. */
const repacked = (input: Seekable, device: HeldDevice, state: Rope): Rope => {
  const first = device.runs.list[0];
  const last = device.runs.list.at(-1);
  if (first === undefined || last === undefined) throw new InsertError('the state has no place');
  const text = packed(state.read, state.length);
  const remove = last.offset + spanOf(last) - first.offset;
  const insert = new Rope().addFrom(text.read, 0, text.length);
  return apply(input, [{ offset: first.offset, remove, insert }]);
};

const recut = (input: Seekable, device: HeldDevice, plan: Plan, state: Rope): Rope => {
  const { records, end } = plan;
  const edits: Edit[] = [];
  const longest = records.reduce((most, { length }) => Math.max(most, length), vfioLargestRead);
  const last = records.at(-1);
  let at = 0;
  for (const record of records) {
    const left = state.length - at;
    const grows = record === last && (record.section === 'end' || end === undefined);
    const take = Math.min(left, grows ? Math.max(longest, record.length) : record.length);
    const insert = new Rope();
    if (take === 0 && record.length > 0) {
      edits.push({ offset: record.offset, remove: header + record.length, insert });
    } else if (take === record.length) {
      insert.addFrom(state.read, at, take);
      edits.push({ offset: record.dataOffset, remove: take, insert });
    } else {
      addRecord(insert, state, at, take);
      edits.push({ offset: record.offset, remove: header + record.length, insert });
    }
    at += take;
  }
  if (at < state.length) {
    const lastEnd = last === undefined ? undefined : last.dataOffset + last.length;
    const place = last?.section === 'end' ? lastEnd : (end ?? lastEnd);
    if (place === undefined) {
      throw new InsertError(
        `${JSON.stringify(device.name)} has neither a data record nor an END section`,
      );
    }
    const insert = new Rope();
    for (; at < state.length; at += longest) {
      addRecord(insert, state, at, Math.min(longest, state.length - at));
    }
    edits.push({ offset: place, remove: 0, insert });
  }
  const moved = edits.find(({ remove, insert }) => remove !== insert.length);
  if (moved !== undefined && moved.offset < plan.fixed) {
    throw new InsertError(
      `the guest pages behind this state stand at fixed offsets (mapped-ram): only a state of ` +
        `${device.bytes} bytes fits`,
    );
  }
  return apply(input, [...edits, ...packageEdits(input, plan, edits)]);
};

const addRecord = (out: Rope, state: Rope, at: number, length: number): void => {
  const raw = new Uint8Array(header);
  const view = new DataView(raw.buffer);
  view.setUint32(0, vfioTagHigh);
  view.setUint32(4, ((vfioTagPrefix << 16) | VFIO_MIG_FLAG.DEV_DATA_STATE) >>> 0);
  view.setBigUint64(8, BigInt(length));
  out.add(raw).addFrom(state.read, at, length);
};

/** A package that holds changed records says a new length. */
const packageEdits = (input: Seekable, { packages }: Plan, edits: readonly Edit[]): Edit[] =>
  packages.flatMap(({ offset, length }) => {
    const start = offset + packageStart;
    const inside = edits.filter((one) => one.offset >= start && one.offset < start + length);
    const growth = inside.reduce((sum, { remove, insert }) => sum + insert.length - remove, 0);
    if (growth === 0) return [];
    const raw = Uint8Array.from(input.readAt(offset + packageLengthAt, 4));
    new DataView(raw.buffer).setUint32(0, length + growth);
    return [{ offset: offset + packageLengthAt, remove: 4, insert: ropeOf(raw) }];
  });

const apply = (input: Seekable, edits: readonly Edit[]): Rope =>
  edited(
    input.readAt,
    input.size,
    [...edits].sort((a, b) => a.offset - b.offset),
  );
