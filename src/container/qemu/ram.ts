import { mappedRegion } from './mapped-ram.ts';
import { settleByOffset, settleByPage } from './page-size.ts';
import { recover } from './scan.ts';
import { Cut, type Landing, type RamCursor, type Walk } from './walk.ts';
import { latin1, RAM_SAVE_FLAG } from './wire.ts';

const { ZERO, MEM_SIZE, PAGE, EOS, CONTINUE, XBZRLE, COMPRESS_PAGE, MULTIFD_FLUSH } = RAM_SAVE_FLAG;

/** `zlib.h: compressBound`, what a compressed page may take: `qemu migration/ram-compress.c`. */
const compressBound = (size: number): number =>
  size + (size >>> 12) + (size >>> 14) + (size >>> 25) + 13;

/** The longest page that is passed over piece by piece; whoever can seek passes over longer ones at once. */
const longestPiecewise = 1 << 16;

/** PAGE and ZERO records of the block named last, of which a multi-GiB stream is nearly all. */
class PageRun {
  readonly #walk: Walk;
  readonly #cursor: RamCursor;
  /** Bytes of the last page that are still to come. */
  #rest = 0;
  /** Records that were passed over and are not counted yet. */
  #pages = 0;
  #zeros = 0;

  constructor(walk: Walk, cursor: RamCursor) {
    this.#walk = walk;
    this.#cursor = cursor;
  }

