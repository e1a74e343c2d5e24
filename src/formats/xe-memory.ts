import type { Draft } from '../layout/draft.ts';
import { child, numberAt } from '../layout/node.ts';
import type { Breach, Invariant } from './format.ts';
import { piecesOf } from './pages.ts';
import { typeOf } from './xe-packet.ts';
import { ggtt, guc, vram, words, xeParts, xeSample, xeSave } from './xe-sample.ts';

const GT_MIGRATION = 'linux drivers/gpu/drm/xe/xe_gt_sriov_pf_migration.c';

type Given = Omit<Invariant, 'examples' | 'watch'> & {
  readonly good?: Draft;
  readonly bad: readonly Draft[];
  readonly watch: Invariant['watch'];
};

const invariant = ({ good = xeSample, bad, ...given }: Given): Invariant => ({
  ...given,
  examples: () => ({ good: [good], bad: [bad] }),
});

const MIB = 1n << 20n;

/** More than any save sends in one packet of its type. */
const ceilings: Readonly<Record<string, bigint>> = {
  DESCRIPTOR: 4096n,
  GGTT: 8n * MIB,
  GUC: 64n * MIB,
  VRAM: 512n * MIB,
};

/** Words that the data of a type consists of. */
const units: Readonly<Record<string, bigint>> = { DESCRIPTOR: 4n, GUC: 4n, GGTT: 8n };

/** Bits 2 to 11 of an entry name the function, which the save clears and the restore fills in. */
const VFID = 0xffcn;
const MOST_ENTRIES = 8;

const withMemory = (...pieces: readonly Draft[]): readonly Draft[] => [
  ...xeSave({ trailer: [] }),
  ...pieces,
  xeParts.trailer,
];

