import { configBytes, type PciConfigDraft } from './write-config.ts';
import { Output } from './write-output.ts';
import {
  commands,
  QEMU_VM_COMMAND,
  QEMU_VM_CONFIGURATION,
  QEMU_VM_EOF,
  QEMU_VM_FILE_MAGIC,
  QEMU_VM_FILE_VERSION,
  QEMU_VM_SECTION_FOOTER,
  QEMU_VM_SUBSECTION,
  QEMU_VM_VMDESCRIPTION,
  RAM_SAVE_FLAG,
  vfioTagHigh,
  vfioTagNames,
  vfioTagPrefix,
} from './wire.ts';
import type { SectionType } from '../events.ts';

/**
 * A QEMU stream as its parts. What a part leaves out is derived: lengths, the ids of later sections
 * of a device, footers, the sizes in the description. What it gives is written as given, right or
 * wrong.
 */
export type QemuItem =
  | HeaderItem
  | ConfigurationItem
  | CommandItem
  | SectionItem
  | { readonly item: 'eof' }
  | VmdescItem
  | { readonly item: 'bytes'; readonly bytes: Uint8Array };

export interface HeaderItem {
  readonly item: 'header';
  readonly magic?: number;
  readonly version?: number;
  /** False leaves out the footers that are not given. */
  readonly footers?: boolean;
}

export interface ConfigurationItem {
  readonly item: 'configuration';
  readonly machine: string;
  readonly nameLength?: number;
  readonly subsections?: readonly {
    readonly name: string;
    readonly version?: number;
    /** Page bits, capability names, or raw bytes. */
    readonly value: number | readonly string[] | Uint8Array;
  }[];
}

export interface CommandItem {
  readonly item: 'command';
  /** A name of the table in `wire.ts`, or any number. */
  readonly command: string | number;
  readonly payload?: Uint8Array;
  readonly length?: number;
  /** PACKAGED: the items of the package, and its length where it is to be another. */
  readonly items?: readonly QemuItem[];
  readonly packaged?: number;
}

export interface SectionItem {
  readonly item: SectionType;
  /** Names the device; PART and END are written with the id of the section that has this name. */
  readonly idstr: string;
  readonly instance?: number;
  readonly version?: number;
  readonly id?: number;
  readonly body: Iterable<Piece>;
  /** The id in the footer, other bytes in its place, or false for none. */
  readonly footer?: number | Uint8Array | false;
}

export interface VmdescItem {
  readonly item: 'vmdesc';
  /** Sizes that differ from those of the bodies, by idstr. */
  readonly sizes?: Readonly<Record<string, number>>;
  readonly text?: string;
  readonly length?: number;
  readonly pageSize?: number;
}

/** One stretch of a section body. */
export type Piece = Uint8Array | RamPiece | VfioPiece;

export type RamKind = Exclude<keyof typeof RAM_SAVE_FLAG, 'CONTINUE' | 'MEM_SIZE'>;

export type RamPiece =
  | {
      readonly ram: 'MEM_SIZE';
      readonly blocks: readonly RamBlockDraft[];
      readonly total?: bigint;
    }
  | {
      readonly ram: RamKind | number;
      /** The block; without it the record continues the block named last. */
      readonly block?: string;
      readonly offset?: number;
      /** The page, the encoded page, or the fill byte of a ZERO record. */
      readonly data?: Uint8Array;
      /** XBZRLE and COMPRESS_PAGE: the length as written. */
      readonly length?: number;
    };

export interface RamBlockDraft {
  readonly name: string;
  readonly usedLength: bigint;
  readonly pageSize?: bigint;
  readonly address?: bigint;
  /** mapped-ram: the header, whose offsets are derived; pages and bitmap are written as zeros. */
  readonly mapped?: {
    readonly version?: number;
    readonly pageSize?: bigint;
    readonly bitmapOffset?: bigint;
    readonly pagesOffset?: bigint;
  };
}

export type VfioPiece =
  | { readonly vfio: string | bigint }
  | {
      readonly vfio: 'DEV_DATA_STATE';
      readonly data: Uint8Array;
      readonly length?: bigint;
    }
  | { readonly vfio: 'DEV_CONFIG_STATE'; readonly config: PciConfigDraft | Uint8Array };

interface Written {
  readonly idstr: string;
  readonly instance: number;
  readonly version: number;
  readonly size: number;
}