  /** The records that were passed over since this was asked last. */
  counted(): { readonly pages: number; readonly zeros: number } {
    const counted = { pages: this.#pages, zeros: this.#zeros };
    this.#pages = 0;
    this.#zeros = 0;
    return counted;
  }

  /**
   * Passes over all that is at hand; true when it ends within a page, so that the next bytes are for
   * this again. A plain function, because a generator is slow until it is hot, and a block goes
   * through six of them.
   */
  pass(): boolean {
    const { feed, end, guest, pageSize: page, pageSizeSettled: settled, limit } = this.#walk;
    const { view, bytes } = feed;
    const { name, usedLength } = this.#cursor;
    const used = name === undefined ? 0 : usedLength;
    const mask = page - 1;
    const piecewise = limit === Infinity && page <= longestPiecewise;
    const base = feed.position - feed.at;
    let at = feed.at + Math.min(this.#rest, end - feed.at);
    this.#rest -= at - feed.at;
    while (end - at >= 8 && this.#rest === 0) {
      const low = view.getUint32(at + 4);
      const flags = low & mask;
      if (view.getUint32(at) * 0x1_0000_0000 + (low - flags) >= used) break;
      if (flags === (PAGE | CONTINUE)) {
        if (!settled || (end - at < 8 + page && !piecewise)) break;
        guest?.(base + at + 8, page);
        this.#rest = Math.max(8 + page - (end - at), 0);
        at += 8 + page - this.#rest;
        this.#pages += 1;
      } else if (flags === (ZERO | CONTINUE)) {
        if (end - at < 9 || bytes[at + 8] !== 0) break;
        at += 9;
        this.#zeros += 1;
      } else break;
    }
    this.#walk.declare(at - feed.at);
    feed.at = at;
    return this.#rest > 0;
  }
}

/** The records of one RAM body, up to and with EOS. Gives where the walk stands when it had to search. */
export function* ramBody(walk: Walk): Generator<void, Landing | undefined, void> {
  const { feed } = walk;
  const counts: Record<string, number> = {};
  walk.countRam(counts);
  const cursor = walk.cursor(walk.open?.id ?? 0);
  // Where VFIO is, the page size is the usual one if the configuration does not say otherwise.
  if (walk.hasDevices) walk.pageSizeSettled = true;
  const count = (kind: string, by = 1): void => {
    if (by > 0) counts[kind] = (counts[kind] ?? 0) + by;
  };
  const run = new PageRun(walk, cursor);
  for (;;) {
    let within = run.pass();
    while (within && !feed.ended) {
      walk.run = run;
      yield;
      walk.run = undefined;
      within = run.pass();
    }
    const { pages, zeros } = run.counted();
    walk.seen.pages += pages;
    walk.seen.zeros += zeros;
    count('PAGE', pages);
    count('ZERO', zeros);
    if (within) throw new Cut('input');

    yield* walk.must(8);
    const offset = walk.position;
    const high = feed.view.getUint32(feed.at);
    const low = feed.view.getUint32(feed.at + 4);
    settleByOffset(walk, low);
    const flags = low & (walk.pageSize - 1);
    const start = high * 0x1_0000_0000 + (low - flags);
    const kind = flags & ~CONTINUE;
    if (kind === EOS && flags === EOS) {
      feed.take(8);
      count('EOS');
      return undefined;
    }
    if (kind === MULTIFD_FLUSH && flags === MULTIFD_FLUSH) {
      feed.take(8);
      count('MULTIFD_FLUSH');
      walk.seen.flushes += 1;
      continue;
    }
    if (kind === MEM_SIZE && flags === MEM_SIZE) {
      feed.take(8);
      count('MEM_SIZE');
      const total = (BigInt(high) << 32n) | BigInt(low - flags);
      const landing = yield* blockList(walk, total, offset);
      if (landing !== undefined) return landing;
      continue;
    }
    if (kind !== PAGE && kind !== ZERO && kind !== XBZRLE && kind !== COMPRESS_PAGE) {
      const got = `flags 0x${flags.toString(16)}`;
      return yield* recover(walk, 'ram-record-invalid', {
        length: 8,
        wanted: 'one kind of record',
        got,
      });
    }
    feed.take(8);
    const wrong = yield* target(walk, cursor, (flags & CONTINUE) !== 0, start);
    if (wrong !== undefined) {
      if (wrong.fatal) return yield* recover(walk, 'ram-record-invalid', wrong, offset);
      walk.fault('ram-record-invalid', offset, { ...wrong, length: 8, resumed: walk.position });
    }
    if (kind !== ZERO) walk.seen.pages += 1;
    if (kind === PAGE) {
      count('PAGE');
      yield* settleByPage(walk, cursor);
      walk.guest?.(walk.position, walk.pageSize);
      yield* walk.memory(walk.pageSize);
    } else if (kind === ZERO) {
      count('ZERO');
      walk.seen.zeros += 1;
      yield* walk.must(1);
      const fill = feed.bytes[feed.at] ?? 0;
      feed.take(1);
      if (fill !== 0) {
        const detail = { length: 9, wanted: 'a zero page filled with 0', got: `fill byte ${fill}` };
        walk.fault('ram-record-invalid', offset, { ...detail, resumed: walk.position });
      }
    } else {
      const encoded = yield* encodedPage(walk, kind, walk.pageSize);
      if (encoded !== undefined) return yield* recover(walk, 'ram-record-invalid', encoded, offset);
      count(kind === XBZRLE ? 'XBZRLE' : 'COMPRESS_PAGE');
    }
  }
}

interface Wrong {
  readonly wanted: string;
  readonly got: string;
  /** The record's own length is in doubt, so what follows it is too. */
  readonly fatal: boolean;
}

/** Reads the block name, if there is one, and checks that the offset lies in the block. */
function* target(
  walk: Walk,
  cursor: RamCursor,
  same: boolean,
  start: number,
): Generator<void, Wrong | undefined, void> {
  const { feed } = walk;
  if (!same) {
    yield* walk.must(1);
    const length = feed.bytes[feed.at] ?? 0;
    yield* walk.must(1 + length);
    const name = latin1(feed.bytes, feed.at + 1, length);
    feed.take(1 + length);
    const used = walk.blocks.get(name);
    cursor.name = name;
    cursor.usedLength = used ?? Infinity;
    if (used === undefined && walk.blocks.size > 0) {
      return { wanted: 'a block of the MEM_SIZE list', got: JSON.stringify(name), fatal: true };
    }
    if (used === undefined && !walk.unlisted && !walk.recovered) {
      walk.unlisted = true;
      const got = `a page of ${JSON.stringify(name)} before it`;
      return { wanted: 'the MEM_SIZE list', got, fatal: false };
    }
  } else if (cursor.name === undefined) {
    return { wanted: 'a block name', got: 'CONTINUE before any block was named', fatal: true };
  }
  if (start >= cursor.usedLength) {
    const got = `offset 0x${start.toString(16)}`;
    return { wanted: `an offset below 0x${cursor.usedLength.toString(16)}`, got, fatal: false };
  }
  return undefined;
}

/** The length-prefixed data of an XBZRLE or COMPRESS_PAGE record. */
function* encodedPage(
  walk: Walk,
  kind: number,
  page: number,
): Generator<void, Wrong | undefined, void> {
  const { feed } = walk;
  if (kind === XBZRLE) {
    yield* walk.must(3);
    const encoding = feed.bytes[feed.at];
    const length = feed.view.getUint16(feed.at + 1);
    // `qemu migration/ram.c: load_xbzrle`: the one encoding there is, and never longer than a page.
    if (encoding !== 1 || length > page) {
      const got = `encoding ${encoding}, ${length} bytes`;
      return { wanted: `encoding 1 and at most ${page} bytes`, got, fatal: true };
    }
    feed.take(3);
    walk.guest?.(walk.position, length);
    yield* walk.memory(length);
    return undefined;
  }
  yield* walk.must(4);
  const length = feed.view.getUint32(feed.at);
  if (length > compressBound(page)) {
    return { wanted: `at most ${compressBound(page)} bytes`, got: `${length} bytes`, fatal: true };
  }
  feed.take(4);
  walk.guest?.(walk.position, length);
  yield* walk.memory(length);
  return undefined;
}

/**
 * The list behind MEM_SIZE: blocks until their lengths reach the total, in exact arithmetic.
 * `qemu migration/ram.c: parse_ramblocks` subtracts without a check, so a list that overshoots
 * runs on into what follows it.
 */
function* blockList(
  walk: Walk,
  total: bigint,
  from: number,
): Generator<void, Landing | undefined, void> {
  const { feed } = walk;
  walk.seen.blockBytes += total;
  let sum = 0n;
  while (sum < total) {
    yield* walk.must(1);
    const offset = walk.position;
    const length = feed.bytes[feed.at] ?? 0;
    if (length === 0) {
      const detail = { wanted: total, got: sum };
      return yield* recover(walk, 'ram-block-list', detail, from);
    }
    yield* walk.must(1 + length + 8);
    const name = latin1(feed.bytes, feed.at + 1, length);
    const usedLength = feed.view.getBigUint64(feed.at + 1 + length);
    if (sum + usedLength > total) {
      return yield* recover(walk, 'ram-block-list', { wanted: total, got: sum + usedLength }, from);
    }
    feed.take(1 + length + 8);
    sum += usedLength;
    walk.addBlock(name, usedLength);
    const shared = walk.capabilities.has('x-ignore-shared');
    const pageSize = yield* backingPageSize(walk, sum === total, shared);
    let address: bigint | undefined;
    if (shared) {
      yield* walk.must(8);
      address = feed.view.getBigUint64(feed.at);
      feed.take(8);
      walk.seen.shared = true;
    }
    const mapped = yield* mappedRegion(walk, usedLength);
    walk.emit({
      kind: 'ram-block',
      offset,
      length: (mapped?.headerEnd ?? walk.position) - offset,
      name,
      usedLength,
      ...(pageSize === undefined ? {} : { pageSize }),
      ...(address === undefined ? {} : { address }),
      ...(mapped?.header === undefined ? {} : { mapped: mapped.header }),
    });
    if (mapped?.landing !== undefined) return mapped.landing;
  }
  return undefined;
}

const isPageSize = (value: bigint): boolean =>
  value >= 4096n && value <= 1n << 40n && (value & (value - 1n)) === 0n;

/**
 * The page size of a block, which stands there only under postcopy and only for some blocks; no
 * marker says so. What stands behind it decides: another name has at least one byte, so it does
 * not begin with 0, as a size and an address do; and after the last block comes a RAM record,
 * whose flags are never all clear.
 */
function* backingPageSize(
  walk: Walk,
  last: boolean,
  shared: boolean,
): Generator<void, bigint | undefined, void> {
  if (!walk.postcopyRam) return undefined;
  const { feed } = walk;
  const got = yield* walk.ahead(shared ? 17 : 8);
  if (got < 8) return undefined;
  const value = feed.view.getBigUint64(feed.at);
  if (!isPageSize(value)) return undefined;
  if (shared) {
    // Without a page size these 8 bytes are the address, and the next entry or record follows it.
    const next = feed.bytes[feed.at + 8];
    if (got < 17 || (!last && next !== 0)) return undefined;
    if (last && (feed.view.getUint32(feed.at + 12) & 0xfff) !== 0) return undefined;
  }
  feed.take(8);
  return value;
}
