import type { Feed } from '../../bytes/feed.ts';
import type { EventSink } from '../events.ts';
import type { SessionAccess } from './events.ts';
import {
  FEATURE_GET,
  FEATURE_SET,
  featureHeadLength,
  featureMask,
  precopyInfoLength,
  type RecordKind,
} from './format.ts';
import { loggingOf } from './logging.ts';
import { registerAt } from './registers.ts';
import { stateOf, v1StateOf } from './states.ts';
import type { Place, Tracker } from './tracker.ts';

/** How much of what was offered, and of what is left of it, a write shows. */
const shown = 16;
/** The longest structure of a feature that is read. */
const featureRoom = 40;

/** The header of a record that stands for one call, and its place in the file. */
export interface Call {
  readonly kind: RecordKind;
  readonly place: Place;
  readonly result: number;
  /** `read`: bytes asked for. `region-…`: offset in the region. */
  readonly argument: bigint;
  /** Bytes of the record behind its header. */
  readonly room: number;
}

/** One call of user space into a driver; its payload is not consumed beyond what is read of it. */
export function* takeCall(
  feed: Feed,
  tracker: Tracker,
  sink: EventSink,
  call: Call,
): Generator<void, void, void> {
  switch (call.kind) {
    case 'feature':
      yield* feature(feed, tracker, sink, call);
      break;
    case 'read':
    case 'write':
      yield* transfer(feed, tracker, sink, call);
      break;
    case 'precopy-info':
      yield* precopy(feed, tracker, sink, call);
      break;
    case 'reset':
      tracker.reset(call.result, call.place);
      break;
    case 'region-read':
    case 'region-write':
      yield* access(feed, tracker, sink, call);
      break;
    case 'device':
    case 'message':
      break;
  }
}

function* feature(
  feed: Feed,
  tracker: Tracker,
  sink: EventSink,
  { room, place, result }: Call,
): Generator<void, void, void> {
  const wanted = Math.min(room, featureRoom);
  yield* feed.need(wanted);
  const bytes = feed.peek(wanted);
  const view = viewOf(bytes);
  if (view.byteLength < featureHeadLength) {
    const detail = { wanted: featureHeadLength, got: view.byteLength };
    sink({ kind: 'fault', code: 'session-record-invalid', ...place, ...detail });
    return;
  }
  const argsz = view.getUint32(0, true);
  const flags = view.getUint32(4, true);
  const number = flags & featureMask;
  const isRead = result >= 0 && (flags & FEATURE_GET) !== 0;
  const migration =
    isRead && number === 1 && view.byteLength >= 16 ? view.getBigUint64(8, true) : undefined;
  if (migration !== undefined) tracker.flags = migration;
  const logging = loggingOf(number, bytes.subarray(featureHeadLength), 'v2');
  sink({
    kind: 'session-feature',
    ...place,
    session: tracker.session,
    protocol: 'v2',
    argsz,
    flags,
    got: room - featureHeadLength,
    result,
    ...(migration === undefined ? {} : { migration }),
    ...(logging === undefined ? {} : { logging }),
  });
  if (number !== 2 || view.byteLength < 12) return;
  const value = view.getUint32(8, true);
  if ((flags & FEATURE_SET) !== 0) {
    const dataFd = view.byteLength < 16 ? undefined : view.getInt32(12, true);
    tracker.request(value, result, place, dataFd);
  } else if (isRead) {
    tracker.report(value, stateOf(value), place);
  }
}

/** A read or write of `data_fd`: of what was offered, the bytes that were taken are the state. */
function* transfer(
  feed: Feed,
  tracker: Tracker,
  sink: EventSink,
  { kind, room, place, result, argument }: Call,
): Generator<void, void, void> {
  const isRead = kind === 'read';
  const moved = Math.max(result, 0);
  if (isRead ? moved !== room : moved > room) {
    const detail = { wanted: moved, got: room };
    sink({ kind: 'fault', code: 'session-record-invalid', ...place, ...detail });
  }
  const { session, state } = tracker;
  if (isRead && result === 0 && argument > 0n) tracker.drained();
  const start = feed.position;
  const taken = Math.min(moved, room);
  const head = isRead ? new Uint8Array(0) : yield* peekAt(feed, Math.min(room, shown));
  yield* give(feed, taken, (piece, offset) =>
    tracker.bytes(isRead ? 'save' : 'restore', piece, offset),
  );
  const left = isRead ? 0 : room - (feed.position - start);
  const rest = result >= 0 && left > 0 ? yield* peekAt(feed, Math.min(left, shown)) : nothing;
  sink({
    kind: 'session-data',
    ...place,
    session,
    protocol: 'v2',
    operation: isRead ? 'read' : 'write',
    state,
    asked: isRead ? Number(argument) : room,
    result,
    head,
    rest,
  });
}

