import { Feed } from '../../bytes/feed.ts';
import type { EventSink, Fault, Walker } from '../events.ts';
import { latin1 } from '../qemu/wire.ts';
import { takeCall } from './calls.ts';
import { messageHeaderLength } from './commands.ts';
import { Connection } from './connection.ts';
import {
  deviceRecordLength,
  directions,
  longestRecord,
  protocolOf,
  recordHeaderLength,
  recordKindOf,
  recordSync,
  sessionHeaderLength,
  sessionMagic,
  sessionVersion,
  stateUnknown,
  type Protocol,
  type RecordKind,
} from './format.ts';
import { stateOf, v1StateOf, type StateName } from './states.ts';
import { Tracker, type Numbering } from './tracker.ts';

/** Devices of one log; a host has fewer, and each is remembered to the end. */
const mostDevices = 256;
const mostFaults = 256;
const longestName = 64;

interface Header {
  readonly kind: RecordKind;
  readonly direction: number;
  readonly device: number;
  readonly length: number;
  readonly result: number;
  readonly argument: bigint;
}

interface Log {
  readonly feed: Feed;
  readonly sink: EventSink;
  readonly numbering: Numbering;
  readonly devices: Map<number, { readonly tracker: Tracker; readonly connection: Connection }>;
  faults: number;
  full: boolean;
}

/** Walks a session log: records in order, found again by their sync word where one is damaged. */
export const sessionWalker = (sink: EventSink): Walker => {
  const feed = new Feed();
  const steps = walk(feed, sink);
  let done = false;
  const step = (): void => {
    if (!done) done = steps.next().done === true;
  };
  return {
    push(bytes) {
      feed.push(bytes);
      step();
      feed.settle();
    },
    end() {
      feed.finish();
      step();
    },
  };
};

const fault = (
  { sink }: Log,
  code: Fault['code'],
  offset: number,
  detail: Partial<Pick<Fault, 'length' | 'wanted' | 'got' | 'resumed'>> = {},
): void => sink({ kind: 'fault', code, offset, length: 0, ...detail });

function* walk(feed: Feed, sink: EventSink): Generator<void, void, void> {
  const log: Log = {
    feed,
    sink,
    numbering: { next: 0 },
    devices: new Map(),
    faults: 0,
    full: false,
  };
  if (!(yield* feed.need(sessionHeaderLength))) {
    fault(log, 'session-truncated', feed.position, { wanted: sessionHeaderLength });
    return;
  }
  header(log);
  while (yield* feed.need(1)) {
    if (!(yield* record(log))) break;
  }
  yield* feed.skip(Infinity);
  for (const { connection } of log.devices.values()) connection.end(feed.position);
}

const header = (log: Log): void => {
  const { feed, sink } = log;
  const { view, at, position: offset, bytes } = feed;
  const version = view.getUint16(at + 8, true);
  const head = { offset, length: sessionHeaderLength };
  sink({ kind: 'session-header', ...head, form: 'log', version });
  const magic = sessionMagic.every((byte, index) => bytes[at + index] === byte);
  const rest = bytes.subarray(at + 10, at + sessionHeaderLength).every((byte) => byte === 0);
  if (version !== sessionVersion) {
    fault(log, 'session-version', offset + 8, { length: 2, wanted: sessionVersion, got: version });
  } else if (!magic || !rest) {
    const detail = { wanted: 'the magic and zeros of a header', got: 'other bytes' };
    fault(log, 'session-record-invalid', offset, { length: sessionHeaderLength, ...detail });
  }
  feed.take(sessionHeaderLength);
};

/** One record; false when nothing more of the log can be read. */
function* record(log: Log): Generator<void, boolean, void> {
  const { feed } = log;
  const start = feed.position;
  if (!(yield* feed.need(recordHeaderLength))) {
    fault(log, 'session-truncated', start, {
      length: feed.available,
      wanted: recordHeaderLength,
      got: feed.available,
    });
    return false;
  }
  const found = recordHeader(feed, feed.at);
  if (typeof found === 'string') return yield* resync(log, start, found);
  feed.take(recordHeaderLength);
  yield* body(log, found, start);
  const end = start + recordHeaderLength + found.length;
  const left = end - feed.position;
  if ((yield* feed.skip(left)) === left) return true;
  fault(log, 'session-truncated', start, {
    length: recordHeaderLength,
    wanted: found.length,
    got: feed.position - start - recordHeaderLength,
  });
  return false;
}

/** The header of a record, or what is wrong with it. */
const recordHeader = ({ bytes, view }: Feed, at: number): Header | string => {
  if (!recordSync.every((byte, index) => bytes[at + index] === byte)) return 'no sync word';
  const number = view.getUint8(at + 4);
  const kind = recordKindOf(number);
  if (kind === undefined) return `kind ${number}`;
  const direction = view.getUint8(at + 5);
  const fits =
    kind === 'message'
      ? direction === directions.client || direction === directions.server
      : direction === directions.call;
  if (!fits) return `direction ${direction}`;
  const length = view.getUint32(at + 8, true);
  if (length > longestRecord) return `length ${length}`;
  return {
    kind,
    direction,
    device: view.getUint16(at + 6, true),
    length,
    result: view.getInt32(at + 12, true),
    argument: view.getBigUint64(at + 16, true),
  };
};

