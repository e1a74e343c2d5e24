import { recover } from './scan.ts';
import type { RamBlock } from '../events.ts';
import type { Landing, Walk } from './walk.ts';

/** `qemu migration/ram.c: MappedRamHeader`, packed. */
const headerLength = 28;

interface MappedRegion {
  readonly header?: NonNullable<RamBlock['mapped']>;
  readonly headerEnd: number;
  /** Set when the header could not be followed. */
  readonly landing?: Landing;
}

/**
 * The region of one block under mapped-ram: a header, a bitmap and pages at absolute offsets of
 * the file, behind which the stream goes on. Only forward offsets are followed: one that points
 * back would have the loader read bytes twice that were judged as something else.
 */
export function* mappedRegion(
  walk: Walk,
  usedLength: bigint,
): Generator<void, MappedRegion | undefined, void> {
  if (!walk.capabilities.has('mapped-ram')) return undefined;
  const { feed } = walk;
  yield* walk.must(headerLength);
  const offset = walk.position;
  const { view, at } = feed;
  const header = {
    version: view.getUint32(at),
    pageSize: view.getBigUint64(at + 4),
    bitmapOffset: view.getBigUint64(at + 12),
    pagesOffset: view.getBigUint64(at + 20),
  };
  feed.take(headerLength);
  walk.seen.mapped = true;
  const headerEnd = walk.position;
  const { version, pageSize, bitmapOffset, pagesOffset } = header;
  const ignored = bitmapOffset === 0n && pagesOffset === 0n;
  // A block that x-ignore-shared leaves out: observed in streams of QEMU 11.1.
  if (version === 1 && ignored && walk.capabilities.has('x-ignore-shared')) {
    return { header, headerEnd };
  }
  const page = BigInt(walk.describedPageSize ?? walk.pageSize);
  const bitmapLength = ((usedLength / page + 63n) / 64n) * 8n;
  const wrong =
    version !== 1
      ? { wanted: 'version 1', got: `version ${version}` }
      : pageSize !== page
        ? { wanted: `page_size ${page}`, got: `page_size ${pageSize}` }
        : bitmapOffset < BigInt(headerEnd)
          ? { wanted: `bitmap_offset from ${headerEnd}`, got: `bitmap_offset ${bitmapOffset}` }
          : pagesOffset < bitmapOffset + bitmapLength
            ? {
                wanted: `pages_offset from ${bitmapOffset + bitmapLength}`,
                got: `pages_offset ${pagesOffset}`,
              }
            : pagesOffset % page !== 0n
              ? { wanted: `pages_offset aligned to ${page}`, got: `pages_offset ${pagesOffset}` }
              : undefined;
  const next = pagesOffset + usedLength;
  if (wrong !== undefined || next > BigInt(Number.MAX_SAFE_INTEGER)) {
    const detail = wrong ?? { wanted: 'a region within a file', got: `its end at ${next}` };
    const landing = yield* recover(
      walk,
      'mapped-ram-header',
      { ...detail, length: headerLength },
      offset,
    );
    return { header, headerEnd, landing };
  }
  yield* walk.memory(Number(next) - walk.position);
  return { header, headerEnd };
}
