import {
  joined,
  le32,
  le64,
  stateBytes,
  type FeatureDraft,
  featureBytes,
  type SessionDraft,
  type SessionRecord,
} from '../container/session/write.ts';
import type { StateName } from '../container/session/states.ts';
import { mttyState } from './examples.ts';

export interface SessionExample {
  readonly container: 'session';
  readonly draft: SessionDraft;
}

type Records = readonly SessionRecord[];

const exampleOf = (records: Records): SessionExample => ({
  container: 'session',
  draft: { records },
});

/** A session as its named steps; a change replaces some, by none, one or several records. */
const sessionOf =
  <Step extends string>(steps: Readonly<Record<Step, Records>>) =>
  (change: Partial<Record<Step, Records>> = {}): SessionExample =>
    exampleOf(Object.values<Records>({ ...steps, ...change }).flat());

const header = mttyState.subarray(0, 24);
const port = mttyState.subarray(24);
const EINVAL = -22;

/** SET MIG_DEVICE_STATE as a call, with what it returned. */
export const set = (
  state: StateName | number,
  { fd = -1, result = 0 }: { readonly fd?: number; readonly result?: number } = {},
): SessionRecord => ({
  record: 'feature',
  feature: 2,
  operation: 'set',
  data: stateBytes(state, fd),
  result,
});

export const refused = { result: EINVAL };

/** GET MIG_DEVICE_STATE as a call. */
export const get = (state: StateName | number): SessionRecord => ({
  record: 'feature',
  feature: 2,
  operation: 'get',
  data: stateBytes(state),
});

const device: SessionRecord = { record: 'device', protocol: 'v2', name: 'mtty0', state: 'RUNNING' };
const migration: SessionRecord = {
  record: 'feature',
  feature: 1,
  operation: 'get',
  data: le64(7n),
};

/** An mtty device is restored by calls of the v2 protocol. */
export const v2Restore = sessionOf({
  device: [device],
  migration: [migration],
  enter: [set('RESUMING', { fd: 20 })],
  header: [{ record: 'write', data: header }],
  port: [{ record: 'write', data: port }],
  leave: [set('STOP')],
  run: [set('RUNNING')],
  behind: [],
});

/** An mtty device is saved by calls of the v2 protocol, with a PRE_COPY phase. */
export const v2Save = sessionOf({
  device: [device],
  migration: [migration],
  enter: [set('PRE_COPY', { fd: 20 })],
  info: [{ record: 'precopy-info', initial: 24n }],
  header: [{ record: 'read', data: header }],
  stall: [{ record: 'read', result: -42 }],
  stop: [set('STOP_COPY')],
  port: [{ record: 'read', data: port }],
  end: [{ record: 'read' }],
  leave: [set('STOP')],
  behind: [],
});

export { header as stateHeader, port as statePort };

const text = (json: string): Uint8Array =>
  Uint8Array.from(`${json}\0`, (character) => character.charCodeAt(0));

/** The body of a VERSION message. */
export const version = (json: string, major = 0, minor = 1): Uint8Array =>
  joined([le32(major | (minor << 16)), text(json)]);

export const capabilities =
  '{"capabilities":{"max_msg_fds":8,"max_data_xfer_size":1048576,"migration":{"pgsize":4096}}}';

type MessageRecord = Extract<SessionRecord, { record: 'message' }>;
type More = Partial<Omit<MessageRecord, 'record'>>;

export const ask = (
  id: number,
  command: string | number,
  body: Uint8Array = new Uint8Array(0),
  more: More = {},
): SessionRecord => ({ record: 'message', from: 'client', id, command, body, ...more });

export const answer = (
  id: number,
  command: string | number,
  body: Uint8Array = new Uint8Array(0),
  more: More = {},
): SessionRecord => ({
  record: 'message',
  from: 'server',
  id,
  command,
  reply: true,
  body,
  ...more,
});

/** A request and its reply, which carries the same body back. */
const echoed = (id: number, command: string, body: Uint8Array): Records => [
  ask(id, command, body),
  answer(id, command, body),
];

export const userFeature = (id: number, feature: FeatureDraft): Records =>
  echoed(id, 'DEVICE_FEATURE', featureBytes(feature));

export const userSet = (id: number, state: StateName | number): Records =>
  userFeature(id, { feature: 2, operation: 'set', data: stateBytes(state) });

export const dataHead = (size: number, argsz = 8 + size): Uint8Array =>
  joined([le32(argsz), le32(size)]);

export const userWrite = (id: number, data: Uint8Array): Records => [
  ask(id, 'MIG_DATA_WRITE', joined([dataHead(data.length), data])),
  answer(id, 'MIG_DATA_WRITE'),
];

/** A read of up to `asked` bytes; the reply is as long as the request allows, as libvfio-user sends it. */
export const userRead = (id: number, asked: number, data: Uint8Array): Records => [
  ask(id, 'MIG_DATA_READ', dataHead(asked)),
  answer(
    id,
    'MIG_DATA_READ',
    joined([dataHead(data.length), data, new Uint8Array(asked - data.length)]),
  ),
];