/** What the writer remembers of the sections so far. */
interface Ledger {
  readonly ids: Map<string, number>;
  readonly full: Written[];
  footers: boolean;
}

/** The bytes of a stream in blocks of about 256 KiB, so that it may be larger than memory. */
export const qemuBlocks = (items: Iterable<QemuItem>, start = 0): Generator<Uint8Array> =>
  blocksOf(items, { ids: new Map(), full: [], footers: true }, start);

function* blocksOf(
  items: Iterable<QemuItem>,
  ledger: Ledger,
  start: number,
): Generator<Uint8Array> {
  const out = new Output(start);
  for (const item of items) {
    writeItem(out, ledger, item);
    yield* out.blocks(1 << 18);
    if ('body' in item) yield* writeBody(out, ledger, item);
  }
  yield* out.blocks(0);
}

/** The bytes of a stream that fits into memory. */
export const writeQemu = (items: Iterable<QemuItem>, start = 0): Uint8Array =>
  joined(qemuBlocks(items, start));

const joined = (pieces: Iterable<Uint8Array>): Uint8Array => {
  const blocks = [...pieces];
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    bytes.set(block, at);
    at += block.length;
  }
  return bytes;
};

const writeItem = (out: Output, ledger: Ledger, item: QemuItem): void => {
  switch (item.item) {
    case 'header':
      ledger.footers = item.footers ?? true;
      out.u32(item.magic ?? QEMU_VM_FILE_MAGIC);
      out.u32(item.version ?? QEMU_VM_FILE_VERSION);
      break;
    case 'configuration':
      writeConfiguration(out, item);
      break;
    case 'command':
      writeCommand(out, ledger, item);
      break;
    case 'eof':
      out.u8(QEMU_VM_EOF);
      break;
    case 'vmdesc':
      writeVmdesc(out, ledger, item);
      break;
    case 'bytes':
      out.bytes(item.bytes);
      break;
    default:
      writeHeader(out, ledger, item);
  }
};

const writeConfiguration = (out: Output, item: ConfigurationItem): void => {
  out.u8(QEMU_VM_CONFIGURATION);
  out.u32(item.nameLength ?? item.machine.length);
  out.text(item.machine);
  for (const { name, version, value } of item.subsections ?? []) {
    out.u8(QEMU_VM_SUBSECTION);
    out.counted(name);
    out.u32(version ?? 1);
    if (value instanceof Uint8Array) out.bytes(value);
    else if (typeof value === 'number') out.u32(value);
    else {
      out.u32(value.length);
      for (const capability of value) out.counted(capability);
    }
  }
};

const writeCommand = (out: Output, ledger: Ledger, item: CommandItem): void => {
  const { command, items, payload = new Uint8Array(0) } = item;
  const known = commands.findIndex((each) => each?.name === command);
  const inner = items === undefined ? undefined : joined(blocksOf(items, ledger, 0));
  out.u8(QEMU_VM_COMMAND);
  out.u16(typeof command === 'number' ? command : known);
  out.u16(item.length ?? (inner === undefined ? payload.length : 4));
  if (inner === undefined) out.bytes(payload);
  else {
    out.u32(item.packaged ?? inner.length);
    out.bytes(inner);
  }
};

const sectionTypes: Readonly<Record<SectionType, number>> = { start: 1, part: 2, end: 3, full: 4 };

const writeHeader = (out: Output, ledger: Ledger, item: SectionItem): void => {
  const { idstr, instance = 0 } = item;
  out.u8(sectionTypes[item.item]);
  out.u32(idOf(ledger, item));
  if (item.item === 'part' || item.item === 'end') return;
  out.counted(idstr);
  out.u32(instance);
  out.u32(item.version ?? (idstr === 'ram' ? 4 : 1));
};

const idOf = (ledger: Ledger, { id, idstr, instance = 0 }: SectionItem): number => {
  const key = `${idstr}#${instance}`;
  const known = ledger.ids.get(key);
  const given = id ?? known ?? ledger.ids.size + 1;
  if (known === undefined) ledger.ids.set(key, given);
  return given;
};

