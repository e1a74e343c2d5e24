import { Feed } from '../../bytes/feed.ts';
import type { EventSink, Walker } from '../events.ts';
import {
  commandOf,
  longestMessage,
  MESSAGE_ERROR,
  MESSAGE_NO_REPLY,
  MESSAGE_REPLY,
  messageHeaderLength,
  messageTypeMask,
  VERSION,
} from './commands.ts';
import { Connection } from './connection.ts';
import { longestVersionText } from './version.ts';
import { Tracker } from './tracker.ts';

/** What no server takes, but a message may still announce before the capture counts as out of step. */
const longestWalked = 64 << 20;
const mostFaults = 256;

const flagsKnown = messageTypeMask | MESSAGE_NO_REPLY | MESSAGE_ERROR;

interface Header {
  readonly command: number;
  readonly size: number;
  readonly flags: number;
  readonly error: number;
}

const headerAt = (view: DataView, at: number): Header => ({
  command: view.getUint16(at + 2, true),
  size: view.getUint32(at + 4, true),
  flags: view.getUint32(at + 8, true),
  error: view.getUint32(at + 12, true),
});

const isReply = ({ flags }: Header): boolean => (flags & messageTypeMask) === MESSAGE_REPLY;

/** Whether something can be the header of a message; strict, because a search lands by it. */
const plausible = (header: Header): boolean => {
  const { command, size, flags, error } = header;
  if (commandOf(command) === undefined || (flags & ~flagsKnown) !== 0) return false;
  if ((flags & messageTypeMask) > MESSAGE_REPLY || size < messageHeaderLength) return false;
  const failed = (flags & MESSAGE_ERROR) !== 0;
  return size <= longestMessage && error < 4096 && (failed ? isReply(header) : error === 0);
};

/**
 * Whether the bytes begin a capture of one direction of a vfio-user socket: a VERSION message, whole
 * in itself, and a plausible header where the next one begins.
 */
export const isMessages = (head: Uint8Array): boolean => {
  if (head.length < messageHeaderLength + 4) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const first = headerAt(view, 0);
  if (first.command !== VERSION || !plausible(first)) return false;
  if ((first.flags & MESSAGE_ERROR) !== 0) return false;
  if (first.size < messageHeaderLength + 4 || first.size > longestVersionText) return false;
  if (view.getUint16(messageHeaderLength, true) > 1) return false;
  const text = messageHeaderLength + 4;
  if (first.size > text && head[text] !== 0x7b) return false;
  const next = first.size;
  if (next + messageHeaderLength > head.length) return first.size > text && next >= head.length;
  return plausible(headerAt(view, next));
};

/**
 * Walks one direction of a vfio-user socket: messages back to back, in sync by their sizes. Replies
 * or requests are missing, so those that are there are taken at their word.
 */
export const messagesWalker = (sink: EventSink): Walker => {
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

function* walk(feed: Feed, sink: EventSink): Generator<void, void, void> {
  sink({ kind: 'session-header', offset: 0, length: 0, form: 'messages', version: 0 });
  const given = {
    session: 'connection',
    protocol: 'vfio-user',
    flags: 0n,
    regionSize: 0n,
  } as const;
  sink({ kind: 'session-device', offset: 0, length: 0, state: undefined, ...given });
  const tracker = new Tracker({ ...given, state: undefined }, sink, { next: 0 });
  let connection: Connection | undefined;
  let side: 'client' | 'server' = 'client';
  let faults = 0;
  while (yield* feed.need(1)) {
    const { position: offset } = feed;
    const cut = { kind: 'fault', code: 'session-truncated', offset } as const;
    if (!(yield* feed.need(messageHeaderLength))) {
      sink({ ...cut, length: feed.available, wanted: messageHeaderLength, got: feed.available });
      break;
    }
    const header = headerAt(feed.view, feed.at);
    if (header.size < messageHeaderLength || header.size > longestWalked) {
      faults += 1;
      const stepped = { offset, length: 8, wanted: 'a message header', got: `size ${header.size}` };
      if (faults >= mostFaults) {
        const wanted = `${mostFaults} places where messages are lost`;
        sink({ kind: 'fault', code: 'session-budget', offset, length: 0, wanted });
        break;
      }
      const found = yield* search(feed);
      const resumed = found ? { resumed: feed.position } : {};
      sink({ kind: 'fault', code: 'session-message-lost', ...stepped, ...resumed });
      if (!found) break;
      continue;
    }
    if (connection === undefined) {
      const sender = commandOf(header.command)?.from ?? 'client';
      side = isReply(header) ? (sender === 'client' ? 'server' : 'client') : sender;
      connection = new Connection(tracker, sink, side);
    }
    yield* connection.take(feed, side, header.size);
    if (feed.position < offset + header.size) {
      const got = feed.position - offset;
      sink({ ...cut, length: messageHeaderLength, wanted: header.size, got });
      break;
    }
  }
  yield* feed.skip(Infinity);
  if (connection === undefined) tracker.end(0, feed.position);
  else connection.end(feed.position);
}

/** Goes to the next header that another plausible one, or the end of the capture, confirms. */
function* search(feed: Feed): Generator<void, boolean, void> {
  feed.take(1);
  while (yield* feed.need(messageHeaderLength)) {
    // Steps through what is at hand at once; a suspension for each byte is what costs.
    while (feed.available >= messageHeaderLength && !plausible(headerAt(feed.view, feed.at))) {
      feed.take(1);
    }
    if (feed.available < messageHeaderLength) continue;
    const { size } = headerAt(feed.view, feed.at);
    const there = yield* feed.need(size + messageHeaderLength);
    const confirmed = there
      ? plausible(headerAt(feed.view, feed.at + size))
      : feed.available === size;
    if (confirmed) return true;
    feed.take(1);
  }
  return false;
}
