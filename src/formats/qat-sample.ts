import type { Draft } from '../layout/draft.ts';

type Fields = Readonly<Record<string, Draft>>;

/** A section of the image: its size and its number of subsections follow from what it holds. */
export const section = (id: string, data: Draft, header: Fields = {}): Fields => ({
  id,
  ...header,
  data,
});

/** A section that holds one value; a `Uint8Array` stands for bytes of any length in its place. */
export const valueSection = (id: string, value: Draft, header: Fields = {}): Fields =>
  section(id, value instanceof Uint8Array ? value : { [id]: value }, header);

const QAT_IMAGE_SIZE = 4096;

/** What one image says, part by part; each part can be replaced to show what is wrong with it. */
export interface QatParts {
  readonly gencap?: Draft;
  readonly svcmap?: Draft;
  readonly extdc?: Draft;
  readonly iovinit?: Draft;
  readonly compver?: Draft;
  readonly slas?: readonly Draft[];
  readonly misc?: readonly Draft[];
  /** Fields of the first bank's registers that differ from those of an idle bank. */
  readonly bank?: Fields;
  readonly setup?: Fields;
  readonly state?: Fields;
  /** Bytes from the start to where the tail begins, when parts change the usual 2340. */
  readonly used?: number;
  readonly tail?: Uint8Array;
}

/** Registers of one bank with two rings that the guest has set up and that are empty. */
const bankRegisters = (bank: number, changed: Fields = {}): Fields => ({
  ringestat: 0xffffn,
  ringsrvarben: 3n,
  rings: [0, 1].map((ring) => ({
    base: 0x1_0000_0000n + 0x4000n * BigInt(2 * bank + ring),
    config: 8n,
  })),
  ...changed,
});

export const setupSections = (parts: QatParts = {}): readonly Draft[] => [
  section('CONFIG', [
    valueSection('gencap', parts.gencap ?? 0x000f_ffffn),
    valueSection('svcmap', parts.svcmap ?? 0x0249n),
    valueSection('extdc', parts.extdc ?? 1n),
  ]),
];

const general = (parts: QatParts): Draft =>
  section('GENER', [
    valueSection('iovinit', parts.iovinit ?? 1n),
    valueSection('compver', parts.compver ?? 5n),
    section('sla', { slas: parts.slas ?? [] }),
  ]);

export const miscSections: readonly Draft[] = [
  valueSection('visrc', 0n),
  valueSection('vimsk', 1n),
  valueSection('vispv', 0n),
  valueSection('vimpv', 1n),
  valueSection('pf2vm', 0n),
  valueSection('vm2pf', 0n),
];

export const stateSections = (parts: QatParts = {}): readonly Draft[] => [
  general(parts),
  section('MISCBAR', parts.misc ?? miscSections),
  section(
    'ETRBAR',
    [0, 1, 2, 3].map((bank) =>
      section(`bnk${bank}`, [
        section('mregs', bankRegisters(bank, bank === 0 ? parts.bank : undefined)),
      ]),
    ),
  ),
];

/** A whole image of 4096 bytes as the driver saves it, zeros behind its last section. */
export const qatImage = (parts: QatParts = {}): Fields => {
  const used = parts.used ?? 2340 + 24 * (parts.slas?.length ?? 0);
  return {
    setup: { sections: setupSections(parts), ...parts.setup },
    state: { sections: stateSections(parts), ...parts.state },
    tail: parts.tail ?? new Uint8Array(QAT_IMAGE_SIZE - used),
  };
};
