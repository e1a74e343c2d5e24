import {
  enable,
  iceEarly,
  iceEarlyImage,
  iceImage,
  iceState,
  iceVendors,
  iceVendorsAlone,
  queues,
  resources,
  u32,
  version,
  type Fields,
  type Message,
} from '../../src/formats/ice-sample.ts';
import { ice } from '../../src/formats/ice.ts';
import { build } from '../../src/layout/build.ts';
import { joined, patched, written, type Streams } from './edit.ts';

const write = written(ice);
const state = (messages?: readonly Message[], changed: Fields = {}): Uint8Array =>
  write(iceState(messages, changed));
const [early, vendors, alone] = ice.forms!.map(
  ({ layout }) =>
    (draft: Fields): Uint8Array =>
      build(layout, draft).bytes,
);
const configured = [version, resources, queues(), enable];
const list = (first: bigint): readonly bigint[] => [first, ...new Array<bigint>(255).fill(0n)];
const vlans = (count: number): readonly Message[] =>
  Array.from({ length: count }, () => ({ opcode: 'VIRTCHNL_OP_ADD_VLAN', data: u32(0x1_0005) }));
const sound = state();

export const iceStreams: Streams = {
  'version-alone.bin': sound,
  'configured.bin': state(configured),
  'with-registers.bin': write(iceImage(configured)),
  'buffer-padded.bin': joined(sound, new Uint8Array(512)),
  'buffer-too-large.bin': joined(sound, new Uint8Array(1336 + 131072)),
  'promiscuous.bin': state([
    version,
    resources,
    { opcode: 'VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE', data: u32(0x3_0005) },
  ]),

  'terminator-missing.bin': sound.subarray(0, sound.length - 4),
  'terminator-damaged.bin': patched(sound, 0x42a, 9),
  'data-behind-terminator.bin': joined(sound, Uint8Array.of(0, 0, 0, 7)),
  'total-size-0.bin': state(undefined, { total_size: 0n }),
  'total-size-one-less.bin': state(undefined, { total_size: 1079n }),
  'total-size-largest.bin': state(undefined, { total_size: (1n << 64n) - 1n }),
  'magic-damaged-behind-registers.bin': patched(write(iceImage(configured)), 1336, 2),
  'version-2.bin': patched(sound, 4, 2),
  'no-queues.bin': state(undefined, { num_txq: 0n }),
  'queues-257.bin': state(undefined, { num_rxq: 257n }),

  'message-length-0.bin': state([{ ...version, msg_len: 0n }]),
  'message-length-largest.bin': state([{ ...version, msg_len: 0xffffn }]),
  'version-of-12-bytes.bin': state([{ ...version, data: u32(1, 1, 0) }]),
  'version-2-0.bin': state([{ ...version, data: u32(2, 0) }]),
  'opcode-99.bin': state([version, resources, { opcode: 99n, data: u32(0) }]),
  'reset-among-messages.bin': state([
    version,
    resources,
    { opcode: 'VIRTCHNL_OP_RESET_VF', data: u32() },
  ]),
  'queues-before-version.bin': state([queues(), version, resources]),
  'version-twice.bin': state([version, resources, version]),
  'vlan-300-times.bin': state([version, resources, ...vlans(300)]),
  'pad-set.bin': state([{ ...version, pad: Uint8Array.of(0, 1) }]),
  'ring-misaligned.bin': state([version, resources, queues(0x1000_0040n)]),
  'queue-pairs-past-message.bin': state([
    version,
    resources,
    { opcode: 'VIRTCHNL_OP_CONFIG_VSI_QUEUES', data: u32(0x2_0005, 0) },
  ]),
  'rx-head-past-ring.bin': state(configured, { rx_head: list(512n) }),
  'tx-head-past-ring.bin': state(configured, { tx_head: list(512n) }),
  'rx-tail-past-ring.bin': write(iceImage(configured, {}, { rx_tail: list(600n) })),
  'rx-tail-of-no-ring.bin': write(
    iceImage([version, resources], {}, { rx_tail: [...list(8159n).slice(0, 255), 0xdead_beefn] }),
  ),
  'rx-tail-past-any-ring.bin': write(iceImage([version, resources], {}, { rx_tail: list(8160n) })),
  'mailbox-head-past-end.bin': write(
    iceImage(configured, {}, { asq: { len: 0x8000_0040n, head: 64n } }),
  ),
  'cut-in-header.bin': sound.subarray(0, 20),
  'cut-in-heads.bin': sound.subarray(0, 600),
  'cut-in-message.bin': sound.subarray(0, 0x424),

  'early-version-alone.bin': early!(iceEarly()),
  'early-configured.bin': early!(iceEarly(configured)),
  'early-many-messages.bin': early!(iceEarly([...configured, ...vlans(80)])),
  'early-with-registers.bin': early!(iceEarlyImage(configured)),
  'early-no-message.bin': early!(iceEarly([])),
  'early-total-size-of-later.bin': early!(iceEarly(configured, { total_size: 1204n })),
  'early-terminator-missing.bin': early!(iceEarly(configured)).subarray(0, -4),
  'early-opcode-99.bin': early!(iceEarly([version, resources, { opcode: 99n, data: u32(0) }])),
  'early-version-2.bin': patched(early!(iceEarly()), 4, 2),
  'early-no-queues.bin': early!(iceEarly(configured, { num_rxq: 0n })),
  'early-cut-in-message.bin': early!(iceEarly()).subarray(0, 34),

  'vendors-configured.bin': vendors!(iceVendors(configured)),
  'vendors-without-registers.bin': alone!(iceVendorsAlone(configured)),
  'vendors-terminator-missing.bin': vendors!(iceVendors(configured)).subarray(0, -4),
  'vendors-align-set.bin': patched(vendors!(iceVendors(configured)), 1336 + 1026, 1),
  'vendors-version-twice.bin': vendors!(iceVendors([version, resources, version])),
  'vendors-head-past-ring.bin': alone!(iceVendorsAlone(configured, { tx_head: list(512n) })),
  'vendors-rx-tail-past-ring.bin': vendors!(iceVendors(configured, {}, { rx_tail: list(600n) })),
  'vendors-cut-in-message.bin': alone!(iceVendorsAlone()).subarray(0, 1044),
};
