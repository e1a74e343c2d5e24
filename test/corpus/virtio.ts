import { virtio } from '../../src/formats/virtio.ts';
import {
  commonConfig,
  context,
  deviceFeatures,
  deviceStatus,
  driverFeatures,
  notifyConfig,
  parts,
  queue,
} from '../../src/formats/virtio-sample.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { joined, patched, written, type Streams } from './edit.ts';

type Fields = Readonly<Record<string, Draft>>;

const write = written(virtio);
const stream = (...records: readonly Draft[]): Uint8Array => write(records);

/** One context in which some parts are replaced, or to which some are added. */
const one = (changed: Fields = {}): Uint8Array => stream(context(parts(changed)));
const withQueue = (changed: Fields): Uint8Array => one({ queue: queue(0n, changed) });

const sound = one();

const optional = (changed: Fields = {}): Fields => ({
  flags: 1n,
  tag: 9n,
  data: new TextEncoder().encode('abc'),
  ...changed,
});

const unknownPart = (flags: bigint): Fields => ({
  part_type: 0x1ffn,
  flags,
  value: new Uint8Array(4),
});

const packed = (changed: Fields): Fields => ({
  offered: deviceFeatures(0x5_0000_0000n),
  taken: driverFeatures(0x5_0000_0000n),
  queue: queue(0n, changed),
});

const twoQueues = [
  deviceFeatures(),
  driverFeatures(),
  commonConfig(16n, 2n),
  commonConfig(18n, 2n, 2n),
  deviceStatus(),
  queue(0n),
  queue(1n),
  notifyConfig(0n),
  notifyConfig(1n),
];

const idleQueue = queue(1n, {
  enabled: 0n,
  queue_size: 0n,
  queue_desc: 0n,
  queue_driver: 0n,
  queue_device: 0n,
});

const apart = { queue_desc: 0x2000_0000n, queue_driver: 0x3000_0000n, queue_device: 0x4000_0000n };