function* writeBody(out: Output, ledger: Ledger, item: SectionItem): Generator<Uint8Array> {
  const from = out.position;
  for (const piece of item.body) {
    if (piece instanceof Uint8Array) out.bytes(piece);
    else if ('ram' in piece) writeRam(out, piece);
    else writeVfio(out, piece);
    yield* out.blocks(1 << 18);
  }
  const { idstr, instance = 0, version = 1, footer } = item;
  if (item.item === 'full') {
    ledger.full.push({ idstr, instance, version, size: out.position - from });
  }
  if (footer instanceof Uint8Array) out.bytes(footer);
  else if (footer !== false && (footer !== undefined || ledger.footers)) {
    out.u8(QEMU_VM_SECTION_FOOTER);
    out.u32(footer ?? idOf(ledger, item));
  }
}

const writeRam = (out: Output, piece: RamPiece): void => {
  if (piece.ram === 'MEM_SIZE') {
    if (!('blocks' in piece)) return;
    const total = piece.total ?? piece.blocks.reduce((sum, block) => sum + block.usedLength, 0n);
    out.u64(total | BigInt(RAM_SAVE_FLAG.MEM_SIZE));
    for (const block of piece.blocks) writeBlock(out, block);
    return;
  }
  if ('blocks' in piece) return;
  const { ram, block, offset = 0, data, length } = piece;
  const kind = typeof ram === 'number' ? ram : RAM_SAVE_FLAG[ram];
  const bare = ram === 'EOS' || ram === 'MULTIFD_FLUSH' || typeof ram === 'number';
  const same = bare || block !== undefined ? 0 : RAM_SAVE_FLAG.CONTINUE;
  out.u64(BigInt(offset) | BigInt(kind | same));
  if (block !== undefined) out.counted(block);
  if (ram === 'XBZRLE') {
    out.u8(1);
    out.u16(length ?? data?.length ?? 0);
  } else if (ram === 'COMPRESS_PAGE') out.u32(length ?? data?.length ?? 0);
  if (data !== undefined) out.bytes(data);
  else if (ram === 'ZERO') out.u8(0);
  else if (ram === 'PAGE') out.zeros(4096);
};

const writeBlock = (out: Output, block: RamBlockDraft): void => {
  out.counted(block.name);
  out.u64(block.usedLength);
  if (block.pageSize !== undefined) out.u64(block.pageSize);
  if (block.address !== undefined) out.u64(block.address);
  if (block.mapped === undefined) return;
  const { version, pageSize, bitmapOffset, pagesOffset } = block.mapped;
  const bitmap = BigInt(out.position + 28);
  const bitmapLength = ((block.usedLength / 4096n + 63n) / 64n) * 8n;
  const mebibyte = 1n << 20n;
  const pages = ((bitmap + bitmapLength + mebibyte - 1n) / mebibyte) * mebibyte;
  out.u32(version ?? 1);
  out.u64(pageSize ?? 4096n);
  out.u64(bitmapOffset ?? bitmap);
  out.u64(pagesOffset ?? pages);
  const next = Number((pagesOffset ?? pages) + block.usedLength);
  // An offset that points back, or nowhere, is written and not followed.
  if (next > out.position && next - out.position < 1 << 28) out.zeros(next - out.position);
};

const tagOf = (tag: string | bigint): bigint =>
  typeof tag === 'bigint'
    ? tag
    : (BigInt(vfioTagHigh) << 32n) |
      BigInt((vfioTagPrefix << 16) >>> 0) |
      BigInt(vfioTagNames.indexOf(tag));

const writeVfio = (out: Output, piece: VfioPiece): void => {
  out.u64(tagOf(piece.vfio));
  if ('data' in piece) {
    out.u64(piece.length ?? BigInt(piece.data.length));
    out.bytes(piece.data);
  } else if ('config' in piece) {
    out.bytes(piece.config instanceof Uint8Array ? piece.config : configBytes(piece.config));
  }
};

const writeVmdesc = (out: Output, ledger: Ledger, item: VmdescItem): void => {
  const devices = ledger.full.map(({ idstr, instance, version, size }) => ({
    name: idstr,
    instance_id: instance,
    vmsd_name: idstr,
    version,
    fields: [{ name: 'data', type: 'buffer', size: item.sizes?.[idstr] ?? size }],
  }));
  const text = item.text ?? JSON.stringify({ page_size: item.pageSize ?? 4096, devices });
  out.u8(QEMU_VM_VMDESCRIPTION);
  out.u32(item.length ?? text.length);
  out.text(text);
};
