import type { Feed } from '../../bytes/feed.ts';
import type { EventSink } from '../events.ts';
import {
  commandOf,
  defaultTransfer,
  DEVICE_FEATURE,
  DEVICE_RESET,
  DMA_READ,
  DMA_WRITE,
  MESSAGE_ERROR,
  MESSAGE_NO_REPLY,
  MESSAGE_REPLY,
  messageHeaderLength,
  messageTypeMask,
  MIG_DATA_READ,
  MIG_DATA_WRITE,
  REGION_READ,
  REGION_WRITE,
  VERSION,
} from './commands.ts';
import type { DataBody, FeatureBody, SessionMessage } from './events.ts';
import {
  dataHeadLength,
  FEATURE_GET,
  FEATURE_SET,
  featureHeadLength,
  featureMask,
} from './format.ts';
import { loggingOf, longestLogging, type DmaLogging } from './logging.ts';
import { stateOf } from './states.ts';
import type { Place, Tracker } from './tracker.ts';
import { longestVersionText, versionBody } from './version.ts';

type Side = 'client' | 'server';

/** Requests that may wait for their replies at once, of each side. */
const mostPending = 4096;
/** Bytes of written state that are held until the reply says whether they were taken. */
const mostHeld = 16 << 20;
/** Enough of a body to read every structure in it. */
const bodyHead = 32;

interface Request {
  readonly command: number;
  readonly place: Place;
  readonly feature?: FeatureBody;
  readonly logging?: DmaLogging;
  readonly value?: number;
  readonly size?: number;
  readonly held?: { readonly bytes: Uint8Array; readonly offset: number }[];
}

const nothing = new Uint8Array(0);

/**
 * One vfio-user connection: matches replies to requests, and tells the device's tracker what the two
 * sides agreed on. A capture of one direction is taken at its word: a request is what was done.
 */
export class Connection {
  readonly #tracker: Tracker;
  readonly #sink: EventSink;
  /** The side of whose messages the recording consists, when it has only those. */
  readonly #only: Side | undefined;
  readonly #pending = new Map<string, Request[]>();
  #waiting = 0;
  #held = 0;
  #seen = 0;
  #limits = { client: defaultTransfer, server: defaultTransfer };
  #full = false;

  constructor(tracker: Tracker, sink: EventSink, only?: Side) {
    this.#tracker = tracker;
    this.#sink = sink;
    this.#only = only;
    if (only !== undefined)
      tracker.recorded = { reads: only === 'server', writes: only === 'client' };
  }

  /** Takes one message; its header is at hand, and `got` bytes of it are in the recording. */
  *take(feed: Feed, from: Side, got: number): Generator<void, void, void> {
    const { view, at, position: offset } = feed;
    const header = {
      id: view.getUint16(at, true),
      command: view.getUint16(at + 2, true),
      size: view.getUint32(at + 4, true),
      flags: view.getUint32(at + 8, true),
      error: view.getUint32(at + 12, true),
    };
    feed.take(messageHeaderLength);
    const place = { offset, length: got };
    const room = got - messageHeaderLength;
    const most = longestRead(header.command);
    const wanted = Math.min(room, most);
    yield* feed.need(wanted);
    const body = feed.peek(wanted);
    const isReply = (header.flags & messageTypeMask) === MESSAGE_REPLY;
    const base = {
      kind: 'session-message',
      ...place,
      session: this.#tracker.session,
      protocol: 'vfio-user',
      from,
      ...header,
      got,
      state: this.#tracker.state,
      limit: Math.min(this.#limits.client, this.#limits.server),
    } as const;
    const late = this.#seen > (isReply ? 1 : 0);
    this.#seen += 1;
    const parts = {
      ...(header.command === VERSION && (header.flags & MESSAGE_ERROR) === 0
        ? { version: versionBody(body, room <= most, late) }
        : {}),
    };
    if (parts.version !== undefined) this.#negotiated(from, parts.version.transfer);
    const message = { ...base, ...parts };
    if (isReply) yield* this.#reply(feed, message, body);
    else yield* this.#request(feed, message, body);
    yield* feed.skip(offset + got - feed.position);
  }

  /** The recording ends: what was written and never answered is given as it is. */
  end(offset: number): void {
    const waiting = this.#waiting;
    for (const list of this.#pending.values()) {
      for (const request of list) this.#written(request, undefined);
    }
    this.#pending.clear();
    this.#tracker.end(waiting, offset);
  }

  #negotiated(from: Side, transfer: number | undefined): void {
    this.#tracker.state ??= 'RUNNING';
    const usable = transfer !== undefined && transfer > 0 && transfer < 2 ** 31;
    if (usable) this.#limits[from] = transfer;
  }

