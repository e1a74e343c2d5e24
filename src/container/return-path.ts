import { Feed } from '../bytes/feed.ts';
import type { EventSink, Walker } from './events.ts';

/** Payload lengths by message type (`qemu migration/savevm.h: enum mig_rp_message_type`). */
const messages: Readonly<
  Record<number, { readonly name: string; readonly lengths: (length: number) => boolean }>
> = {
  1: { name: 'SHUT', lengths: (length) => length === 4 },
  2: { name: 'PONG', lengths: (length) => length === 4 },
  3: { name: 'REQ_PAGES_ID', lengths: (length) => length > 12 && length <= 13 + 255 },
  4: { name: 'REQ_PAGES', lengths: (length) => length === 12 },
  5: { name: 'RECV_BITMAP', lengths: (length) => length > 1 && length <= 256 },
  6: { name: 'RESUME_ACK', lengths: (length) => length === 4 },
  7: { name: 'SWITCHOVER_ACK', lengths: (length) => length === 0 },
};

const headerLength = 4;

/** Whether the bytes are whole messages of a return path, as far as they are given. */
export const isReturnPath = (head: Uint8Array, most: number): boolean => {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  let at = 0;
  while (at + headerLength <= head.length) {
    const length = view.getUint16(at + 2);
    if (messages[view.getUint16(at)]?.lengths(length) !== true) return false;
    at += headerLength + length;
  }
  return at > 0 && (at === head.length || head.length >= most);
};

/**
 * What the destination of a migration sent back to its source: messages of a type and a length.
 * Nothing of it is loaded into a device, so it is named and not judged.
 */
export const returnPathWalker = (sink: EventSink): Walker => {
  const feed = new Feed();
  const steps = walk(feed, sink);
  return {
    push(bytes) {
      feed.push(bytes);
      steps.next();
      feed.settle();
    },
    end() {
      feed.finish();
      steps.next();
    },
  };
};

function* walk(feed: Feed, sink: EventSink): Generator<void, void, void> {
  while (yield* feed.need(headerLength)) {
    const offset = feed.position;
    const type = feed.view.getUint16(feed.at);
    const length = feed.view.getUint16(feed.at + 2);
    feed.take(headerLength);
    const got = yield* feed.skip(length);
    const text = `return path message ${messages[type]?.name ?? `type ${type}`}, ${length} bytes`;
    sink({ kind: 'note', code: 'return-path', text, offset, length: headerLength + got });
  }
  if (feed.available > 0) {
    const text = `${feed.available} bytes of a return path message that is cut`;
    sink({
      kind: 'note',
      code: 'return-path',
      text,
      offset: feed.position,
      length: feed.available,
    });
  }
}