/** Searches the next record header; false at the end of the log or of the budget. */
function* resync(log: Log, offset: number, got: string): Generator<void, boolean, void> {
  const { feed } = log;
  log.faults += 1;
  if (log.faults >= mostFaults) {
    fault(log, 'session-budget', offset, { wanted: `${mostFaults} places where records are lost` });
    return false;
  }
  const wanted = 'the header of a record';
  feed.take(1);
  while (yield* feed.need(recordHeaderLength)) {
    const { bytes, end } = feed;
    let index = bytes.indexOf(recordSync[0] ?? 0, feed.at);
    while (index >= 0 && index + recordHeaderLength <= end) {
      if (typeof recordHeader(feed, index) !== 'string') {
        feed.at = index;
        const resumed = feed.position;
        fault(log, 'session-record-invalid', offset, { length: 4, wanted, got, resumed });
        return true;
      }
      index = bytes.indexOf(recordSync[0] ?? 0, index + 1);
    }
    feed.at = index < 0 ? end : index;
  }
  fault(log, 'session-record-invalid', offset, { length: 4, wanted, got });
  return false;
}

function* body(log: Log, record: Header, start: number): Generator<void, void, void> {
  const { feed, sink } = log;
  const { kind, device, length: room, result, argument, direction } = record;
  if (kind === 'device') {
    yield* declaration(log, record, start);
    return;
  }
  const known = log.devices.get(device) ?? undeclared(log, kind, device, start);
  if (known === undefined) return;
  const { tracker, connection } = known;
  if (kind !== 'message') {
    const place = { offset: start, length: recordHeaderLength + room };
    yield* takeCall(feed, tracker, sink, { kind, place, result, argument, room });
  } else if (room >= messageHeaderLength && (yield* feed.need(messageHeaderLength))) {
    const from = direction === directions.client ? 'client' : 'server';
    yield* connection.take(feed, from, room);
  } else if (room < messageHeaderLength) {
    const detail = { length: recordHeaderLength, wanted: messageHeaderLength, got: room };
    fault(log, 'session-record-invalid', start, detail);
  }
}

/** What a device speaks that no record declared, by the first record of its number. */
const spoken = (kind: RecordKind): Protocol =>
  kind === 'message' ? 'vfio-user' : kind.startsWith('region') ? 'v1' : 'v2';

const undeclared = (
  log: Log,
  kind: RecordKind,
  number: number,
  offset: number,
): { readonly tracker: Tracker; readonly connection: Connection } | undefined =>
  declare(log, number, offset, {
    session: `device ${number}`,
    protocol: spoken(kind),
    state: undefined,
    flags: 0n,
    regionSize: 0n,
  });

const declare = (
  log: Log,
  number: number,
  offset: number,
  given: ConstructorParameters<typeof Tracker>[0],
): { readonly tracker: Tracker; readonly connection: Connection } | undefined => {
  const { sink, devices, numbering } = log;
  if (devices.size >= mostDevices && !devices.has(number)) {
    if (!log.full) fault(log, 'session-budget', offset, { wanted: `${mostDevices} devices` });
    log.full = true;
    return undefined;
  }
  // A number that is declared again begins anew: the device was opened another time.
  devices.get(number)?.connection.end(offset);
  // Names keep devices apart in findings, so a name that another number has gets its own behind it.
  const taken = [...devices].some(
    ([other, { tracker }]) => other !== number && tracker.session === given.session,
  );
  const named = taken ? { ...given, session: `${given.session} (${number})` } : given;
  sink({ kind: 'session-device', offset, length: recordHeaderLength, ...named });
  const tracker = new Tracker(named, sink, numbering);
  const made = { tracker, connection: new Connection(tracker, sink) };
  devices.set(number, made);
  return made;
};

function* declaration(
  log: Log,
  { device, length }: Header,
  start: number,
): Generator<void, void, void> {
  const { feed } = log;
  const wanted = Math.min(length, deviceRecordLength + longestName);
  yield* feed.need(wanted);
  const { view, at, bytes } = feed;
  const got = Math.min(wanted, feed.available);
  const protocol = got < deviceRecordLength ? undefined : protocolOf(view.getUint32(at, true));
  if (protocol === undefined) {
    const detail = { wanted: 'a device and its protocol', got: `${got} bytes` };
    fault(log, 'session-record-invalid', start, { length: recordHeaderLength, ...detail });
    return;
  }
  const name = latin1(bytes, at + deviceRecordLength, got - deviceRecordLength);
  declare(log, device, start, {
    session: name === '' ? `device ${device}` : name,
    protocol,
    state: firstState(protocol, view.getUint32(at + 4, true)),
    flags: view.getBigUint64(at + 8, true),
    regionSize: view.getBigUint64(at + 16, true),
  });
}

const firstState = (protocol: Protocol, value: number): StateName | undefined => {
  if (value === stateUnknown) return undefined;
  return protocol === 'v1' ? v1StateOf(BigInt(value)) : stateOf(value);
};
