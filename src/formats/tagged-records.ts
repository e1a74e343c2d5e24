import { child, nameOf, numberAt, type Node } from '../layout/node.ts';
import { perUnit, type Breach, type Invariant } from './format.ts';
import type { Draft } from '../layout/draft.ts';

/**
 * The record header that mlx5 and virtio share: a length of 64 bits, flags of which bit 0 says that
 * a reader may pass over the record, and a tag.
 */
export interface RecordHeader {
  readonly size: bigint;
  readonly flags: number;
  readonly tag: number;
}

export const RECORD_HEADER_SIZE = 16;
export const LARGEST_RECORD = 0xffff_ffffn;
/** A record that a reader passes over is a hint or an extension, not a payload. */
const LARGEST_OPTIONAL = 1n << 16n;

const OPTIONAL = 1n;

/** The header at an offset of the first bytes of a state; undefined when it is not all there. */
export const recordHeaderAt = (head: Uint8Array, at: number): RecordHeader | undefined => {
  if (head.length < at + RECORD_HEADER_SIZE) return undefined;
  const view = new DataView(head.buffer, head.byteOffset + at, RECORD_HEADER_SIZE);
  return {
    size: view.getBigUint64(0, true),
    flags: view.getUint32(8, true),
    tag: view.getUint32(12, true),
  };
};

/** Whether a virtio device part of a known type begins at an offset, perhaps with a damaged header. */
export const devicePartsAt = (head: Uint8Array, at: number): boolean =>
  head.length >= at + 4 &&
  (head[at] ?? 0xff) <= 5 &&
  head[at + 1] === 1 &&
  ((head[at + 2] ?? 0xff) <= 1 || head[at + 3] === 0);

export const isOptional = (record: Node): boolean =>
  ((numberAt(record, 'flags') ?? 0n) & OPTIONAL) !== 0n;

/** Whether the tag of a record, which is there, is none that the format knows. */
export const hasUnknownTag = (record: Node): boolean => {
  const tag = child(record, 'tag');
  return typeof tag?.value === 'bigint' && nameOf(tag.layout, tag.value) === undefined;
};

/** Whether the record has this tag, by its name. */
export const hasTag = (record: Node, name: string): boolean => {
  const tag = child(record, 'tag');
  return typeof tag?.value === 'bigint' && nameOf(tag.layout, tag.value) === name;
};

interface RecordRules {
  /** Id of the format; the rules' ids begin with it. */
  readonly id: string;
  readonly source: string;
  /** Records of a sound state, without those of the examples. */
  readonly sound: readonly Draft[];
}

/** What holds of every record, whatever its tag means. */
export const recordInvariants = ({ id, source, sound }: RecordRules): readonly Invariant[] => {
  const extra = (record: Readonly<Record<string, Draft>>): Draft => [
    { flags: 1n, tag: 0x40n, data: new Uint8Array(4), ...record },
    ...sound,
  ];
  const good = [[...sound]];
  return [
    {
      id: `${id}-tag-unknown-mandatory`,
      title: 'Record that must be understood has an unknown tag',
      severity: 'high',
      threats: ['version', 'corruption'],
      cwe: 'CWE-1288',
      rationale: `
The writer did not mark this record as optional, so a reader that passes over it restores something
else than what was saved. The driver refuses it and the session with it.`,
      advice: 'Refuse the state, and tell the operator that the source is newer.',
      sources: [`${source} (EOPNOTSUPP)`],
      examples: () => ({ good, bad: [extra({ flags: 0n })] }),
      watch: perUnit(function* (record) {
        if (!hasUnknownTag(record) || isOptional(record)) return;
        yield {
          field: child(record, 'tag'),
          against: child(record, 'flags'),
          message: `tag ${numberAt(record, 'tag')} is unknown and the record is not optional`,
        };
      }),
    },
    {
      id: `${id}-tag-unknown-optional`,
      title: 'Optional record with an unknown tag',
      severity: 'low',
      threats: ['version'],
      cwe: 'CWE-1288',
      rationale: `
A newer driver may add optional records, and an older one passes over them: that is what the bit is
for. Nothing here knows what the record says, so nothing here checked it.`,
      advice: 'Log the tags of the records that are passed over.',
      sources: [source],
      examples: () => ({ good, bad: [extra({})] }),
      watch: perUnit(function* (record) {
        if (!hasUnknownTag(record) || !isOptional(record)) return;
        yield {
          field: child(record, 'tag'),
          message: `tag ${numberAt(record, 'tag')} is unknown; the record was passed over`,
        };
      }),
    },
    {
      id: `${id}-optional-record-too-large`,
      title: 'Optional record is larger than anything that may be passed over',
      severity: 'high',
      confidence: 'likely',
      threats: ['feeder'],
      cwe: 'CWE-789',
      rationale: `
A record that will be thrown away must not cost memory: its length is read before its bytes arrive,
so sixteen bytes of input could ask for gigabytes. Bytes that are passed over need no buffer, and an
optional record of more than 64 KiB is no hint any more.`,
      advice: 'Discard optional records in pieces, and cap their length before allocating.',
      sources: [source, 'CWE-789'],
      examples: () => ({ good, bad: [extra({ data: new Uint8Array((1 << 16) + 1) })] }),
      watch: perUnit(function* (record): Generator<Breach> {
        const size = numberAt(record, 'record_size') ?? 0n;
        if (!hasUnknownTag(record) || !isOptional(record) || size <= LARGEST_OPTIONAL) return;
        yield {
          field: child(record, 'record_size'),
          message: `record_size of an optional record is ${size}`,
          expected: `at most ${LARGEST_OPTIONAL}`,
        };
      }),
    },
  ];
};
