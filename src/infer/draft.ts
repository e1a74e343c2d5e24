import type { Inference } from './infer.ts';
import type { Ring } from './ring.ts';
import { numberAt, typeOf, type Slot } from './saves.ts';

/** A format file as text: what was inferred as keys, and why as comments. */
export const draftText = (seen: Inference, id: string): string => {
  const { count, ring } = seen;
  const lines = [
    ...evidence(seen),
    `format: ${id}`,
    'title: a first draft, inferred from saves',
    'layout:',
    '  fields:',
    ...fields(seen.header, headerParts(seen), 4),
  ];
  if (count === undefined) {
    lines.push('    # What follows the part that was looked at field by field.', '    body: rest');
  } else {
    lines.push(
      `    # ${seen.elements} elements of ${count.stride} bytes were seen.`,
      '    element:',
      `      array: ${countName(count.slot)}`,
      '      of:',
      '        fields:',
      ...fields(seen.element, ring === undefined ? [] : ringParts(ring), 10),
    );
  }
  if (ring !== undefined && count !== undefined) lines.push(...ringInvariant(ring));
  return `${lines.join('\n')}\n`;
};

const hex = (value: number): string => `0x${value.toString(16)}`;

const place = ({ offset }: Slot): string => `at offset ${hex(offset)}`;

const evidence = (seen: Inference): readonly string[] => {
  const { saves, leftOut, count, counts, sums, counters, ring, repetition, entropy } = seen;
  const lengths = [...new Set(saves.map(({ bytes }) => bytes.length))].sort((a, b) => a - b);
  const lines = [
    `${saves.length} saves of ${lengths.slice(0, 8).join(', ')} bytes were compared.`,
    ...leftOut.map(({ name }) => `Left out, because it begins otherwise: ${printable(name)}`),
    seen.magic > 0
      ? `Magic: the first ${seen.magic} bytes are the same in all of them.`
      : 'Magic: none; the first bytes differ, or say little.',
    ...counts.map(
      (one) =>
        `${one.stride === 1 ? 'Length' : 'Count'}: ${typeOf(one.slot)} ${place(one.slot)}: ` +
        `length = ${one.base} + n × ${one.stride} in ${one.holds} of ${one.of} saves.`,
    ),
    ...sums.map(
      ({ slot, algorithm, from, to }) =>
        `Checksum: ${typeOf(slot)} ${place(slot)} is the ${algorithm} of the bytes from ${from} to ${to}.`,
    ),
    ...counters.map((slot) => `Counter: ${typeOf(slot)} ${place(slot)} grows from save to save.`),
  ];
  if (count === undefined && counts.length === 0)
    lines.push('Count: no number says how long a save is.');
  if (repetition !== undefined) {
    const share = Math.round(100 * repetition.share);
    lines.push(
      `Stride: bytes ${repetition.stride} apart are equal in ${share} % of the places that are not zero.`,
    );
  }
  if (ring !== undefined) {
    lines.push(
      `FIFO: ${ring.size} bytes; head − tail = count modulo ${ring.size} wherever it was seen, ` +
        `${ring.evidence} times with something in it.`,
    );
  }
  lines.push(
    'Entropy of the longest save, in bits for each byte:',
    ...entropy.map(
      ({ offset, length, bits }) => `  ${hex(offset)} + ${length}: ${bits.toFixed(1)}`,
    ),
  );
  return lines.map((line) => `# ${line}`);
};

/** A field that something is known of; all others are cut out of what lies between them. */
interface Part {
  readonly offset: number;
  readonly size: number;
  readonly line: string;
}

const countName = ({ offset }: Slot): string => `count_${offset.toString(16)}`;

