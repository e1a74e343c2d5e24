import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { expectationLike } from '../../src/check/like.ts';
import { reaches, type Severity } from '../../src/finding/finding.ts';
import type { Expectation } from '../../src/rules/rule.ts';
import { entry, lines } from './walked.ts';

/** What QEMU 10.0.13 did with a changed stream, with real mtty devices behind it. */
interface Row {
  readonly id: string;
  readonly base: string;
  readonly mutation: string;
  readonly splices: readonly {
    readonly at: number;
    readonly delete: number;
    readonly insert_hex: string;
  }[];
  readonly dest: string;
  readonly outcome: 'accepted' | 'rejected';
}

const spliced = (bytes: Uint8Array, splices: Row['splices']): Uint8Array =>
  [...splices]
    .sort((a, b) => b.at - a.at)
    .reduce<Uint8Array>(
      (left, { at, delete: gone, insert_hex: hex }) =>
        Buffer.concat([left.subarray(0, at), Buffer.from(hex, 'hex'), left.subarray(at + gone)]),
      bytes,
    );

const like = async (file: string): Promise<Expectation> =>
  expectationLike(memorySource(file, entry(file)));

const worst = async (bytes: Uint8Array, expect: Expectation = {}): Promise<readonly Severity[]> =>
  (await check(memorySource('stream', bytes), { expect })).findings.map(({ severity }) => severity);

const refused = async (bytes: Uint8Array, expect?: Expectation): Promise<boolean> =>
  (await worst(bytes, expect)).some((severity) => reaches(severity, 'high'));

/** A stream that the destination of a row would take, where there is one. */
const destinations: Readonly<Record<string, string>> = {
  mtty1: 'pc-mtty1.bin',
  mtty2: 'pc-mtty2.bin',
  q35: 'q35-mtty2.bin',
  two: 'pc-two-vfio.bin',
};

const without = async (file: string, name: string): Promise<Expectation> =>
  Object.fromEntries(Object.entries(await like(file)).filter(([key]) => !key.includes(name)));

/** What is taken although the state is incomplete, missing, repeated or out of order. */
const unsound = new RegExp(
  [
    'flag record removed',
    'START section duplicated',
    'END: record removed',
    'section removed',
    'section type 03 -> 02',
    'payload 35 bytes',
    'mtty port',
    'section duplicated',
    'extra second vfio device',
  ].join('|'),
  'u',
);

const rows = lines('incoming-truth.jsonl') as readonly Row[];

describe('what QEMU did with a changed stream', () => {
  const rejected = rows.filter(({ outcome }) => outcome === 'rejected');
  const taken = rows.filter(({ outcome }) => outcome === 'accepted');

  // The rest is about destinations without a stream of their own: the tests below say what they lack.
  // One of them (q005) has its device and only refuses to migrate it, which no bytes could tell.
  it('has four rows that are about the destination only', () => {
    const left = rejected.filter(({ dest }) => !(dest in destinations)).map(({ dest }) => dest);
    assert.deepEqual(left, ['none', 'slot5', 'migoff', 'twoswap']);
  });

  it.each(
    rejected
      .filter(({ dest }) => dest in destinations)
      .map((row) => [row.id, row.mutation, row] as const),
  )('%s refused: %s', async (_id, _mutation, { base, splices, dest }) => {
    const bytes = spliced(entry(base), splices);
    const expect = await like(destinations[dest]!);
    assert.ok((await refused(bytes)) || (await refused(bytes, expect)));
  });

  it.each(taken.map((row) => [row.id, row.mutation, row] as const))(
    '%s took: %s',
    async (_id, mutation, { base, splices, dest }) => {
      const bytes = spliced(entry(base), splices);
      const expect = unsound.test(mutation) ? await like(destinations[dest] ?? base) : {};
      assert.equal(await refused(bytes, expect), unsound.test(mutation));
    },
  );

  it('refuses a device that the destination has not, or has elsewhere', async () => {
    const bytes = entry('pc-mtty1.bin');
    assert.ok(await refused(bytes, await without('pc-mtty1.bin', 'vfio')));
    assert.ok(!(await refused(bytes, await like('pc-mtty1.bin'))));
  });

  it('refuses two devices that the destination has in the other order', async () => {
    const swapped = Object.fromEntries(
      Object.entries(await like('pc-two-vfio.bin')).map(([key, value]) => [
        key.replace(/:0([23])\.0\/vfio\]/u, (_all, slot) => `:0${slot === '2' ? 3 : 2}.0/vfio]`),
        value,
      ]),
    );
    assert.ok(await refused(entry('pc-two-vfio.bin'), swapped));
  });

  it('refuses no genuine stream of the same destination', async () => {
    for (const file of ['pc-mtty1.bin', 'live-switchover-ack-mtty1.ch0.bin']) {
      assert.deepEqual(await worst(entry(file), await like('pc-mtty1.bin')), []);
    }
  });
});