const nothing = new Uint8Array(0);

function* peekAt(feed: Feed, count: number): Generator<void, Uint8Array, void> {
  yield* feed.need(count);
  return feed.peek(count);
}

/** Hands on the next `count` bytes in the pieces in which they come. */
function* give(
  feed: Feed,
  count: number,
  take: (piece: Uint8Array, offset: number) => void,
): Generator<void, void, void> {
  let left = count;
  while (left > 0 && (yield* feed.need(1))) {
    const step = Math.min(left, feed.available);
    take(feed.bytes.subarray(feed.at, feed.at + step), feed.position);
    feed.take(step);
    left -= step;
  }
}

function* precopy(
  feed: Feed,
  tracker: Tracker,
  sink: EventSink,
  { room, place, result }: Call,
): Generator<void, void, void> {
  const wanted = Math.min(room, precopyInfoLength);
  yield* feed.need(wanted);
  const bytes = new Uint8Array(precopyInfoLength);
  bytes.set(feed.peek(wanted));
  const view = viewOf(bytes);
  sink({
    kind: 'session-precopy',
    ...place,
    session: tracker.session,
    state: tracker.state,
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    initial: view.getBigUint64(8, true),
    dirty: view.getBigUint64(16, true),
    result,
  });
}

/** An access to a v1 migration region: a register, or bytes of the data behind them. */
function* access(
  feed: Feed,
  tracker: Tracker,
  sink: EventSink,
  { kind, room, place, result, argument: at }: Call,
): Generator<void, void, void> {
  const operation = kind === 'region-read' ? 'read' : 'write';
  const register = registerAt(at);
  const { session, regionSize, state } = tracker;
  const common = { session, ...place, state } as const;
  if (register === 'data') {
    sink({
      kind: 'session-access',
      ...common,
      operation,
      register,
      at,
      size: room,
      result,
      regionSize,
    });
    const moved = result < 0 ? 0 : Math.min(result, room);
    const direction = operation === 'read' ? 'save' : 'restore';
    yield* give(feed, moved, (piece, offset) => tracker.bytes(direction, piece, offset));
    sink({
      kind: 'session-data',
      ...common,
      protocol: 'v1',
      operation,
      asked: room,
      result,
      head: nothing,
      rest: nothing,
    });
    return;
  }
  const bytes = yield* peekAt(feed, Math.min(room, 8));
  const value = valueOf(viewOf(bytes), register.width, room);
  const event: SessionAccess = {
    kind: 'session-access',
    ...common,
    operation,
    register: register.name,
    at,
    size: room,
    result,
    regionSize,
    ...(value === undefined ? {} : { value }),
  };
  sink(event);
  if (value === undefined) return;
  if (register.name === 'device_state') {
    const named = v1StateOf(value);
    if (operation === 'write') {
      tracker.request(v1Number(value), result, place);
    } else if (result >= 0) {
      tracker.report(Number(value), named, place);
    }
  } else if (register.name === 'pending_bytes' && operation === 'read' && value === 0n) {
    tracker.drained();
  }
}

/** The number that v2 gives the state of some v1 bits; the bits themselves where they mean none. */
const v1Number = (value: bigint): number => {
  const named = v1StateOf(value);
  const index = [0, 1, 2, 3, 4, 5, 6, 7].find((number) => stateOf(number) === named);
  return named === undefined || index === undefined ? 0x100 | Number(value & 0xffn) : index;
};

const valueOf = (view: DataView, width: number, size: number): bigint | undefined => {
  if (size !== width || view.byteLength < width) return undefined;
  return width === 4 ? BigInt(view.getUint32(0, true)) : view.getBigUint64(0, true);
};

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