export const virtioStreams: Streams = {
  'one-context.bin': sound,
  'two-contexts.bin': stream(context(), context()),
  'two-queues.bin': stream(context(twoQueues)),
  'idle-queue.bin': one({ idle: idleQueue }),
  'packed-queue-of-255.bin': one(packed({ queue_size: 255n })),
  'optional-record-first.bin': stream(optional(), context()),
  'optional-part.bin': one({ more: unknownPart(1n) }),
  'status-of-legacy-driver.bin': one({
    taken: driverFeatures(0x20n),
    status: deviceStatus(0x07n),
  }),
  'status-failed.bin': one({ status: deviceStatus(0x8fn) }),

  'record-size-past-end.bin': patched(sound, 0, 132),
  'record-size-one-less.bin': patched(sound, 0, 130),
  'record-size-wraps-with-header.bin': patched(sound, 0, 0xf8, 0xff, 0xff, 0xff),
  'record-size-past-32-bits.bin': patched(sound, 4, 1),
  'record-empty.bin': stream(context(), context([])),
  'record-tag-unknown-mandatory.bin': stream(optional({ flags: 0n }), context()),
  'record-tag-damaged.bin': patched(sound, 12, 1),
  'record-flags-undefined.bin': patched(sound, 8, 2),
  'optional-record-too-large.bin': stream(
    context(),
    optional({ data: new Uint8Array((1 << 16) + 1) }),
  ),

  'cut-in-part.bin': sound.subarray(0, 143),
  'cut-between-parts.bin': sound.subarray(0, 82),
  'cut-in-second-header.bin': joined(sound, sound.subarray(0, 10)),
  'one-byte-more.bin': joined(sound, Uint8Array.of(0)),

  'part-length-one-more.bin': patched(sound, 0x6f, 33),
  'part-length-one-less.bin': patched(sound, 0x6f, 31),
  'part-length-largest.bin': patched(sound, 0x6f, 0xff, 0xff, 0xff, 0xff),
  'part-flags-undefined.bin': one({ offered: deviceFeatures(undefined, { flags: 3n }) }),
  'part-reserved-set.bin': one({ status: { ...deviceStatus(), reserved: 1n } }),
  'part-type-unknown-mandatory.bin': one({ more: unknownPart(0n) }),
  'selector-of-features-set.bin': one({ offered: deviceFeatures(undefined, { selector: 1n }) }),
  'selector-of-config-set.bin': one({
    config: { ...commonConfig(16n, 2n), selector: { offset: 16n, reserved: 1n } },
  }),
  'selector-of-queue-set.bin': one({
    queue: {
      ...queue(0n),
      selector: { vq_index: 0n, reserved: Uint8Array.of(0, 0, 0, 0, 0, 1) },
    },
  }),

  'device-features-missing.bin': stream(context(parts().slice(1))),
  'device-features-mandatory.bin': one({ offered: deviceFeatures(undefined, { flags: 0n }) }),
  'device-features-empty.bin': one({ offered: { ...deviceFeatures(), value: new Uint8Array(0) } }),
  'device-features-12-bytes.bin': one({
    offered: { ...deviceFeatures(), value: new Uint8Array(12).fill(0xff) },
  }),
  'driver-features-not-offered.bin': one({ taken: driverFeatures(0x3_0000_0020n) }),
  'status-before-config.bin': stream(
    context([deviceFeatures(), driverFeatures(), deviceStatus(), commonConfig(16n, 2n), queue(0n)]),
  ),
  'config-behind-queue.bin': one({ late: commonConfig(26n, 2n) }),
  'status-twice.bin': stream(
    context([
      deviceFeatures(),
      driverFeatures(),
      commonConfig(16n, 2n),
      deviceStatus(),
      deviceStatus(),
      queue(0n),
    ]),
  ),
  'queue-twice.bin': one({
    again: queue(0n, {
      queue_desc: 0x2000_0000n,
      queue_driver: 0x2000_1000n,
      queue_device: 0x2000_2000n,
    }),
  }),
  'contexts-offer-different-features.bin': stream(
    context(),
    context(parts({ offered: deviceFeatures(0x43_0001_0020n) })),
  ),

  'config-length-wrong.bin': one({ config: commonConfig(16n, 4n) }),
  'config-offset-in-middle-of-field.bin': one({ config: commonConfig(17n, 1n) }),
  'status-bit-undefined.bin': one({ status: deviceStatus(0x2fn) }),
  'status-two-bytes.bin': one({ status: { ...deviceStatus(), value: Uint8Array.of(0x0f, 0) } }),
  'status-empty.bin': one({ status: { ...deviceStatus(), value: new Uint8Array(0) } }),
  'status-without-features-ok.bin': one({ status: deviceStatus(0x07n) }),
  'notify-four-bytes.bin': one({ notify: { ...notifyConfig(0n), value: new Uint8Array(4) } }),
  'notify-reserved-set.bin': one({ notify: { ...notifyConfig(0n), value: { reserved1: 1n } } }),
  'notify-without-queue.bin': one({ notify: notifyConfig(1n) }),

  'queue-size-0.bin': withQueue({ queue_size: 0n }),
  'queue-size-255.bin': withQueue({ queue_size: 255n }),
  'queue-size-65535.bin': withQueue({ queue_size: 65535n, ...apart }),
  'queue-enabled-2.bin': withQueue({ enabled: 2n }),
  'queue-reserved-set.bin': withQueue({ reserved: 1n }),
  'queue-33-bytes.bin': one({ queue: { ...queue(0n), value: new Uint8Array(33) } }),
  'queue-descriptors-misaligned.bin': withQueue({ queue_desc: 0x0ff0_0008n }),
  'queue-driver-area-misaligned.bin': withQueue({ queue_driver: 0x1000_1001n }),
  'queue-device-area-misaligned.bin': withQueue({ queue_device: 0x1000_2002n }),
  'queue-wraps.bin': withQueue({ queue_desc: 0xffff_ffff_ffff_fff0n }),
  'queue-address-zero.bin': withQueue({ queue_device: 0n }),
  'queue-areas-equal.bin': withQueue({ queue_device: 0x1000_1000n }),
  'queues-overlap.bin': one({
    second: queue(1n, {
      queue_desc: 0x1000_0ff0n,
      queue_driver: 0x2000_0000n,
      queue_device: 0x2001_0000n,
    }),
  }),
  'queue-index-past-number-of-queues.bin': stream(
    context([
      deviceFeatures(),
      driverFeatures(),
      commonConfig(18n, 2n, 1n),
      deviceStatus(),
      queue(0n),
      queue(1n),
    ]),
  ),
};