const tag = (kind: number): string => `ffffffffef10000${kind}`;
const u64 = (value: bigint): string => value.toString(16).padStart(16, '0');
const splice = (at: number, gone: number, hex = ''): Row['splices'] => [
  { at, delete: gone, insert_hex: hex },
];

/** Offsets in `qemu10.0-vfio-precopy`: START, PART with 840 bytes, END with 2,516, FULL. */
const at = {
  start: 194,
  setup: 225,
  startEnds: 233,
  partData: 223679,
  end: 224571,
  endData: 224576,
  endEnds: 227108,
  full: 259437,
  configTag: 259468,
  config: 259476,
  configEnds: 263657,
} as const;
const endLength = at.endEnds + 8 + 5 - at.end;
const fullLength = at.configEnds + 8 + 5 - at.full;

const original = entry('qemu10.0-vfio-precopy.bin.gz');
const piece = (from: number, length: number): string =>
  Buffer.from(original.subarray(from, from + length)).toString('hex');

/** What QEMU 10.0 and 11.1 did, and whether a check is to refuse it. */
const outcomes: readonly (readonly [string, 'loads' | 'refused', boolean, Row['splices']])[] = [
  ['nothing', 'loads', false, []],
  ['a tag of 0 in END', 'refused', true, splice(at.endEnds, 0, u64(0n))],
  ['a data length one less', 'refused', true, splice(at.endData + 8, 8, u64(2515n))],
  ['a data length one more', 'refused', true, splice(at.endData + 8, 8, u64(2517n))],
  ['a data length of 2^64-1', 'refused', true, splice(at.endData + 8, 8, 'f'.repeat(16))],
  ['a data length of 2^63', 'refused', true, splice(at.endData + 8, 8, u64(1n << 63n))],
  ['a data record of no bytes', 'loads', false, splice(at.endData, 0, tag(4) + u64(0n))],
  ['SETUP not closed', 'refused', true, splice(at.startEnds, 8, tag(4))],
  ['CONFIG closed by another tag', 'refused', true, splice(at.configEnds, 8, tag(4))],
  ['data in START', 'loads', true, splice(at.setup, 0, `${tag(4)}${u64(4n)}00000000`)],
  ['data in FULL', 'loads', true, splice(at.configTag, 0, `${tag(4)}${u64(4n)}00000000`)],
  ['data instead of CONFIG', 'loads', true, splice(at.configTag, 8, tag(4) + u64(4181n))],
  [
    'CONFIG in END',
    'loads',
    true,
    splice(at.endData, at.endEnds - at.endData, piece(at.configTag, 8 + 4181)),
  ],
  ['END removed', 'loads', true, splice(at.end, endLength)],
  [
    'all data removed',
    'loads',
    true,
    [...splice(at.partData, 856), ...splice(at.endData, at.endEnds - at.endData)],
  ],
  ['FULL removed', 'loads', true, splice(at.full, fullLength)],
  ['END repeated', 'loads', true, splice(at.end, 0, piece(at.end, endLength))],
  ['FULL repeated', 'loads', true, splice(at.full, 0, piece(at.full, fullLength))],
  ['START removed', 'refused', true, splice(at.start, 52)],
  ['version_id 2', 'refused', true, splice(at.setup - 4, 4, '00000002')],
  ['version_id 0', 'loads', false, splice(at.setup - 4, 4, '00000000')],
  ['instance_id 1', 'refused', true, splice(at.setup - 8, 4, '00000001')],
  ['a wrong footer id', 'refused', true, splice(at.endEnds + 9, 4, '00000099')],
  ['a wrong footer marker', 'refused', true, splice(at.endEnds + 8, 1, '7f')],
  ['CONFIG_LOAD_READY', 'refused', true, splice(at.endEnds, 8, tag(6))],
  ['interrupt level 2', 'refused', true, splice(at.config + 4100, 4, '00000002')],
  ['PCIDevice version -1', 'refused', true, splice(at.config, 4, 'ffffffff')],
  ['PCIDevice version 2 little-endian', 'refused', true, splice(at.config, 4, '02000000')],
  ['a BAR at a high address', 'loads', false, splice(at.config + 4 + 0x14, 4, 'ffffff7f')],
  ['pending bits of absent vectors', 'loads', false, splice(at.configEnds - 1, 1, 'ff')],
  ['a cut inside DATA', 'refused', true, splice(at.endData + 500, original.length)],
  ['100 bytes appended', 'loads', false, splice(original.length, 0, '41'.repeat(100))],
  ['a cut description', 'loads', false, splice(original.length - 50, 50)],
];

describe('what QEMU does with an imitated device', () => {
  it.each(outcomes)('%s: QEMU %s', async (_what, _qemu, wanted, splices) => {
    assert.equal(await refused(spliced(original, splices)), wanted);
  });
});