  *#request(feed: Feed, message: SessionMessage, body: Uint8Array): Generator<void, void, void> {
    const { command, id, from, flags, offset, length } = message;
    const feature = command === DEVICE_FEATURE ? featureOf(body, message) : undefined;
    const data =
      command === MIG_DATA_READ || command === MIG_DATA_WRITE ? dataOf(body, message) : undefined;
    const count = countOf(command, body);
    const key = `${from}${id}`;
    const pending = this.#pending.get(key)?.length ?? 0;
    this.#sink({
      ...message,
      pending,
      ...(feature === undefined ? {} : { feature }),
      ...(data === undefined ? {} : { data }),
      ...(count === undefined ? {} : { count }),
    });
    const answered = this.#only === undefined && (flags & MESSAGE_NO_REPLY) === 0;
    const request: Request = {
      command,
      place: { offset, length },
      ...(feature === undefined ? {} : askedOf(feature, body)),
      ...(data === undefined ? {} : { size: data.size }),
      ...(command === MIG_DATA_WRITE && answered ? { held: [] } : {}),
    };
    if (command === MIG_DATA_WRITE && data !== undefined) {
      yield* this.#payload(feed, data, request);
    }
    if (!answered) {
      this.#settle(request, undefined, nothing, undefined);
      return;
    }
    if (this.#waiting >= mostPending) {
      this.#overfull(offset, `${mostPending} requests that wait for a reply`);
      return;
    }
    this.#waiting += 1;
    const list = this.#pending.get(key);
    if (list === undefined) this.#pending.set(key, [request]);
    else list.push(request);
  }

  *#reply(feed: Feed, message: SessionMessage, body: Uint8Array): Generator<void, void, void> {
    const { command, id, from, flags, error, offset, length } = message;
    const key = `${from === 'client' ? 'server' : 'client'}${id}`;
    const list = this.#pending.get(key);
    // An id may be used again before it is answered; then the oldest of this command is meant.
    const index = list?.findIndex((one) => one.command === command) ?? -1;
    const found = list?.splice(Math.max(index, 0), 1)[0];
    if (list?.length === 0) this.#pending.delete(key);
    if (found !== undefined) this.#waiting -= 1;
    const failed = (flags & MESSAGE_ERROR) !== 0;
    const result = failed ? -(error === 0 ? 22 : error) : 0;
    const isRead = command === MIG_DATA_READ && !failed && body.length >= dataHeadLength;
    const data = isRead ? dataOf(body, message, found?.size) : undefined;
    const request =
      found !== undefined
        ? found.command === command
          ? 'found'
          : 'command-differs'
        : this.#only === undefined
          ? 'none'
          : 'not-recorded';
    this.#sink({ ...message, request, ...(data === undefined ? {} : { data }) });
    if (request === 'none' || request === 'command-differs') return;
    const feature = command === DEVICE_FEATURE && !failed ? featureOf(body, message) : undefined;
    const asked: Request = found ?? {
      command,
      place: { offset, length },
      ...(feature === undefined ? {} : { value: 0, ...askedOf(feature, body) }),
    };
    this.#settle(asked, result, body, data);
    if (data !== undefined) yield* this.#payload(feed, data, undefined);
  }

  /** What a request did, with its result; undefined when nobody recorded one. */
  #settle(
    request: Request,
    result: number | undefined,
    reply: Uint8Array,
    data: DataBody | undefined,
  ): void {
    const { command, place, feature } = request;
    const tracker = this.#tracker;
    switch (command) {
      case DEVICE_RESET:
        tracker.reset(result, place);
        break;
      case DEVICE_FEATURE:
        if (feature !== undefined) this.#featured(request, feature, result, reply);
        break;
      case MIG_DATA_READ:
        this.#moved(
          'read',
          result === undefined || result < 0 ? result : (data?.size ?? 0),
          request.size ?? Math.max(data?.size ?? 0, 1),
          place,
        );
        break;
      case MIG_DATA_WRITE:
        this.#written(request, result);
        break;
      default:
        break;
    }
  }

  #featured(
    { place, value, logging }: Request,
    feature: FeatureBody,
    result: number | undefined,
    reply: Uint8Array,
  ): void {
    const tracker = this.#tracker;
    const number = feature.flags & featureMask;
    const done = result === 0 && (feature.flags & FEATURE_GET) !== 0;
    const migration = done && number === 1 && reply.length >= 16 ? u64(reply, 8) : undefined;
    if (migration !== undefined) tracker.flags = migration;
    this.#sink({
      kind: 'session-feature',
      ...place,
      session: tracker.session,
      protocol: 'vfio-user',
      ...feature,
      result,
      ...(migration === undefined ? {} : { migration }),
      ...(logging === undefined ? {} : { logging }),
    });
    if (number !== 2) return;
    if ((feature.flags & FEATURE_SET) !== 0 && value !== undefined) {
      tracker.request(value, result, place);
    } else if (done && reply.length >= 12) {
      const said = u32(reply, 8);
      tracker.report(said, stateOf(said), place);
    }
  }

  #written(request: Request, result: number | undefined): void {
    if (request.command !== MIG_DATA_WRITE) return;
    const { size = 0, place, held = [] } = request;
    this.#moved('write', result === 0 ? size : result, size, place);
    for (const { bytes, offset } of held) {
      this.#held -= bytes.length;
      if (result === undefined || result >= 0) this.#tracker.bytes('restore', bytes, offset);
    }
  }

  #moved(
    operation: 'read' | 'write',
    result: number | undefined,
    asked: number,
    place: Place,
  ): void {
    const { session, state } = this.#tracker;
    if (operation === 'read' && result === 0 && asked > 0) this.#tracker.drained();
    this.#sink({
      kind: 'session-data',
      ...place,
      session,
      protocol: 'vfio-user',
      operation,
      state,
      asked,
      result,
      head: nothing,
      rest: nothing,
    });
  }

  /** The data of a MIG_DATA message: kept for its reply when it is a request, else given at once. */
  *#payload(
    feed: Feed,
    { size, got }: DataBody,
    request: Request | undefined,
  ): Generator<void, void, void> {
    if (got < 0) return;
    feed.take(dataHeadLength);
    let left = Math.min(size, got);
    while (left > 0 && (yield* feed.need(1))) {
      const step = Math.min(left, feed.available);
      const { position: offset } = feed;
      const piece = feed.bytes.subarray(feed.at, feed.at + step);
      if (request?.held === undefined) {
        this.#tracker.bytes(request === undefined ? 'save' : 'restore', piece, offset);
      } else if (this.#held + step <= mostHeld) {
        request.held.push({ bytes: piece.slice(), offset });
        this.#held += step;
      } else {
        this.#overfull(offset, `${mostHeld} written bytes that wait for a reply`);
      }
      feed.take(step);
      left -= step;
    }
  }

  #overfull(offset: number, wanted: string): void {
    if (this.#full) return;
    this.#full = true;
    this.#sink({ kind: 'fault', code: 'session-budget', offset, length: 0, wanted });
  }
}

