import type { RamCursor, Walk } from './walk.ts';
import { RAM_SAVE_FLAG } from './wire.ts';

const { ZERO, MEM_SIZE, PAGE, EOS, HOOK, CONTINUE, XBZRLE, COMPRESS_PAGE, MULTIFD_FLUSH } =
  RAM_SAVE_FLAG;

/** The page size of each target that has VFIO, unless the configuration says otherwise. */
const usual = 4096;
/** The least that a target with a choice has: `qemu target/arm/cpu-param.h: TARGET_PAGE_BITS_LEGACY`. */
const least = 1024;
/** Page sizes that targets have and streams do not tell: Arm boards without a choice; Alpha, SPARC. */
const others = [least, 8192] as const;

/** Kinds of record that name a page. */
const paged = new Set<number>([ZERO, PAGE, XBZRLE, COMPRESS_PAGE]);
const kinds = new Set<number>([...paged, MEM_SIZE, EOS, HOOK, MULTIFD_FLUSH]);

/**
 * True where a loader with pages of `size` may find a record at index `at`. It accepts all that
 * such a loader takes, so that nothing can be made to look like no record to this and be one to QEMU.
 */
const mayBeRecord = (walk: Walk, { usedLength }: RamCursor, size: number, got: number): boolean => {
  const { bytes, view } = walk.feed;
  const at = walk.feed.at + size;
  if (got < size + 8) return false;
  const low = view.getUint32(at + 4);
  const flags = low & (size - 1);
  const kind = flags & ~CONTINUE;
  if (!kinds.has(kind)) return false;
  if (!paged.has(kind)) return true;
  const start = view.getUint32(at) * 0x1_0000_0000 + (low - flags);
  if ((flags & CONTINUE) !== 0) return start < usedLength;
  const first = bytes[at + 9] ?? 0;
  return got === size + 10 && (bytes[at + 8] ?? 0) > 0 && first >= 0x20 && first <= 0x7e;
};

/**
 * An offset or a total that is a multiple of 1 KiB and not of 4 KiB has bits where a target with
 * larger pages has flags, which it refuses.
 */
export const settleByOffset = (walk: Walk, low: number): void => {
  if (walk.pageSizeSettled || (low & (usual - 1)) < least) return;
  const kind = low & (least - 1) & ~CONTINUE;
  if (!paged.has(kind) && kind !== MEM_SIZE) return;
  walk.pageSize = least;
  walk.pageSizeSettled = true;
};

/**
 * Settles the page size at the data of the first page, by where the next record stands. The usual
 * size comes first whatever the description says, because anybody may have written that: a stream
 * that can be read with pages of 4 KiB is read so by every target with VFIO.
 */
export function* settleByPage(walk: Walk, cursor: RamCursor): Generator<void, void, void> {
  if (walk.pageSizeSettled) return;
  const { describedPageSize: described } = walk;
  const sizes = described === undefined ? [usual, ...others] : [usual, described];
  let settled: number | undefined;
  for (const size of sizes) {
    const got = yield* walk.ahead(size + 10);
    if (!mayBeRecord(walk, cursor, size, got)) continue;
    settled = size;
    break;
  }
  walk.pageSize = settled ?? usual;
  walk.pageSizeSettled = true;
}
