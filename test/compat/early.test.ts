import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { memorySource, type Source } from '../../src/bytes/source.ts';
import type { Descriptor } from '../../src/compat/descriptor.ts';
import { judgeEarly } from '../../src/compat/early.ts';
import { describeStates } from '../../src/compat/state.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';
import { stream } from '../../src/rules/container-examples.ts';

/** A stream whose guest memory stands in front of the state of its device. */
const pages = 300;
const block = { name: 'pc.ram', usedLength: BigInt(pages * 4096) };
const eos = { ram: 'EOS' } as const;
const bytes = writeQemu(
  stream({
    ramStart: [{ item: 'start', idstr: 'ram', body: [{ ram: 'MEM_SIZE', blocks: [block] }, eos] }],
    ramPart: [
      {
        item: 'part',
        idstr: 'ram',
        body: [
          { ram: 'PAGE', block: 'pc.ram' },
          ...Array.from({ length: pages - 1 }, (_, index) => ({
            ...({ ram: 'PAGE', offset: (index + 1) * 4096 } as const),
          })),
          eos,
        ],
      },
    ],
  }),
);

/** The stream as a pipe gives it, in blocks of one size, each of which is overwritten by the next. */
const trickling = (size: number): Source => ({
  ...memorySource('stream', bytes),
  readAt: undefined,
  size: undefined,
  *blocks() {
    const room = new Uint8Array(size);
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      room.set(piece);
      yield room.subarray(0, piece.length);
    }
  },
});

describe('an early answer about a QEMU stream', () => {
  const own = async (): Promise<readonly Descriptor[]> =>
    (await describeStates(memorySource('stream', bytes), {})).devices;

  it.each([
    ['that may load it, at its end', own],
    [
      'that has other ports, with the field that says so',
      async () =>
        (await own()).map((one) => ({
          ...one,
          attributes: { ...one.attributes, nr_ports: '7' },
        })),
    ],
  ])('is the same for blocks of any size, of a destination %s', async (_what, destinations) => {
    const found = await judgeEarly(trickling(bytes.length), await destinations());
    assert.ok(found.ended || found.verdict === 'incompatible');
    assert.ok(found.after > pages * 4096);
    for (const size of [3, 4104]) {
      const { verdict, after, ended } = await judgeEarly(trickling(size), await destinations());
      assert.deepEqual(
        { size, verdict, after, ended },
        { size, verdict: found.verdict, after: found.after, ended: found.ended },
      );
    }
  });
});
