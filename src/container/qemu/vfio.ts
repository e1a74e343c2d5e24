import { configBody } from './vfio-config.ts';
import { lookahead, nextIsPlausible, plausibleItem, recover } from './scan.ts';
import type { Landing, Walk } from './walk.ts';
import {
  footerLength,
  QEMU_VM_SECTION_FOOTER,
  VFIO_MIG_FLAG,
  vfioLargestRead,
  vfioTagKind,
  vfioTagNames,
} from './wire.ts';
import type { Section } from '../events.ts';

const {
  END_OF_STATE,
  DEV_CONFIG_STATE,
  DEV_SETUP_STATE,
  DEV_DATA_STATE,
  DEV_INIT_DATA_SENT,
  DEV_CONFIG_LOAD_READY,
} = VFIO_MIG_FLAG;

/** How much data of a record longer than any that QEMU 8.0 writes is held to check its length. */
const heldData = 32 << 20;

/**
 * The body of a VFIO section: tags up to one that ends it. START, PART, END and FULL share this one
 * loop, as they share one loader in `qemu hw/vfio/migration.c: vfio_load_state`; which tags belong
 * into which section is for the rules. Gives where the walk stands when it had to search.
 */
export function* vfioBody(
  walk: Walk,
  section: Section,
): Generator<void, Landing | undefined, void> {
  const { feed } = walk;
  for (;;) {
    yield* walk.must(8);
    const offset = walk.position;
    const tag = feed.view.getBigUint64(feed.at);
    const kind = vfioTagKind(feed.view, feed.at);
    const name = vfioTagNames[kind] ?? 'UNKNOWN';
    const record = { kind: 'vfio-record', section, offset, tag, name } as const;
    switch (kind) {
      case END_OF_STATE:
      case DEV_INIT_DATA_SENT:
      case DEV_CONFIG_LOAD_READY:
        walk.emit({ ...record, length: 8 });
        feed.take(8);
        return undefined;
      case DEV_SETUP_STATE: {
        walk.emit({ ...record, length: 8 });
        feed.take(8);
        const landing = yield* endOfState(walk);
        if (landing !== 'more') return landing;
        break;
      }
      case DEV_CONFIG_STATE: {
        walk.emit({ ...record, length: 8 });
        feed.take(8);
        const lost = yield* configBody(walk, section);
        if (lost !== undefined) return lost;
        const landing = yield* endOfState(walk);
        if (landing !== 'more') return landing;
        break;
      }
      case DEV_DATA_STATE: {
        yield* walk.must(16);
        const dataLength = feed.view.getBigUint64(feed.at + 8);
        const length = dataLength < 2n ** 53n - 16n ? 16 + Number(dataLength) : 16;
        walk.emit({ ...record, length, dataLength, dataOffset: offset + 16 });
        feed.take(16);
        yield* data(walk, section, dataLength, offset);
        break;
      }
      default: {
        if (yield* ownFooterHere(walk)) {
          walk.fault('missing-end-of-state', offset, { resumed: offset });
          return undefined;
        }
        const detail = { length: 8, wanted: 'a VFIO tag', got: `0x${tag.toString(16)}` };
        return yield* recover(walk, 'unknown-vfio-tag', detail);
      }
    }
  }
}

/** True when the footer of this section stands here, with an item behind it. */
function* ownFooterHere(walk: Walk): Generator<void, boolean, void> {
  const got = yield* walk.ahead(footerLength);
  const { bytes, view, at } = walk.feed;
  if (got < footerLength || bytes[at] !== QEMU_VM_SECTION_FOOTER) return false;
  if (view.getUint32(at + 1) !== walk.open?.id) return false;
  return yield* nextIsPlausible(walk, footerLength);
}

/**
 * END_OF_STATE, which must follow SETUP and CONFIG and ends the body. Gives `more` when another tag
 * stands there, so that the body goes on, and otherwise where a search ended, if there was one.
 */
function* endOfState(walk: Walk): Generator<void, Landing | 'more' | undefined, void> {
  const { feed } = walk;
  const section = walk.open;
  yield* walk.must(8);
  const offset = walk.position;
  const kind = vfioTagKind(feed.view, feed.at);
  const tag = feed.view.getBigUint64(feed.at);
  if (kind === END_OF_STATE) {
    if (section !== undefined) {
      walk.emit({ kind: 'vfio-record', section, offset, length: 8, tag, name: 'END_OF_STATE' });
    }
    feed.take(8);
    return undefined;
  }
  const detail = { length: 8, wanted: 'END_OF_STATE', got: `0x${tag.toString(16)}` };
  const footer = yield* ownFooterHere(walk);
  if (!footer && kind === 0) return yield* recover(walk, 'missing-end-of-state', detail);
  walk.fault('missing-end-of-state', offset, { ...detail, resumed: offset });
  return footer ? undefined : 'more';
}

/** Index of END_OF_STATE before this section's footer within the next `count` bytes. */
const closeWithin = (walk: Walk, count: number, last: boolean): number | undefined => {
  const { bytes, view, at } = walk.feed;
  const end = at + count;
  let index = at + 7;
  for (;;) {
    index = bytes.indexOf(QEMU_VM_SECTION_FOOTER, index + 1);
    if (index < 0 || index + (last ? footerLength : lookahead) > end) return undefined;
    if (view.getUint32(index + 1) !== walk.open?.id) continue;
    if (vfioTagKind(view, index - 8) !== END_OF_STATE) continue;
    if (plausibleItem(walk, index + footerLength, end, last)) return index - 8;
  }
};

/**
 * The bytes of one DATA record, handed on as they come. QEMU 8.0 and later never writes more than
 * 1 MiB into one; a longer record is v1, or a wrong length. For those up to 32 MiB are held first:
 * when no tag stands behind the data and the section is seen to close earlier, the data ends there.
 */
function* data(
  walk: Walk,
  section: Section,
  length: bigint,
  offset: number,
): Generator<void, void, void> {
  const { feed } = walk;
  const claimed = Number(length);
  if (length > vfioLargestRead) {
    const wanted = Math.min(claimed + 8, heldData);
    const got = yield* walk.ahead(wanted);
    const verified = got === claimed + 8 && vfioTagKind(feed.view, feed.at + claimed) !== 0;
    const close = verified ? undefined : closeWithin(walk, got, got < wanted);
    if (close !== undefined) {
      const inferred = close - feed.at;
      walk.recovered = true;
      walk.fault('data-length-past-end', offset, {
        length: 16,
        wanted: inferred,
        got: length,
        resumed: offset + 16 + inferred,
      });
      yield* walk.forward(section.device, inferred);
      return;
    }
    if (got < wanted && got < claimed) {
      walk.fault('data-length-past-end', offset, {
        length: 16,
        wanted: got,
        got: length,
        resumed: walk.position + got,
      });
    }
  }
  yield* walk.forward(section.device, claimed);
}
