import { configBytes, type PciConfigDraft } from '../../src/container/qemu/write-config.ts';
import type {
  CommandItem,
  ConfigurationItem,
  QemuItem,
  RamBlockDraft,
  RamPiece,
  SectionItem,
  VfioPiece,
} from '../../src/container/qemu/write.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';
import {
  config,
  endOfState,
  header,
  parts,
  port,
  setup,
  stream,
  vfio,
  vfioName,
  type Parts,
} from '../../src/rules/container-examples.ts';
import { mttyState } from '../../src/rules/examples.ts';
import { libvirtExample } from '../../src/rules/libvirt-example.ts';
import { multifdExample } from '../../src/rules/multifd-example.ts';
import { hex, joined, type Streams } from './edit.ts';

const changed = (change: Partial<Parts>): Uint8Array => writeQemu(stream(change));
const whole = changed({});

/** Bytes from the body of a timer over all sections of the device to the end of the next timer. */
const hiddenLength =
  writeQemu([
    ...parts.timer,
    ...parts.start,
    ...parts.part,
    ...parts.end,
    ...parts.full,
    ...parts.timer,
  ]).length -
  (14 + 'timer'.length) -
  5;

const oneTimer = (size: number): string =>
  JSON.stringify({
    page_size: 4096,
    devices: [
      {
        name: 'timer',
        instance_id: 0,
        version: 2,
        fields: [{ name: 'data', type: 'buffer', size }],
      },
    ],
  });

const returnPath: readonly QemuItem[] = [
  { item: 'command', command: 'OPEN_RETURN_PATH' },
  { item: 'command', command: 'PING', payload: new Uint8Array(4) },
];
const advise: QemuItem = { item: 'command', command: 'POSTCOPY_ADVISE' };
const run: QemuItem = { item: 'command', command: 'POSTCOPY_RUN' };

/** A section of a device without a path, which is none of PCI. */
const pathless = (item: SectionItem['item'], body: SectionItem['body']): SectionItem => ({
  item,
  idstr: 'vfio',
  body,
});

const full = (draft: PciConfigDraft | Uint8Array): Uint8Array =>
  changed({ full: [vfio('full', [{ vfio: 'DEV_CONFIG_STATE', config: draft }, endOfState])] });

const configuration = (change: Partial<ConfigurationItem>): Uint8Array =>
  changed({
    configuration: [{ item: 'configuration', machine: 'pc-i440fx-10.0', ...change }],
  });

const ram = (...body: readonly RamPiece[]): Uint8Array =>
  changed({ ramPart: [{ item: 'part', idstr: 'ram', body: [...body, { ram: 'EOS' }] }] });

const blocks = (total: bigint, ...list: readonly RamBlockDraft[]): Uint8Array =>
  changed({
    ramStart: [
      {
        item: 'start',
        idstr: 'ram',
        body: [{ ram: 'MEM_SIZE', total, blocks: list }, { ram: 'EOS' }],
      },
    ],
  });

/** A stream under mapped-ram, whose two pages lie at 8 KiB of the file. */
const mapped = (region: NonNullable<RamBlockDraft['mapped']>): Uint8Array =>
  changed({
    configuration: [
      {
        item: 'configuration',
        machine: 'pc-i440fx-10.0',
        subsections: [{ name: 'configuration/capabilities', value: ['mapped-ram'] }],
      },
    ],
    ramStart: [
      {
        item: 'start',
        idstr: 'ram',
        body: [
          { ram: 'MEM_SIZE', blocks: [{ name: 'pc.ram', usedLength: 8192n, mapped: region }] },
          { ram: 'EOS' },
        ],
      },
    ],
    ramPart: [],
  });

const command = (item: Omit<CommandItem, 'item'>): Uint8Array =>
  changed({ switchover: [{ item: 'command', ...item }] });

const timer = (change: Partial<SectionItem> = {}): readonly QemuItem[] => [
  { item: 'full', idstr: 'timer', version: 2, body: [new Uint8Array(24)], ...change },
];

const data = (bytes: Uint8Array, length?: bigint): VfioPiece => ({
  vfio: 'DEV_DATA_STATE',
  data: bytes,
  ...(length === undefined ? {} : { length }),
});

const half = mttyState.subarray(24);

