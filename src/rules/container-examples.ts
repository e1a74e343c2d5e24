import type { QemuItem, SectionItem, VfioPiece } from '../container/qemu/write.ts';
import { mttyState } from './examples.ts';

/** The VFIO device of every example stream: an mtty at slot 2. */
export const vfioName = '0000:00:02.0/vfio';

export const endOfState: VfioPiece = { vfio: 'END_OF_STATE' };
export const setup: VfioPiece = { vfio: 'DEV_SETUP_STATE' };
export const config: VfioPiece = { vfio: 'DEV_CONFIG_STATE', config: {} };
export const header: VfioPiece = { vfio: 'DEV_DATA_STATE', data: mttyState.subarray(0, 24) };
export const port: VfioPiece = { vfio: 'DEV_DATA_STATE', data: mttyState.subarray(24) };

/** A section of the VFIO device. */
export const vfio = (
  item: SectionItem['item'],
  body: SectionItem['body'],
  more: Partial<SectionItem> = {},
): SectionItem => ({ item, idstr: vfioName, body, ...more });

const page = 4096;
const eos = { ram: 'EOS' } as const;

/** The parts of a small stream in order, as QEMU 10.0 writes a paused guest with one VFIO device. */
export const parts = {
  header: [{ item: 'header' }],
  configuration: [{ item: 'configuration', machine: 'pc-i440fx-10.0' }],
  ramStart: [
    {
      item: 'start',
      idstr: 'ram',
      body: [{ ram: 'MEM_SIZE', blocks: [{ name: 'pc.ram', usedLength: 8192n }] }, eos],
    },
  ],
  start: [vfio('start', [setup, endOfState])],
  ramPart: [
    {
      item: 'part',
      idstr: 'ram',
      body: [
        { ram: 'PAGE', block: 'pc.ram', data: new Uint8Array(page).fill(0x5a) },
        { ram: 'ZERO', offset: page },
        eos,
      ],
    },
  ],
  part: [vfio('part', [header, endOfState])],
  switchover: [{ item: 'command', command: 'SWITCHOVER_START' }],
  ramEnd: [{ item: 'end', idstr: 'ram', body: [eos] }],
  end: [vfio('end', [port, endOfState])],
  timer: [{ item: 'full', idstr: 'timer', version: 2, body: [new Uint8Array(24)] }],
  full: [vfio('full', [config, endOfState])],
  eof: [{ item: 'eof' }],
  vmdesc: [{ item: 'vmdesc' }],
  behind: [],
} as const satisfies Readonly<Record<string, readonly QemuItem[]>>;

export type Parts = Readonly<Record<keyof typeof parts, readonly QemuItem[]>>;

/** The small stream with some parts replaced; a part may become none or several. */
export const stream = (change: Partial<Parts> = {}): readonly QemuItem[] =>
  Object.values<readonly QemuItem[]>({ ...parts, ...change }).flat();

export const sound = { container: 'qemu', draft: stream() } as const;

/** The small stream with one thing changed, as an example. */
export const changed = (
  change: Partial<Parts>,
): { readonly container: 'qemu'; readonly draft: readonly QemuItem[] } => ({
  container: 'qemu',
  draft: stream(change),
});
