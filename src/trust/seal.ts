import type { Sealer } from '../container/sealed/write.ts';

/**
 * The bytes of a seal around what `blocks` give, frame by frame. A frame waits until it is known
 * whether more follows it, because the last one says so. Each block that is given is valid until the
 * next is asked for.
 */
export async function* sealedBlocks(
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  sealer: Sealer,
  frameSize: number,
): AsyncGenerator<Uint8Array> {
  yield sealer.header();
  const frame = new Uint8Array(frameSize);
  let have = 0;
  for await (const block of blocks) {
    for (let at = 0; at < block.length;) {
      if (have === frameSize) {
        yield* framed(sealer, frame, false);
        have = 0;
      }
      const step = Math.min(frameSize - have, block.length - at);
      frame.set(block.subarray(at, at + step), have);
      have += step;
      at += step;
    }
  }
  yield* framed(sealer, frame.subarray(0, have), true);
}

function* framed(sealer: Sealer, payload: Uint8Array, last: boolean): Generator<Uint8Array> {
  const { head, signatures } = sealer.frame(payload, last);
  yield head;
  yield payload;
  yield* signatures;
}