const packages = (depth: number): readonly QemuItem[] =>
  depth === 0 ? [] : [{ item: 'command', command: 'PACKAGED', items: packages(depth - 1) }];

const flush = { ram: 'MULTIFD_FLUSH' } as const;
const eos = { ram: 'EOS' } as const;

/** Streams of a small guest with one VFIO device, each with one thing changed. */
export const qemuStreams: Streams = {
  'sound.bin': whole,

  // What a source may write as well.
  'sound-without-footers.bin': changed({ header: [{ item: 'header', footers: false }] }),
  'sound-without-description.bin': changed({ vmdesc: [] }),
  'sound-padded-with-zeros.bin': changed({
    behind: [{ item: 'bytes', bytes: new Uint8Array(512) }],
  }),
  'sound-bytes-appended.bin': changed({
    behind: [{ item: 'bytes', bytes: new Uint8Array(100).fill(0x41) }],
  }),
  'sound-description-cut.bin': whole.subarray(0, whole.length - 40),
  'sound-behind-a-hole.bin': joined(new Uint8Array(4096), whole),
  'sound-part-empty.bin': changed({ part: [...parts.part, vfio('part', [endOfState])] }),
  'sound-data-split.bin': changed({
    end: [vfio('end', [data(half.subarray(0, 5)), data(half.subarray(5)), endOfState])],
  }),
  'sound-data-merged.bin': changed({ part: [], end: [vfio('end', [data(mttyState), endOfState])] }),
  'sound-data-all-in-part.bin': changed({
    part: [vfio('part', [data(mttyState), endOfState])],
    end: [vfio('end', [endOfState])],
  }),
  'sound-data-of-no-bytes.bin': changed({
    part: [vfio('part', [data(new Uint8Array(0)), header, endOfState])],
  }),
  'sound-init-data-sent.bin': changed({
    part: [vfio('part', [header, { vfio: 'DEV_INIT_DATA_SENT' }])],
  }),
  'sound-other-section-id.bin': changed({
    start: [vfio('start', [setup, endOfState], { id: 999 })],
  }),
  'sound-full-before-ram-start.bin': changed({
    header: [...parts.header],
    ramStart: [...timer({ idstr: '0000:00:09.0/virtio-mem-device-early' }), ...parts.ramStart],
  }),
  'sound-multifd-main-channel.bin': changed({
    ramPart: [{ item: 'part', idstr: 'ram', body: [flush, eos] }],
    ramEnd: [{ item: 'end', idstr: 'ram', body: [flush, eos] }],
    end: [vfio('end', [endOfState])],
    full: [vfio('full', [endOfState])],
  }),
  'sound-package.bin': changed({
    timer: [{ item: 'command', command: 'PACKAGED', items: timer() }],
  }),
  'sound-mapped-ram.bin': mapped({ pagesOffset: 8192n }),
  'sound-interrupt-pin-5.bin': full({ registers: { 0x3d: [5] } }),
  'sound-bar-moved.bin': full({ registers: { 0x10: [0x01, 0xc0, 0x00, 0x00] } }),
  'sound-msix.bin': full({ msix: 4, space: 4096 }),

  // The stream itself.
  'magic-damaged.bin': changed({ header: [{ item: 'header', magic: 0x5145564c }] }),
  'version-2.bin': changed({ header: [{ item: 'header', version: 2 }] }),
  'version-4.bin': changed({ header: [{ item: 'header', version: 4 }] }),
  'cut-in-ram.bin': whole.subarray(0, 1000),
  'cut-in-section-header.bin': whole.subarray(0, 40),
  'cut-in-device-data.bin': writeQemu(
    stream({ timer: [], full: [], eof: [], vmdesc: [] }),
  ).subarray(0, -20),
  'cut-before-eof.bin': changed({ eof: [], vmdesc: [] }),
  'eof-in-the-middle.bin': changed({ timer: [{ item: 'eof' }, ...parts.timer] }),
  'item-type-unknown.bin': changed({ switchover: [{ item: 'bytes', bytes: Uint8Array.of(0x55) }] }),
  'configuration-subsection-unknown.bin': configuration({
    subsections: [{ name: 'configuration/else', value: 1 }],
  }),
  'configuration-name-4-gib.bin': configuration({ nameLength: 0xffff_ffff }),
  'configuration-page-bits-63.bin': configuration({
    subsections: [{ name: 'configuration/target-page-bits', value: 63 }],
  }),
  'configuration-machine-empty.bin': configuration({ machine: '' }),
  'command-unknown.bin': command({ command: 99 }),
  'command-ping-too-short.bin': changed({
    configuration: [...parts.configuration, ...returnPath],
    switchover: [{ item: 'command', command: 'PING', payload: new Uint8Array(3) }],
  }),
  'command-discard-name-past-end.bin': changed({
    configuration: [...parts.configuration, ...returnPath, advise],
    switchover: [
      {
        item: 'command',
        command: 'POSTCOPY_RAM_DISCARD',
        payload: Uint8Array.of(0, 200, 0x41, 0),
      },
    ],
  }),
  'package-too-short.bin': changed({
    timer: [{ item: 'command', command: 'PACKAGED', items: timer(), packaged: 20 }],
  }),
  'package-4-gib.bin': changed({
    timer: [{ item: 'command', command: 'PACKAGED', items: timer(), packaged: 0xffff_ffff }],
  }),
  'packages-20-deep.bin': changed({ switchover: packages(20) }),
  'section-name-not-printable.bin': changed({ timer: timer({ idstr: 'tim\u0001er' }) }),
  'section-id-never-began.bin': changed({ start: [], full: [] }),
  'section-id-of-another-device.bin': changed({ timer: timer({ id: 2 }) }),
  'section-id-changes.bin': changed({ full: [vfio('full', [config, endOfState], { id: 99 })] }),
  'section-twice.bin': changed({ timer: [...timer(), ...timer()] }),
  'section-of-a-namesake.bin': changed({ timer: [...timer(), ...timer({ id: 77 })] }),
  'section-without-end.bin': changed({
    header: [{ item: 'header', footers: false }],
    full: [{ item: 'bytes', bytes: new Uint8Array(64).fill(0x55) }],
    eof: [],
    vmdesc: [],
  }),
  'description-hides-sections.bin': changed({
    start: [],
    part: [],
    timer: [...timer(), ...parts.start, ...parts.part, ...parts.end, ...parts.full, ...timer()],
    end: [],
    full: [],
    vmdesc: [{ item: 'vmdesc', text: oneTimer(hiddenLength) }],
  }),
  'footer-missing.bin': changed({ timer: timer({ footer: false }) }),
  'footer-marker-damaged.bin': changed({
    timer: timer({ footer: Uint8Array.of(0x7f, 0, 0, 0, 3) }),
  }),
  'footer-of-another-section.bin': changed({
    end: [vfio('end', [port, endOfState], { footer: 77 })],
  }),
  'description-disagrees.bin': changed({ vmdesc: [{ item: 'vmdesc', sizes: { timer: 23 } }] }),
  'description-claims-8-pib.bin': changed({
    vmdesc: [{ item: 'vmdesc', sizes: { timer: Number.MAX_SAFE_INTEGER } }],
  }),
  'description-deep.bin': changed({
    vmdesc: [{ item: 'vmdesc', text: `{"devices":${'['.repeat(5000)}}` }],
  }),
  'sound-device-without-path.bin': changed({
    start: [pathless('start', [setup, endOfState])],
    part: [pathless('part', [header, endOfState])],
    end: [pathless('end', [port, endOfState])],
    full: [pathless('full', [{ vfio: 'DEV_CONFIG_STATE', config: hex('0a0b0c') }, endOfState])],
  }),
  'sound-postcopy-commands.bin': changed({
    configuration: [...parts.configuration, ...returnPath, advise],
    switchover: [...parts.switchover, { item: 'command', command: 'POSTCOPY_LISTEN' }, run],
  }),
  'command-ping-without-return-path.bin': changed({
    configuration: [...parts.configuration, ...returnPath.slice(1)],
  }),
  'command-run-before-listen.bin': changed({
    configuration: [...parts.configuration, ...returnPath, advise],
    switchover: [...parts.switchover, run],
  }),
  'configuration-capability-unknown.bin': changed({
    configuration: [
      {
        item: 'configuration',
        machine: 'pc-i440fx-10.0',
        subsections: [{ name: 'configuration/capabilities', value: ['x-ignore-shred'] }],
      },
    ],
  }),
  'configuration-subsection-twice.bin': changed({
    configuration: [
      {
        item: 'configuration',
        machine: 'pc-i440fx-10.0',
        subsections: [
          { name: 'configuration/target-page-bits', value: 12 },
          { name: 'configuration/target-page-bits', value: 12 },
        ],
      },
    ],
  }),
  'ram-block-twice.bin': changed({
    ramStart: [
      {
        ...parts.ramStart[0],
        body: [
          {
            ram: 'MEM_SIZE',
            blocks: [
              { name: 'pc.ram', usedLength: 8192n },
              { name: 'pc.ram', usedLength: 8192n },
            ],
          },
          { ram: 'EOS' },
        ],
      },
    ],
  }),
  'ram-page-before-list.bin': changed({
    ramStart: [
      {
        ...parts.ramStart[0],
        body: [{ ram: 'ZERO', block: 'pc.ram', offset: 0 }, ...parts.ramStart[0].body],
      },
    ],
  }),
  'ram-version-5.bin': changed({
    ramStart: [{ ...parts.ramStart[0], version: 5 }],
  }),
  'dirty-bitmap-version-2.bin': changed({
    switchover: [
      { item: 'start', idstr: 'dirty-bitmap', version: 2, body: [Uint8Array.of(1)] },
      { item: 'end', idstr: 'dirty-bitmap', body: [Uint8Array.of(1)] },
    ],
  }),
  'htab-version-0.bin': changed({
    switchover: [
      { item: 'start', idstr: 'spapr/htab', version: 0, body: [hex('ffffffff')] },
      { item: 'end', idstr: 'spapr/htab', body: [hex('ffffffff')] },
    ],
  }),
  'iterables-of-other-targets.bin': changed({
    switchover: [
      { item: 'start', idstr: 'dirty-bitmap', version: 1, body: [Uint8Array.of(1)] },
      { item: 'start', idstr: 'spapr/htab', version: 1, body: [hex('ffffffff')] },
      {
        item: 'start',
        idstr: 's390-storage_attributes',
        version: 0,
        body: [hex('0000000000000001')],
      },
      { item: 'end', idstr: 'dirty-bitmap', body: [Uint8Array.of(1)] },
      { item: 'end', idstr: 'spapr/htab', body: [hex('ffffffff')] },
      { item: 'end', idstr: 's390-storage_attributes', body: [hex('0000000000000001')] },
    ],
  }),
  'dirty-bitmap-flags-undefined.bin': changed({
    switchover: [{ item: 'start', idstr: 'dirty-bitmap', body: [Uint8Array.of(0x80, 0x7f)] }],
  }),

  // RAM.
  'ram-flags-of-two-kinds.bin': ram({ ram: 0x0a }),
  'ram-hook.bin': ram({ ram: 0x80 }),
  'ram-block-not-announced.bin': ram({ ram: 'ZERO', block: 'pc.rom' }),
  'ram-continue-without-block.bin': ram({ ram: 'ZERO' }),
  'ram-offset-past-block.bin': ram({ ram: 'ZERO', block: 'pc.ram', offset: 8192 }),
  'ram-zero-page-of-ones.bin': ram({ ram: 'ZERO', block: 'pc.ram', data: Uint8Array.of(1) }),
  'ram-xbzrle-longer-than-page.bin': ram({
    ram: 'XBZRLE',
    block: 'pc.ram',
    data: new Uint8Array(5000),
  }),
  'ram-compressed-4-gib.bin': ram({
    ram: 'COMPRESS_PAGE',
    block: 'pc.ram',
    data: new Uint8Array(8),
    length: 0xffff_fff0,
  }),
  'ram-blocks-overshoot-total.bin': blocks(4096n, { name: 'pc.ram', usedLength: 8192n }),
  'ram-blocks-short-of-total.bin': blocks(1n << 40n, { name: 'pc.ram', usedLength: 8192n }),
  'mapped-ram-page-size-0.bin': mapped({ pagesOffset: 8192n, pageSize: 0n }),
  'mapped-ram-version-2.bin': mapped({ pagesOffset: 8192n, version: 2 }),
  'mapped-ram-pages-point-back.bin': mapped({ pagesOffset: 0n }),
  'mapped-ram-pages-past-2-63.bin': mapped({ pagesOffset: 1n << 63n }),
  'mapped-ram-bitmap-over-header.bin': mapped({ pagesOffset: 8192n, bitmapOffset: 8n }),

  // Sections of the VFIO device that are missing, repeated or out of order.
  'vfio-start-missing.bin': changed({ start: [], part: [], end: [] }),
  'vfio-start-twice.bin': changed({ start: [...parts.start, ...parts.start] }),
  'vfio-start-without-setup.bin': changed({ start: [vfio('start', [endOfState])] }),
  'vfio-start-version-0.bin': changed({
    start: [vfio('start', [setup, endOfState], { version: 0 })],
  }),
  'vfio-start-version-2.bin': changed({
    start: [vfio('start', [setup, endOfState], { version: 2 })],
  }),
  'vfio-start-instance-1.bin': changed({
    start: [vfio('start', [setup, endOfState], { instance: 1, id: 2 })],
    part: [vfio('part', [header, endOfState], { id: 2 })],
    end: [vfio('end', [port, endOfState], { id: 2 })],
    full: [vfio('full', [config, endOfState], { id: 2 })],
  }),
  'vfio-end-missing.bin': changed({ end: [] }),
  'vfio-end-twice.bin': changed({ end: [...parts.end, ...parts.end] }),
  'vfio-end-is-a-part.bin': changed({ end: [vfio('part', [port, endOfState])] }),
  'vfio-part-behind-end.bin': changed({ part: [], end: [...parts.end, ...parts.part] }),
  'vfio-full-missing.bin': changed({ full: [] }),
  'vfio-full-twice.bin': changed({ full: [...parts.full, ...parts.full] }),
  'vfio-full-before-end.bin': changed({ end: [], full: [...parts.full, ...parts.end] }),
  'vfio-full-without-config.bin': changed({ full: [vfio('full', [endOfState])] }),
  'vfio-config-in-end.bin': changed({ end: [vfio('end', [port, config, endOfState])] }),
  'vfio-data-in-start.bin': changed({
    start: [vfio('start', [data(half.subarray(0, 4)), setup, endOfState])],
  }),
  'vfio-data-in-full.bin': changed({
    full: [vfio('full', [data(half.subarray(0, 4)), config, endOfState])],
  }),
  'vfio-data-instead-of-config.bin': changed({ full: [vfio('full', [data(half), endOfState])] }),
  'vfio-data-nowhere.bin': changed({
    part: [vfio('part', [endOfState])],
    end: [vfio('end', [endOfState])],
  }),
  'vfio-setup-in-end.bin': changed({ end: [vfio('end', [port, setup, endOfState])] }),
  'vfio-init-data-sent-in-end.bin': changed({
    end: [vfio('end', [port, { vfio: 'DEV_INIT_DATA_SENT' }])],
  }),
  'vfio-config-load-ready-without-multifd.bin': changed({
    full: [vfio('full', [{ vfio: 'DEV_CONFIG_LOAD_READY' }])],
  }),

  // Records of the VFIO device.
  'vfio-tag-0.bin': changed({ end: [vfio('end', [port, { vfio: 0n }, endOfState])] }),
  'vfio-tag-7.bin': changed({
    end: [vfio('end', [port, { vfio: 0xffff_ffff_ef10_0007n }, endOfState])],
  }),
  'vfio-tag-in-other-byte-order.bin': changed({
    start: [vfio('start', [{ vfio: 0x0300_10ef_ffff_ffffn }, endOfState])],
  }),
  'vfio-end-of-state-missing.bin': changed({ part: [vfio('part', [header])] }),
  'vfio-setup-not-closed.bin': changed({ start: [vfio('start', [setup])] }),
  'vfio-config-closed-by-data.bin': changed({
    full: [vfio('full', [config, data(new Uint8Array(0)), endOfState])],
  }),
  'vfio-data-length-one-more.bin': changed({ end: [vfio('end', [data(half, 37n), endOfState])] }),
  'vfio-data-length-one-less.bin': changed({ end: [vfio('end', [data(half, 35n), endOfState])] }),
  'vfio-data-length-2-31.bin': changed({ end: [vfio('end', [data(half, 1n << 31n), endOfState])] }),
  'vfio-data-length-2-63.bin': changed({ end: [vfio('end', [data(half, 1n << 63n), endOfState])] }),
  'vfio-data-length-2-64-less-1.bin': changed({
    end: [vfio('end', [data(half, (1n << 64n) - 1n), endOfState])],
  }),

  // The config record.
  'config-cut.bin': changed({
    full: [vfio('full', [{ vfio: 'DEV_CONFIG_STATE', config: new Uint8Array(100) }])],
  }),
  'config-one-byte-less.bin': full(configBytes().subarray(0, -1)),
  'config-one-byte-more.bin': full(joined(configBytes(), new Uint8Array(1))),
  'config-msix-table-of-another-size.bin': full(
    joined(configBytes({ msix: 4 }), new Uint8Array(16)),
  ),
  'config-subsection-unknown.bin': full(
    joined(configBytes(), Uint8Array.of(5, 1, 0x78, 0, 0, 0, 1)),
  ),
  'config-version-0.bin': full({ version: 0 }),
  'config-version-3.bin': full({ version: 3 }),
  'config-version-negative.bin': full({ version: -1 }),
  'config-version-little-endian.bin': full({ version: 0x0200_0000 }),
  'config-interrupt-level-2.bin': full({ irq: [0, 0, 2, 0] }),
  'config-pending-vector-that-is-not-there.bin': full({ msix: 4, pending: [0x10] }),
  'config-capabilities-loop.bin': full({ msix: 4, registers: { 0x41: [0x40] } }),
  'config-capability-in-header.bin': full({ msix: 4, registers: { 0x41: [0x04] } }),
  'config-vendor-ffff.bin': full({ vendor: 0xffff }),
  'config-all-zero.bin': full(joined(Uint8Array.of(0, 0, 0, 2), new Uint8Array(272))),

  // For another destination; the manifest says which.
  'destination-machine-q35.bin': configuration({ machine: 'pc-q35-10.0' }),
  'destination-needs-mapped-ram.bin': mapped({ pagesOffset: 12288n }),
  'destination-device-at-slot-5.bin': writeQemu(
    stream().map((item) =>
      'idstr' in item && item.idstr === vfioName ? { ...item, idstr: '0000:00:05.0/vfio' } : item,
    ),
  ),
  'destination-has-one-device-more.bin': changed({ timer: [] }),
  'destination-section-version.bin': changed({ timer: timer({ version: 3 }) }),
  'destination-pci-device.bin': full({ device: 0x3254 }),
  'destination-pci-revision.bin': full({ revision: 0x11 }),
  'destination-pci-class.bin': full({ class: 0x020000 }),
  'destination-pci-header-type.bin': full({ headerType: 1 }),
  'destination-pci-bar-type.bin': full({ registers: { 0x10: [0x0c] } }),
  'destination-pci-capability-pointer.bin': full({ registers: { 0x34: [0x40] } }),

  // libvirt save images.
  'libvirt-sound.bin': libvirtExample({}).bytes,
  'libvirt-part.bin': libvirtExample({ magic: 'LibvirtQemudPart' }).bytes,
  'libvirt-magic-damaged.bin': libvirtExample({ magic: 'LibvirtQemuxSave' }).bytes,
  'libvirt-version-3.bin': libvirtExample({ version: 3 }).bytes,
  'libvirt-format-9.bin': libvirtExample({ format: 9 }).bytes,
  'libvirt-format-gzip-but-raw.bin': libvirtExample({ format: 1 }).bytes,
  'libvirt-data-length-0.bin': libvirtExample({ dataLength: 0 }).bytes,
  'libvirt-data-length-4-gib.bin': libvirtExample({ dataLength: 0xffff_ffff }).bytes,
  'libvirt-cookie-past-end.bin': libvirtExample({ cookieOffset: 1 << 20 }).bytes,
  'libvirt-xml-without-nul.bin': libvirtExample({
    xml: '<domain/>',
    padding: new Uint8Array(0),
  }).bytes,

  // Side channels of multifd.
  'channel-sound.bin': multifdExample({ device: {} }).bytes,
  'channel-version-2.bin': multifdExample({ version: 2 }).bytes,
  'channel-200-pages.bin': multifdExample({ normal: 200 }).bytes,
  'channel-packet-version-1.bin': multifdExample({ device: { version: 1 } }).bytes,
  'channel-packet-index-2-32.bin': multifdExample({ device: { index: 0xffff_fffe } }).bytes,
  'channel-packet-twice.bin': multifdExample({ device: { times: 2 } }).bytes,
};
