import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, it } from 'vitest';
import { unpackedSource } from '../../src/bytes/unpack.ts';
import { memorySource, openSource } from '../../src/bytes/source.ts';
import { examine } from '../../src/check/examine.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';
import { formatById } from '../../src/formats/index.ts';
import {
  channelOf,
  configPacket,
  dataPacket,
  mainChannel,
  type PacketDraft,
} from '../../src/rules/multifd-example.ts';

const main = memorySource('main', writeQemu(mainChannel().draft));
const packetBytes = 1 << 20;
const channelCount = 16;
const packetCount = 256;
const folder = mkdtempSync(path.join(tmpdir(), 'vstate-channels-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Channels whose device data are holes: packets go round over all of them, in each the last index first. */
const holes = (): readonly string[] =>
  Array.from({ length: channelCount }, (_, channel) => {
    const file = path.join(folder, `ch${channel}.bin`);
    const fd = openSync(file, 'w');
    let at = writeSync(fd, channelOf([], channel));
    const put = (packet: PacketDraft, length: number): void => {
      const bytes = channelOf([packet]).subarray(64);
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(272, length + 12);
      writeSync(fd, bytes, 0, bytes.length, at);
      at += 288 + length;
    };
    // Behind the data comes the next header, so each hole is bounded; the last one ends in a byte.
    for (let round = packetCount / channelCount - 1; round >= 0; round -= 1) {
      put({ index: round * channelCount + channel }, packetBytes);
      writeSync(fd, Uint8Array.of(0), 0, 1, at - 1);
    }
    const config = configPacket.data ?? new Uint8Array(0);
    if (channel === 3) put({ ...configPacket, index: packetCount }, config.length);
    closeSync(fd);
    return file;
  });

describe('the channels of a migration', () => {
  it(
    'are put together in bounded memory, whatever the order of their packets',
    { timeout: 60_000 },
    async () => {
      const channels = holes().map(openSource);
      const before = process.memoryUsage.rss();
      let most = before;
      const { devices } = await examine(
        main,
        {
          event: () => {
            most = Math.max(most, process.memoryUsage.rss());
          },
        },
        { channels, format: formatById('opaque') },
      );
      for (const channel of channels) channel.close();
      most = Math.max(most, process.memoryUsage.rss());
      assert.deepEqual(
        devices.map(({ bytes, partial }) => [bytes, partial]),
        [[24 + packetCount * packetBytes, undefined]],
      );
      assert.ok(most - before < 128 << 20, `${most - before} bytes more`);
    },
  );

  it('may be compressed', async () => {
    const channels = [[configPacket], [dataPacket]].map((packets, at) =>
      unpackedSource(memorySource(`channel ${at}`, gzipSync(channelOf(packets, at))), 'gzip'),
    );
    const { devices } = await examine(main, {}, { channels });
    assert.deepEqual(
      devices.map(({ format, bytes }) => [format, bytes]),
      [['mtty', 60]],
    );
  });

  it('go with a main channel only', async () => {
    const channels = [memorySource('channel', channelOf([dataPacket]))];
    const state = memorySource('state', new Uint8Array(60));
    await assert.rejects(examine(state, {}, { channels }), /no main channel/u);
  });
});
