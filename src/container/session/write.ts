import { commandNumber, MESSAGE_ERROR, MESSAGE_REPLY, messageHeaderLength } from './commands.ts';
import {
  directions,
  FEATURE_GET,
  FEATURE_PROBE,
  FEATURE_SET,
  featureShapes,
  protocols,
  recordHeaderLength,
  recordKinds,
  recordSync,
  sessionHeaderLength,
  sessionMagic,
  sessionVersion,
  stateUnknown,
  type Protocol,
} from './format.ts';
import { stateNames, type StateName } from './states.ts';

/** A session log as its records; what is left out is derived, what is given is written as given. */
export interface SessionDraft {
  readonly magic?: Uint8Array;
  readonly version?: number;
  readonly records: readonly SessionRecord[];
  /** Bytes that are left off at the end. */
  readonly cut?: number;
}

export type SessionRecord = RecordBody & {
  /** The number of the device; 0 when it is left out. */
  readonly device?: number;
  readonly time?: bigint;
  readonly result?: number;
  readonly sync?: Uint8Array;
  readonly kind?: number;
  readonly direction?: number;
  readonly length?: number;
  readonly argument?: bigint;
};

type RecordBody =
  | {
      readonly record: 'device';
      readonly protocol: Protocol | number;
      readonly name?: string;
      /** The state when the recording began, by its name in v2 or its number in the protocol. */
      readonly state?: StateName | number;
      readonly flags?: bigint;
      readonly regionSize?: bigint;
    }
  | ({ readonly record: 'message' } & MessageDraft)
  | ({ readonly record: 'feature' } & FeatureDraft)
  | { readonly record: 'read'; readonly data?: Uint8Array; readonly asked?: number }
  | { readonly record: 'write'; readonly data: Uint8Array }
  | {
      readonly record: 'precopy-info';
      readonly argsz?: number;
      readonly flags?: number;
      readonly initial?: bigint;
      readonly dirty?: bigint;
    }
  | { readonly record: 'reset' }
  | {
      readonly record: 'region-read' | 'region-write';
      readonly at: number;
      readonly data: Uint8Array;
    }
  | { readonly record: 'bytes'; readonly bytes: Uint8Array };

/** A vfio-user message; by itself it can be written too, for a capture without records. */
export interface MessageDraft {
  readonly from: 'client' | 'server';
  readonly id: number;
  readonly command: number | string;
  readonly reply?: true;
  readonly flags?: number;
  readonly error?: number;
  readonly size?: number;
  readonly body?: Uint8Array;
}

export interface FeatureDraft {
  readonly feature: number;
  readonly operation: 'get' | 'set' | 'probe';
  readonly argsz?: number;
  readonly flags?: number;
  readonly data?: Uint8Array;
}

export const writeSession = ({ magic, version, records, cut = 0 }: SessionDraft): Uint8Array => {
  const header = new Uint8Array(sessionHeaderLength);
  header.set(magic ?? sessionMagic);
  new DataView(header.buffer).setUint16(8, version ?? sessionVersion, true);
  const all = joined([header, ...records.map(recordBytes)]);
  return all.subarray(0, all.length - cut);
};

/** Messages back to back, as one direction of a socket carries them. */
export const writeMessages = (messages: readonly MessageDraft[]): Uint8Array =>
  joined(messages.map(messageBytes));

const recordBytes = (record: SessionRecord): Uint8Array => {
  if (record.record === 'bytes') return record.bytes;
  const payload = payloadOf(record);
  const head = new Uint8Array(recordHeaderLength);
  const view = new DataView(head.buffer);
  head.set(record.sync ?? recordSync);
  view.setUint8(4, record.kind ?? recordKinds[record.record]);
  view.setUint8(
    5,
    record.direction ?? directions[record.record === 'message' ? record.from : 'call'],
  );
  view.setUint16(6, record.device ?? 0, true);
  view.setUint32(8, record.length ?? payload.length, true);
  view.setInt32(12, record.result ?? resultOf(record, payload), true);
  view.setBigUint64(16, record.argument ?? argumentOf(record, payload), true);
  view.setBigUint64(24, record.time ?? 0n, true);
  return joined([head, payload]);
};

const resultOf = ({ record }: SessionRecord, payload: Uint8Array): number =>
  record === 'read' || record === 'write' || record.startsWith('region') ? payload.length : 0;

const argumentOf = (record: SessionRecord, payload: Uint8Array): bigint => {
  if (record.record === 'read') return BigInt(record.asked ?? Math.max(payload.length, 4096));
  return record.record === 'region-read' || record.record === 'region-write'
    ? BigInt(record.at)
    : 0n;
};

const payloadOf = (record: Exclude<SessionRecord, { record: 'bytes' }>): Uint8Array => {
  switch (record.record) {
    case 'device':
      return deviceBytes(record);
    case 'message':
      return messageBytes(record);
    case 'feature':
      return featureBytes(record);
    case 'read':
      return record.data ?? new Uint8Array(0);
    case 'write':
    case 'region-read':
    case 'region-write':
      return record.data;
    case 'precopy-info': {
      const { argsz = 24, flags = 0, initial = 0n, dirty = 0n } = record;
      return joined([le32(argsz), le32(flags), le64(initial), le64(dirty)]);
    }
    case 'reset':
      return new Uint8Array(0);
  }
};

const deviceBytes = (record: Extract<RecordBody, { record: 'device' }>): Uint8Array => {
  const { protocol, state, name = '', flags = 0n, regionSize = 0n } = record;
  const number = typeof protocol === 'number' ? protocol : protocols[protocol];
  const first =
    state === undefined ? stateUnknown : typeof state === 'number' ? state : stateNumber(state);
  return joined([
    le32(number),
    le32(first),
    le64(flags),
    le64(regionSize),
    Uint8Array.from(name, (character) => character.charCodeAt(0)),
  ]);
};

const messageBytes = (message: MessageDraft): Uint8Array => {
  const { id, command, reply, error = 0, body = new Uint8Array(0) } = message;
  const kind = reply === true ? MESSAGE_REPLY : 0;
  const flags = message.flags ?? kind | (error === 0 ? 0 : MESSAGE_ERROR);
  const head = new Uint8Array(messageHeaderLength);
  const view = new DataView(head.buffer);
  view.setUint16(0, id, true);
  view.setUint16(2, commandNumber(command), true);
  view.setUint32(4, message.size ?? messageHeaderLength + body.length, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, error, true);
  return joined([head, body]);
};

const operations = { get: FEATURE_GET, set: FEATURE_SET, probe: FEATURE_PROBE | FEATURE_GET };

/** `struct vfio_device_feature` and what stands behind it: zeros of the feature's size without `data`. */
export const featureBytes = (draft: FeatureDraft): Uint8Array => {
  const { feature, operation, argsz, flags, data } = draft;
  const rest = data ?? new Uint8Array(featureShapes.get(feature)?.size ?? 0);
  return joined([
    le32(argsz ?? 8 + rest.length),
    le32(flags ?? feature | operations[operation]),
    rest,
  ]);
};

/** `struct vfio_device_feature_mig_state`. */
export const stateBytes = (state: StateName | number, dataFd = -1): Uint8Array =>
  joined([le32(typeof state === 'number' ? state : stateNumber(state)), le32(dataFd)]);

const stateNumber = (state: StateName): number => stateNames.indexOf(state);

export const le32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};

export const le64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
};

export const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};
