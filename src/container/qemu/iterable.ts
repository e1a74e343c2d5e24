import { recover } from './scan.ts';
import type { FaultDetail, Landing, Walk } from './walk.ts';
import type { Section } from '../events.ts';

/** Unwinds a grammar whose numbers make no sense to where it is recovered. */
class Nonsense extends Error {
  readonly detail: FaultDetail;

  constructor(wanted: string, got: string) {
    super(got);
    this.detail = { wanted, got };
  }
}

/**
 * Bodies of the other iterable devices, of which only the lengths matter here. Gives where the walk
 * stands when it had to search.
 */
export function* iterableBody(
  walk: Walk,
  section: Section,
): Generator<void, Landing | undefined, void> {
  try {
    if (section.grammar === 'dirty-bitmap') yield* dirtyBitmap(walk);
    else if (section.grammar === 'htab') yield* htab(walk, section);
    else if (section.grammar === 's390-attributes') yield* s390Attributes(walk);
    else yield* block(walk);
    return undefined;
  } catch (error) {
    if (!(error instanceof Nonsense)) throw error;
    return yield* recover(walk, 'iterable-invalid', error.detail);
  }
}

function* u8(walk: Walk): Generator<void, number, void> {
  yield* walk.must(1);
  const value = walk.feed.bytes[walk.feed.at] ?? 0;
  walk.feed.take(1);
  return value;
}

function* u16(walk: Walk): Generator<void, number, void> {
  yield* walk.must(2);
  const value = walk.feed.view.getUint16(walk.feed.at);
  walk.feed.take(2);
  return value;
}

function* u32(walk: Walk): Generator<void, number, void> {
  yield* walk.must(4);
  const value = walk.feed.view.getUint32(walk.feed.at);
  walk.feed.take(4);
  return value;
}

function* u64(walk: Walk): Generator<void, bigint, void> {
  yield* walk.must(8);
  const value = walk.feed.view.getBigUint64(walk.feed.at);
  walk.feed.take(8);
  return value;
}

/** A length of 64 bits, as a number of bytes that a stream can have. */
function* length64(walk: Walk): Generator<void, number, void> {
  const value = yield* u64(walk);
  if (value > 1n << 40n) throw new Nonsense('a length up to 2^40', `${value}`);
  return Number(value);
}

function* counted(walk: Walk): Generator<void, void, void> {
  const length = yield* u8(walk);
  yield* walk.pass(length);
}

/** `qemu migration/block-dirty-bitmap.c`: chunks until one has EOS. */
function* dirtyBitmap(walk: Walk): Generator<void, void, void> {
  const [EOS, ZEROES, BITMAP_NAME, DEVICE_NAME, START, BITS] = [1, 2, 4, 8, 0x10, 0x40] as const;
  for (;;) {
    let flags = yield* u8(walk);
    if ((flags & 0x80) !== 0) {
      flags = (flags << 8) | (yield* u8(walk));
      if ((flags & 0x8000) !== 0) flags = ((flags << 16) | (yield* u16(walk))) >>> 0;
    }
    if ((flags & ~0x80ff) !== 0)
      throw new Nonsense('dirty-bitmap flags', `0x${flags.toString(16)}`);
    if ((flags & DEVICE_NAME) !== 0) yield* counted(walk);
    if ((flags & BITMAP_NAME) !== 0) yield* counted(walk);
    if ((flags & START) !== 0) yield* walk.pass(5);
    if ((flags & BITS) !== 0) {
      yield* walk.pass(12);
      if ((flags & ZEROES) === 0) yield* walk.pass(yield* length64(walk));
    }
    if ((flags & EOS) !== 0) return;
  }
}

/** `qemu hw/ppc/spapr.c: htab_load`. */
function* htab(walk: Walk, section: Section): Generator<void, void, void> {
  const head = yield* u32(walk);
  if (section.type === 'start' || head === 0xffffffff) return;
  if (head !== 0) throw new Nonsense('0 or -1 at the start of a hash table body', `${head}`);
  for (;;) {
    const index = yield* u32(walk);
    const valid = yield* u16(walk);
    const invalid = yield* u16(walk);
    if (index === 0 && valid === 0 && invalid === 0) return;
    yield* walk.pass(valid * 16);
  }
}

/** `qemu hw/s390x/s390-stattrib.c: cmma_load`. After DONE the source may leave EOS out. */
function* s390Attributes(walk: Walk): Generator<void, void, void> {
  const { feed } = walk;
  for (;;) {
    const word = yield* u64(walk);
    const flags = Number(word & 0xfffn);
    if (flags === 1) return;
    if (flags === 2) {
      const count = yield* length64(walk);
      yield* walk.pass(count);
    } else if (flags === 8) {
      const got = yield* walk.ahead(8);
      if (got === 8 && feed.view.getBigUint64(feed.at) === 1n) feed.take(8);
      return;
    } else if (flags !== 4) throw new Nonsense('a storage attribute flag', `${flags}`);
  }
}

/** `qemu migration/block.c`, until 9.0. */
function* block(walk: Walk): Generator<void, void, void> {
  const [DEVICE_BLOCK, EOS, PROGRESS, ZERO_BLOCK] = [1, 2, 4, 8] as const;
  for (;;) {
    const word = yield* u64(walk);
    const flags = Number(word & 0x1ffn);
    if ((flags & EOS) !== 0) return;
    if ((flags & DEVICE_BLOCK) !== 0) {
      yield* counted(walk);
      if ((flags & ZERO_BLOCK) === 0) yield* walk.memory(1 << 20);
    } else if ((flags & PROGRESS) === 0) throw new Nonsense('a block flag', `${flags}`);
  }
}