/** How much of the body of a message is looked at. */
const longestRead = (command: number): number => {
  if (command === VERSION) return longestVersionText + 4;
  return command === DEVICE_FEATURE ? longestLogging : bodyHead;
};

const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)) >>>
  0;

const u64 = (bytes: Uint8Array, at: number): bigint =>
  BigInt(u32(bytes, at)) | (BigInt(u32(bytes, at + 4)) << 32n);

const featureOf = (body: Uint8Array, { got }: SessionMessage): FeatureBody | undefined =>
  body.length < 8
    ? undefined
    : { argsz: u32(body, 0), flags: u32(body, 4), got: got - messageHeaderLength - 8 };

/** What a feature asks for. */
const askedOf = (
  feature: FeatureBody,
  body: Uint8Array,
): Pick<Request, 'feature' | 'value' | 'logging'> => {
  const logging = loggingOf(
    feature.flags & featureMask,
    body.subarray(featureHeadLength),
    'vfio-user',
  );
  return {
    feature,
    ...(body.length < 12 ? {} : { value: u32(body, 8) }),
    ...(logging === undefined ? {} : { logging }),
  };
};

const dataOf = (body: Uint8Array, { got }: SessionMessage, asked?: number): DataBody | undefined =>
  body.length < dataHeadLength
    ? undefined
    : {
        argsz: u32(body, 0),
        size: u32(body, 4),
        got: got - messageHeaderLength - dataHeadLength,
        ...(asked === undefined ? {} : { asked }),
      };

/** How many bytes a transfer of a region or of memory is about. */
const countOf = (command: number, body: Uint8Array): bigint | undefined => {
  if (body.length < 16 || commandOf(command) === undefined) return undefined;
  if (command === REGION_READ || command === REGION_WRITE) return BigInt(u32(body, 12));
  return command === DMA_READ || command === DMA_WRITE ? u64(body, 8) : undefined;
};
