import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { multifdWalker } from '../../src/container/multifd.ts';
import { Output } from '../../src/container/qemu/write-output.ts';
import { faultsOf, walked } from './walked.ts';

interface Draft {
  readonly flags?: number;
  /** What `pages_alloc` says. */
  readonly allocated: number;
  /** Offsets that the packet has. */
  readonly count?: number;
  readonly normal: number;
  readonly payload: Uint8Array;
  /** What stands in the array of offsets. */
  readonly offsets?: Uint8Array;
}

const ramPacket = (out: Output, draft: Draft): void => {
  const { flags = 0, allocated, count = 128, normal, payload, offsets = Buffer.alloc(0) } = draft;
  for (const word of [0x11223344, 1, flags, allocated, normal, payload.length, 0, 1, 0]) {
    out.u32(word);
  }
  out.zeros(28);
  out.text('pc.ram'.padEnd(256, '\0'));
  out.bytes(offsets);
  out.zeros(8 * count - offsets.length);
  out.bytes(payload);
};

const devicePacket = (out: Output, idstr: string): void => {
  for (const word of [0x11223344, 1, 0x40]) out.u32(word);
  out.text(idstr.padEnd(256, '\0'));
  for (const word of [0, 12 + 36, 0, 0, 0]) out.u32(word);
  out.zeros(36);
};

const written = (write: (out: Output) => void): Uint8Array => {
  const out = new Output(0);
  write(out);
  return new Uint8Array(Buffer.concat([...out.blocks(0)]));
};

const channel = (write: (out: Output) => void): ReturnType<typeof walked> => {
  const bytes = written((out) => {
    for (const word of [0x11223344, 1]) out.u32(word);
    out.zeros(56);
    write(out);
  });
  return walked(bytes, multifdWalker, () => 4093);
};

describe('a packet of pages', () => {
  it.each([1024, 4096, 8192, 16384, 65536])('of %i bytes is whole with its pages', (page) => {
    const count = (512 << 10) / page;
    const packet = { allocated: count, count, normal: 2, payload: new Uint8Array(2 * page) };
    const got = channel((out) => {
      ramPacket(out, packet);
      ramPacket(out, packet);
    });
    assert.deepEqual(faultsOf(got), []);
  });

  it.each([2 * 4096 - 2, 2 * 1024, 0])('of 4 KiB is not, where two have %i bytes', (length) => {
    const packet = { allocated: 128, normal: 2, payload: new Uint8Array(length) };
    assert.deepEqual(faultsOf(channel((out) => ramPacket(out, packet))), [
      'multifd-packet-invalid',
    ]);
  });

  it('has one compression at most', () => {
    const packet = { allocated: 128, normal: 1, payload: new Uint8Array(100) };
    const [zlib, zstd] = [2, 4];
    for (const flags of [zlib, zstd]) {
      assert.deepEqual(faultsOf(channel((out) => ramPacket(out, { ...packet, flags }))), []);
    }
    const both = channel((out) => ramPacket(out, { ...packet, flags: zlib | zstd }));
    assert.deepEqual(faultsOf(both), ['multifd-packet-invalid']);
  });

  // A loader with pages of 4 KiB reads 128 offsets, whatever the packet says was allocated.
  it('hides no packet of device state behind offsets that it says it has not', () => {
    const hidden = written((out) => devicePacket(out, 'bad/vfio'));
    const decoy = written((out) => {
      const length = 8 * 96 - 320 - 8 * 32;
      ramPacket(out, {
        flags: 2,
        allocated: 32,
        count: 32,
        normal: 1,
        payload: new Uint8Array(length + hidden.length),
      });
    });
    const offsets = new Uint8Array(8 * 128);
    offsets.set(decoy.subarray(0, 8 * 96), 8 * 32);
    const got = channel((out) => {
      ramPacket(out, { allocated: 32, normal: 0, payload: new Uint8Array(0), offsets });
      devicePacket(out, 'bad/vfio');
      devicePacket(out, 'good/vfio');
    });
    const names = got.events.flatMap((event) =>
      event.kind === 'multifd-packet' && event.device !== undefined ? [event.device.idstr] : [],
    );
    assert.deepEqual(names, ['bad/vfio', 'good/vfio']);
  });
});