export const xeMemoryInvariants: readonly Invariant[] = [
  invariant({
    id: 'xe-packet-too-large',
    title: 'Packet is larger than any that a save sends',
    severity: 'high',
    confidence: 'likely',
    threats: ['feeder'],
    cwe: 'CWE-789',
    rationale: `
The size decides how much memory is taken before the first byte of the data has come. Local memory
is saved in pieces of 512 MiB; a page table for the whole 4 GiB of the global address space has
8 MiB; a descriptor has a few words. A restore path should cap each type.`,
    advice: 'Compare the size with the largest of its type before allocating.',
    sources: [
      'linux drivers/gpu/drm/xe/xe_sriov_packet.c: pkt_init()',
      `${GT_MIGRATION}: local memory is saved in pieces of at most 512 MiB`,
    ],
    bad: xeSave({ guc0: [guc(0n, { size: 1n << 40n })] }),
    watch: () => ({
      *unit(packet) {
        const type = typeOf(packet) ?? '';
        const size = numberAt(packet, 'size') ?? 0n;
        const most = ceilings[type];
        if (most === undefined || size <= most) return;
        yield {
          field: child(packet, 'size'),
          message: `size of ${type} is ${size}`,
          expected: `at most ${most}`,
        };
      },
    }),
  }),
  invariant({
    id: 'xe-packet-empty',
    title: 'Packet without data',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    cwe: 'CWE-476',
    rationale: `
No save sends a part without a byte. For a size of zero no buffer is made, so a restore path should
refuse the packet when its header has come, before anything looks at the buffer.`,
    advice: 'Refuse a size of zero in every packet but the trailer.',
    sources: ['linux drivers/gpu/drm/xe/xe_sriov_packet.c: pkt_init()'],
    bad: xeSave({ guc0: [guc(0n, { data: new Uint8Array(0) })] }),
    watch: () => ({
      *unit(packet) {
        const type = typeOf(packet);
        if (type === undefined || type === 'TRAILER' || numberAt(packet, 'size') !== 0n) return;
        yield { field: child(packet, 'size'), message: `${type} has no data` };
      },
    }),
  }),
  invariant({
    id: 'xe-size-not-in-words',
    title: 'Size is no multiple of the words that the data consists of',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    cwe: 'CWE-1284',
    rationale: `
The descriptor and the firmware's state consist of words of four bytes, the page table of entries of
eight. The driver refuses a descriptor that does not; what is left over behind the last word of the
others was never saved.`,
    advice: 'Refuse a size that is no multiple of the word.',
    sources: [
      'linux drivers/gpu/drm/xe/xe_sriov_packet.c: xe_sriov_packet_process_descriptor() (EINVAL)',
    ],
    bad: xeSave({ guc0: [guc(0n, { data: new Uint8Array(15).fill(7) })] }),
    watch: () => ({
      *unit(packet) {
        const type = typeOf(packet) ?? '';
        const size = numberAt(packet, 'size') ?? 0n;
        const unit = units[type];
        if (unit === undefined || size % unit === 0n) return;
        yield {
          field: child(packet, 'size'),
          message: `size of ${type} is ${size}`,
          expected: `a multiple of ${unit}`,
        };
      },
    }),
  }),
  invariant({
    id: 'xe-page-table-names-function',
    title: 'Page table entry names a virtual function',
    severity: 'high',
    threats: ['corruption', 'feeder', 'guest'],
    cwe: 'CWE-1288',
    rationale: `
Bits 2 to 11 of an entry say which function it belongs to. The save clears them, because the number
differs on the destination, and the restore fills them in. Where they are set, the page table did not
come from a save, and a restore that forgets to replace them gives memory to another function.`,
    advice: 'Clear the bits of every entry before the destination’s function is filled in.',
    sources: [`${GT_MIGRATION}: save and restore of the GGTT`, 'GGTT_PTE_VFID of the xe driver'],
    bad: xeSave({ ggtt: [ggtt(words(0x1001n, 0x2005n))] }),
    watch: () => ({
      *unit(packet) {
        if (typeOf(packet) !== 'GGTT') return;
        let found = 0;
        for (const { node, offset, bytes } of piecesOf(child(packet, 'data'))) {
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          for (let at = 0; at + 8 <= bytes.length && found < MOST_ENTRIES; at += 8) {
            const entry = view.getBigUint64(at, true);
            if ((entry & VFID) === 0n) continue;
            found += 1;
            yield {
              field: node,
              message: `entry ${(offset + at) / 8} is 0x${entry.toString(16)}, with bits 2 to 11 set`,
            };
          }
        }
      },
    }),
  }),
  invariant({
    id: 'xe-memory-wraps',
    title: 'Piece of local memory runs past the end of the address space',
    severity: 'high',
    threats: ['feeder', 'corruption'],
    cwe: 'CWE-190',
    rationale: `
Offset and size together exceed 64 bits. The driver refuses that; a check of the sum alone sees a
small number and lets the piece through.`,
    advice: 'Compare the size with what is left behind the offset; never add the two first.',
    sources: [`${GT_MIGRATION}: restore of local memory (EINVAL)`],
    good: withMemory(vram(0n, 64)),
    bad: withMemory(vram((1n << 64n) - 16n, 64)),
    watch: () => ({
      *unit(packet) {
        const offset = numberAt(packet, 'offset');
        const size = numberAt(packet, 'size');
        if (typeOf(packet) !== 'VRAM' || offset === undefined || size === undefined) return;
        if (offset + size <= 1n << 64n) return;
        yield {
          field: child(packet, 'offset'),
          against: child(packet, 'size'),
          message: `offset 0x${offset.toString(16)} and size ${size} exceed 64 bits`,
        };
      },
    }),
  }),
  invariant({
    id: 'xe-memory-not-contiguous',
    title: 'Pieces of local memory overlap or leave gaps',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    cwe: 'CWE-1288',
    rationale: `
A save walks through the local memory from its beginning, so each piece begins where the one before
ended. After a gap the guest finds what was in the destination's memory before; where pieces overlap,
the later one undoes what was checked of the earlier.`,
    advice: 'Demand that each piece begins where the one before it ended, from offset 0.',
    sources: [`${GT_MIGRATION}: save of local memory in pieces`],
    good: withMemory(vram(0n, 64), vram(64n, 32)),
    bad: withMemory(vram(0n, 64), vram(32n, 32)),
    watch: () => {
      const reached = new Map<bigint, bigint>();
      return {
        *unit(packet): Generator<Breach> {
          const offset = numberAt(packet, 'offset');
          const size = numberAt(packet, 'size');
          if (typeOf(packet) !== 'VRAM' || offset === undefined || size === undefined) return;
          const gt = numberAt(packet, 'gt_id') ?? 0n;
          const end = reached.get(gt) ?? 0n;
          if (offset + size <= 1n << 64n) reached.set(gt, offset + size);
          if (offset === end || offset + size > 1n << 64n) return;
          yield {
            field: child(packet, 'offset'),
            message: `this piece begins at 0x${offset.toString(16)}, the one before ended at 0x${end.toString(16)}`,
            expected: `offset 0x${end.toString(16)}`,
          };
        },
      };
    },
  }),
];