const headerParts = ({ magic, count, sums, counters, saves }: Inference): readonly Part[] => {
  const parts: Part[] = [];
  const add = (offset: number, size: number, line: string): void => {
    const free = parts.every(
      (part) => offset >= part.offset + part.size || part.offset >= offset + size,
    );
    if (free) parts.push({ offset, size, line });
  };
  if (magic > 0) {
    const first = saves[0]?.bytes ?? new Uint8Array(0);
    const slot = { offset: 0, size: magic === 8 ? 8 : 4, order: 'le' } as const;
    const value = (numberAt(first, slot) ?? 0n).toString(16);
    add(0, magic, `magic: { type: ${typeOf(slot)}, magic: 0x${value} }`);
  }
  if (count !== undefined) {
    const { slot } = count;
    add(slot.offset, slot.size, `${countName(slot)}: { type: ${typeOf(slot)}, count-of: element }`);
  }
  for (const { slot, algorithm } of sums) {
    const name = `checksum_${slot.offset.toString(16)}`;
    add(
      slot.offset,
      slot.size,
      `${name}: { type: ${typeOf(slot)}, hex: true, doc: "${algorithm}, see above" }`,
    );
  }
  for (const slot of counters) {
    const name = `counter_${slot.offset.toString(16)}`;
    add(slot.offset, slot.size, `${name}: { type: ${typeOf(slot)}, doc: grows from save to save }`);
  }
  return parts;
};

const ringParts = ({ size, buffer, head, tail, count }: Ring): readonly Part[] => [
  { offset: buffer, size, line: `fifo: { bytes: ${size} }` },
  { offset: head, size: 1, line: `head: { type: u8, index-into: { of: fifo, size: ${size} } }` },
  { offset: tail, size: 1, line: `tail: { type: u8, index-into: { of: fifo, size: ${size} } }` },
  { offset: count, size: 1, line: `count: { type: u8, within: [0, ${size}] }` },
];

/** Fields over columns: the parts, and between them words and bytes by what was seen of them. */
const fields = (
  columns: readonly (number | undefined)[],
  parts: readonly Part[],
  indent: number,
): readonly string[] => {
  const lines: string[] = [];
  let at = 0;
  while (at < columns.length) {
    const part = parts.find(({ offset }) => offset === at);
    if (part !== undefined) {
      lines.push(part.line);
      at += part.size;
      continue;
    }
    const next = Math.min(
      columns.length,
      ...parts.map(({ offset }) => offset).filter((offset) => offset > at),
    );
    const size = at % 4 === 0 && next - at >= 4 && !mixed(columns.slice(at, at + 4)) ? 4 : 1;
    lines.push(plain(columns.slice(at, at + size), at));
    at += size;
  }
  return lines.map((line) => `${' '.repeat(indent)}${line}`);
};

/** Some bytes change and others do not, and it is no small number whose upper bytes are zero. */
const mixed = (word: readonly (number | undefined)[]): boolean => {
  const changing = word.map((byte) => byte === undefined);
  if (!changing.includes(true)) return word.slice(1).some((byte) => byte !== 0);
  const last = changing.lastIndexOf(true);
  return changing.slice(0, last).includes(false) || word.slice(last + 1).some((byte) => byte !== 0);
};

const plain = (columns: readonly (number | undefined)[], at: number): string => {
  const type = columns.length === 4 ? 'le32' : 'u8';
  const place = at.toString(16).padStart(2, '0');
  if (columns.includes(undefined)) return `field_${place}: ${type}`;
  const value = columns.reduceRight((sum: number, byte) => sum * 256 + (byte ?? 0), 0);
  return `constant_${place}: { type: ${type}, one-of: ${value} } # the same in all saves`;
};

const ringInvariant = ({ size }: Ring): readonly string[] => [
  'invariants:',
  '  - id: fifo-count',
  '    title: Count of the FIFO contradicts its head and tail',
  '    severity: medium',
  '    confidence: possible',
  '    threat: corruption',
  '    each: element[]',
  `    holds: mod(head - tail - count, ${size}) == 0`,
  '    at: count',
  '    against: head',
  '    message: "count is {count}, head {head}, tail {tail}"',
  '    rationale: It held in every save from which this draft was inferred.',
];

const printable = (name: string): string => name.replaceAll(/[^\x20-\x7e]/gu, '?').slice(0, 200);
