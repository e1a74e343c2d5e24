import { createGunzip } from 'node:zlib';
import type { Source } from './source.ts';

/** The most bytes that a compressed input may unfold to; a cap against bombs, not a limit on states. */
const MOST = 2 ** 40;

export const isGzip = (head: Uint8Array): boolean =>
  head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;

/**
 * The plain bytes of a gzip input, unfolded as they are asked for. A damaged or cut gzip gives what
 * could be unfolded, then says so in `damage`.
 */
export const gunzipSource = (inner: Source): Source => {
  let damage: string | undefined;
  return {
    path: inner.path,
    size: undefined,
    readAt: undefined,
    wrapper: 'gzip',
    get damage() {
      return damage;
    },
    async *blocks() {
      const gunzip = createGunzip({ chunkSize: 1 << 18 });
      const feeding = feed(inner, gunzip);
      let total = 0;
      try {
        for await (const block of gunzip) {
          const bytes: Uint8Array = block instanceof Uint8Array ? block : new Uint8Array(0);
          total += bytes.length;
          yield bytes;
          if (total > MOST) {
            damage = `the gzip input unfolds to more than ${MOST} bytes`;
            return;
          }
        }
      } catch (error) {
        damage = `the gzip input is damaged: ${error instanceof Error ? error.message : 'unreadable'}`;
      } finally {
        gunzip.destroy();
        await feeding.catch(() => undefined);
      }
    },
    close: () => {
      inner.close();
    },
  };
};

/** Writes the compressed bytes as fast as they are taken. */
const feed = async (inner: Source, gunzip: ReturnType<typeof createGunzip>): Promise<void> => {
  for await (const block of inner.blocks()) {
    if (gunzip.destroyed) return;
    // The block is overwritten by the next read, and zlib may still be busy with it.
    if (!gunzip.write(Uint8Array.from(block))) {
      await new Promise<void>((resolve) => {
        gunzip.once('drain', resolve);
        gunzip.once('close', resolve);
      });
    }
  }
  gunzip.end();
};
