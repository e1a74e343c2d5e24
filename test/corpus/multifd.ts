import { writeQemu } from '../../src/container/qemu/write.ts';
import { configBytes } from '../../src/container/qemu/write-config.ts';
import { config, endOfState, port, sound, vfio } from '../../src/rules/container-examples.ts';
import {
  channelOf,
  configPacket,
  configRecord,
  dataPacket,
  mainChannel,
  multifdExample,
  type PacketDraft,
} from '../../src/rules/multifd-example.ts';
import type { Streams } from './edit.ts';

const main = writeQemu(mainChannel().draft);
/** A main channel with all of its device state in itself. */
const soundMain = writeQemu(sound.draft);
const data = dataPacket.data ?? new Uint8Array(0);

/** A main channel and its side channels, under the names that the manifest gives them. */
const together = (
  name: string,
  channels: readonly (readonly PacketDraft[])[],
  first: Uint8Array = main,
): Streams => ({
  [`${name}.main.bin`]: first,
  ...Object.fromEntries(
    channels.map((packets, at) => [`${name}.ch${at}.bin`, channelOf(packets, at)]),
  ),
});

const configOf = (record: Uint8Array): PacketDraft => ({ ...configPacket, data: record });
const config4096 = configRecord(configBytes({ space: 4096 }));

export const multifdStreams: Streams = {
  ...together('sound', [[configPacket], [dataPacket]]),
  ...together('sound-state-split', [
    [{ index: 0, data: data.subarray(0, 20) }],
    [
      { index: 2, flags: 1, data: configRecord() },
      { index: 1, data: data.subarray(20) },
    ],
  ]),
  ...together('sound-config-4096', [[configOf(config4096)], [dataPacket]]),
  ...together('sound-flags-undefined', [[configPacket], [{ ...dataPacket, flags: 2 }]]),
  ...together('sound-byte-behind-config', [
    [configOf(Uint8Array.of(...configRecord(), 0))],
    [dataPacket],
  ]),
  ...together(
    'sound-end-missing',
    [[configPacket], [dataPacket]],
    writeQemu(mainChannel({ end: [] }).draft),
  ),
  ...together('packet-missing', [[configPacket], []]),
  ...together('index-gap-of-2-32', [[{ ...configPacket, index: 0xffff_fffe }], [dataPacket]]),
  ...together('config-packet-missing', [[dataPacket], []]),
  ...together('config-packet-cut', [[configOf(configRecord().subarray(0, 200))], [dataPacket]]),
  ...together('config-packet-without-tag', [[configOf(configRecord().subarray(8))], [dataPacket]]),
  ...together('config-packet-twice', [[{ ...configPacket, index: 2 }], [dataPacket, configPacket]]),
  ...together('packet-behind-config', [[configPacket], [dataPacket, { index: 2, data }]]),
  ...together('packet-of-another-device', [
    [configPacket],
    [dataPacket, { ...dataPacket, idstr: '0000:00:03.0/vfio' }],
  ]),
  ...together('packet-twice', [[configPacket, dataPacket], [dataPacket]]),
  ...together('state-one-byte-less', [
    [configPacket],
    [{ index: 0, data: data.subarray(0, data.length - 1) }],
  ]),
  ...together(
    'state-empty',
    [[configPacket], [{ index: 0 }]],
    writeQemu(mainChannel({ part: [] }).draft),
  ),
  ...together(
    'config-in-full-too',
    [[configPacket], [dataPacket]],
    writeQemu(mainChannel({ full: [vfio('full', [config, endOfState])] }).draft),
  ),
  ...together(
    'state-in-end-too',
    [[configPacket], [dataPacket]],
    writeQemu(mainChannel({ end: [vfio('end', [port, endOfState])] }).draft),
  ),
  'sound-pages.main.bin': soundMain,
  'sound-pages.ch0.bin': multifdExample({ page: 4096n }).bytes,
  'page-behind-block.main.bin': soundMain,
  'page-behind-block.ch0.bin': multifdExample({ page: 8192n }).bytes,
  'page-of-unknown-block.main.bin': soundMain,
  'page-of-unknown-block.ch0.bin': multifdExample({ block: 'pc.bios' }).bytes,
  'page-misaligned.main.bin': soundMain,
  'page-misaligned.ch0.bin': multifdExample({ page: 0x10n }).bytes,
  'channels-with-one-number.main.bin': main,
  'channels-with-one-number.ch0.bin': channelOf([dataPacket], 0),
  'channels-with-one-number.ch1.bin': channelOf([configPacket], 0),
};
