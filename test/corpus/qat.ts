import { qat } from '../../src/formats/qat.ts';
import {
  miscSections,
  qatImage,
  section,
  setupSections,
  stateSections,
  valueSection,
  type QatParts,
} from '../../src/formats/qat-sample.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { joined, patched, written, type Streams } from './edit.ts';

const write = written(qat);
const image = (parts: QatParts = {}): Uint8Array => write(qatImage(parts));

const registers = (bank: number): Draft => ({
  ringestat: 0xffffn,
  ringsrvarben: 3n,
  rings: [0, 1].map((ring) => ({
    base: 0x1_0000_0000n + 0x1000n * BigInt(2 * bank + ring),
    config: 8n,
  })),
});

const etrbar = (banks: readonly Draft[]): Draft => section('ETRBAR', banks);
const bank = (number: number, mregs: Draft = registers(number)): Draft =>
  section(`bnk${number}`, [section('mregs', mregs)]);
const banks = [bank(0), bank(1), bank(2), bank(3)];

/** An image with these sections in its state blob, which end at `used`. */
const withState = (sections: readonly Draft[], used: number): Uint8Array =>
  image({ state: { sections }, used });

const [general, misc] = stateSections() as readonly [Draft, Draft, Draft];
const sound = withState([general, misc, etrbar(banks)], 2340);

const withLastBank = (mregs: Uint8Array): Uint8Array =>
  withState([general, misc, etrbar([...banks.slice(0, 3), bank(3, mregs)])], 1868 + mregs.length);

const emptyLastBank = etrbar([...banks.slice(0, 3), bank(3, new Uint8Array(0))]);

const sla = { srv: 1n, rp_mask: 3n, cir: 100n, pir: 200n };

const nestedDeep = (levels: number): Draft =>
  levels === 0 ? section('bottom', new Uint8Array(0)) : section('level', [nestedDeep(levels - 1)]);

export const qatStreams: Streams = {
  'image.bin': sound,
  'image-with-two-slas.bin': image({ slas: [sla, { ...sla, rp_mask: 12n }] }),
  'guest-never-spoke.bin': image({ compver: 0n }),
  'guest-driver-newer.bin': image({ compver: 6n }),
  'section-of-newer-driver.bin': image({
    setup: { sections: [section('future', new Uint8Array(4)), ...setupSections()] },
    used: 2360,
  }),
  'tail-with-stale-bytes.bin': image({ tail: new Uint8Array(1756).fill(0x5a) }),

  'setup-alone.bin': sound.subarray(0, 90),
  'cut-in-preamble.bin': sound.subarray(0, 15),
  'cut-behind-preamble.bin': sound.subarray(0, 16),
  'cut-in-setup.bin': sound.subarray(0, 89),
  'cut-in-last-bank.bin': sound.subarray(0, 2339),
  'cut-behind-last-section.bin': sound.subarray(0, 2340),
  'cut-in-tail.bin': sound.subarray(0, 4095),
  'one-byte-more.bin': joined(sound, Uint8Array.of(0)),
  'twice.bin': joined(sound, sound),

  'magic-damaged.bin': patched(sound, 0, 0),
  'magic-of-state-missing.bin': patched(sound, 90, 0, 0, 0, 0),
  'version-0.bin': patched(sound, 4, 0),
  'version-2.bin': patched(sound, 4, 2),
  'version-2-of-state.bin': patched(sound, 94, 2),
  'preamble-length-0.bin': patched(sound, 8, 0),
  'preamble-length-15.bin': patched(sound, 8, 15),
  'preamble-length-91.bin': patched(sound, 8, 91),
  'setup-size-wraps.bin': patched(sound, 12, 0xff, 0xff, 0xff, 0xff),
  'setup-without-sections.bin': patched(sound, 10, 0),
  'setup-claims-two-sections.bin': patched(sound, 10, 2),
  'state-size-5.bin': patched(sound, 102, 5, 0, 0, 0),
  'state-size-ten-more.bin': patched(sound, 102, 0xc4),
  'state-size-wraps.bin': patched(sound, 102, 0xff, 0xff, 0xff, 0xff),
  'state-claims-60000-sections.bin': patched(sound, 100, 0x60, 0xea),

  'section-past-its-parent.bin': patched(sound, 78, 5),
  'section-size-wraps.bin': patched(sound, 78, 0xff, 0xff, 0xff, 0xff),
  'config-claims-no-subsections.bin': patched(sound, 28, 0),
  'config-claims-four-billion-subsections.bin': patched(sound, 28, 0xff, 0xff, 0xff, 0xff),
  'register-claims-subsections.bin': image({
    misc: [valueSection('visrc', 0n, { sub_sects: 1n }), ...miscSections.slice(1)],
  }),
  'nested-too-deep.bin': withState([...stateSections(), nestedDeep(60)], 2340 + 61 * 16),
  'id-not-padded.bin': patched(sound, 0x6a + 6, 0x58),
  'id-not-printable.bin': patched(sound, 0x6a, 0x07),
  'id-in-lower-case.bin': patched(sound, 0x6a, 0x67),

  'general-section-twice.bin': withState([general, ...stateSections()], 2406),
  'register-twice.bin': image({ misc: [...miscSections, valueSection('vm2pf', 0n)], used: 2360 }),
  'bank-missing.bin': withState([general, misc, etrbar(banks.slice(0, 3))], 1836),
  'bank-registers-missing.bin': withState(
    [general, misc, etrbar([...banks.slice(0, 3), section('bnk3', [])])],
    1852,
  ),
  'register-missing.bin': image({ misc: miscSections.slice(0, 5), used: 2320 }),
  'config-missing.bin': image({ setup: { sections: [] }, used: 2266 }),
  'capability-missing.bin': image({
    setup: {
      sections: [section('CONFIG', [valueSection('svcmap', 0x249n), valueSection('extdc', 1n)])],
    },
    used: 2320,
  }),

  'bank-empty.bin': withLastBank(new Uint8Array(0)),
  'bank-one-byte-short.bin': withLastBank(new Uint8Array(471)),
  'bank-one-byte-more.bin': withLastBank(new Uint8Array(473)),
  'bank-empty-at-end-of-image.bin': withState(
    [section('filler', new Uint8Array(2212)), general, misc, emptyLastBank],
    4096,
  ),
  'capability-three-bytes.bin': image({ gencap: new Uint8Array(3), used: 2339 }),
  'service-map-four-bytes.bin': image({ svcmap: new Uint8Array(4), used: 2342 }),
  'init-flag-two-bytes.bin': image({ iovinit: new Uint8Array(2), used: 2341 }),
  'init-flag-2.bin': image({ iovinit: 2n }),
  'compver-empty.bin': image({ compver: new Uint8Array(0), used: 2339 }),
  'sla-cut.bin': image({ slas: [sla, new Uint8Array(23)], used: 2387 }),
  'sla-padding-set.bin': image({ slas: [{ ...sla, pad: 1n }] }),

  'ring-head-past-ring.bin': image({
    bank: { rings: [{ base: 0x1_0000_0000n, config: 8n, head: 0x4000n }, {}] },
  }),
  'ring-tail-past-ring.bin': image({
    bank: { rings: [{ base: 0x1_0000_0000n, config: 8n, tail: 0xffff_ffffn }, {}] },
  }),
  'ring-exception-pending.bin': image({ bank: { ringexpstat: 1n } }),
};