interface LoggingDraft {
  readonly page?: bigint;
  readonly count?: number;
  readonly result?: number;
}

/** DMA_LOGGING_START as a call, which has its ranges behind a pointer. */
export const logging = ({ page = 4096n, count = 1, result = 0 }: LoggingDraft): SessionRecord => ({
  record: 'feature',
  feature: 6,
  operation: 'set',
  data: joined([le64(page), le32(count), le32(0), le64(0x7f00_0000_1000n)]),
  result,
});

/** DMA_LOGGING_REPORT as a call. */
export const loggingReport = ({
  iova = 0n,
  size = 0x1000n,
  page = 4096n,
  result = 0,
}: LoggingDraft & { readonly iova?: bigint; readonly size?: bigint }): SessionRecord => ({
  record: 'feature',
  feature: 8,
  operation: 'get',
  data: joined([le64(iova), le64(size), le64(page), le64(0x7f00_0000_1000n)]),
  result,
});

/** DMA_LOGGING_START in vfio-user, which has address and length of each range behind its head. */
export const dmaLogging = (...ranges: readonly (readonly [bigint, bigint])[]): FeatureDraft => ({
  feature: 6,
  operation: 'set',
  data: joined([
    le64(4096n),
    le32(ranges.length),
    le32(0),
    ...ranges.flatMap((range) => range.map(le64)),
  ]),
});

const userDevice: SessionRecord = {
  record: 'device',
  protocol: 'vfio-user',
  name: 'mtty0',
  state: 'RUNNING',
};
const negotiated: Records = [
  ask(1, 'VERSION', version(capabilities)),
  answer(1, 'VERSION', version(capabilities)),
];
const userMigration: Records = [
  ask(2, 'DEVICE_FEATURE', joined([le32(16), le32(1 | (1 << 16))])),
  answer(2, 'DEVICE_FEATURE', featureBytes({ feature: 1, operation: 'get', data: le64(5n) })),
];

/** An mtty device is restored over a vfio-user connection. */
export const userRestore = sessionOf({
  device: [userDevice],
  version: negotiated,
  migration: userMigration,
  enter: userSet(3, 'RESUMING'),
  header: userWrite(4, header),
  port: userWrite(5, port),
  leave: userSet(6, 'STOP'),
  run: userSet(7, 'RUNNING'),
  behind: [],
});

/** An mtty device is saved over a vfio-user connection. */
export const userSave = sessionOf({
  device: [userDevice],
  version: negotiated,
  migration: userMigration,
  enter: userSet(3, 'PRE_COPY'),
  header: userRead(4, 64, header),
  stop: userSet(5, 'STOP_COPY'),
  port: userRead(6, 64, port),
  end: userRead(7, 64, new Uint8Array(0)),
  leave: userSet(8, 'STOP'),
  behind: [],
});

/** The registers of a v1 migration region. */
export const registerRead = (at: number, value: bigint): SessionRecord => ({
  record: 'region-read',
  at,
  data: at < 8 ? le32(Number(value)) : le64(value),
});
export const registerWrite = (at: number, value: bigint, result?: number): SessionRecord => ({
  record: 'region-write',
  at,
  data: at < 8 ? le32(Number(value)) : le64(value),
  ...(result === undefined ? {} : { result }),
});

export const STATE = 0;
export const PENDING = 8;
export const OFFSET = 16;
export const SIZE = 24;
const window = 0x1000;

const v1Device: SessionRecord = {
  record: 'device',
  protocol: 'v1',
  name: 'mtty0',
  state: 1,
  regionSize: 0x2000n,
};

/** One chunk as the source reads it, with what is pending before it. */
export const v1Chunk = (data: Uint8Array, pending: number): Records => [
  registerRead(PENDING, BigInt(pending)),
  registerRead(OFFSET, BigInt(window)),
  registerRead(SIZE, BigInt(data.length)),
  { record: 'region-read', at: window, data },
];

/** One chunk as the destination writes it. */
export const v1Put = (data: Uint8Array): Records => [
  registerRead(OFFSET, BigInt(window)),
  { record: 'region-write', at: window, data },
  registerWrite(SIZE, BigInt(data.length)),
];

/** An mtty device is saved through a v1 migration region. */
export const v1Save = sessionOf({
  device: [v1Device],
  enter: [registerWrite(STATE, 3n)],
  header: v1Chunk(header, 60),
  stop: [registerWrite(STATE, 2n)],
  port: v1Chunk(port, 36),
  end: [registerRead(PENDING, 0n)],
  leave: [registerWrite(STATE, 0n)],
  behind: [],
});

/** An mtty device is restored through a v1 migration region. */
export const v1Restore = sessionOf({
  device: [v1Device],
  enter: [registerWrite(STATE, 4n)],
  header: v1Put(header),
  port: v1Put(port),
  leave: [registerWrite(STATE, 0n)],
  run: [registerWrite(STATE, 1n)],
  behind: [],
});
