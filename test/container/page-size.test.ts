import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { writeQemu, type QemuItem, type RamPiece } from '../../src/container/qemu/write.ts';
import { parts, stream } from '../../src/rules/container-examples.ts';
import { faultsOf, fileOf, pipeOf, walked, type Walked } from './walked.ts';

/** Guest memory without any two bytes that could be flags. */
const filled = (length: number): Uint8Array => new Uint8Array(length).fill(0x5a);

/** A stream without VFIO whose RAM has `blockBytes` and these records. */
const withRam = (
  blockBytes: number,
  records: readonly RamPiece[],
  more: Parameters<typeof stream>[0] = {},
): readonly QemuItem[] =>
  stream({
    ramStart: [
      {
        item: 'start',
        idstr: 'ram',
        body: [
          { ram: 'MEM_SIZE', blocks: [{ name: 'ram', usedLength: BigInt(blockBytes) }] },
          { ram: 'EOS' },
        ],
      },
    ],
    start: [],
    ramPart: [{ item: 'part', idstr: 'ram', body: [...records, { ram: 'EOS' }] }],
    part: [],
    end: [],
    full: [],
    ...more,
  });

const ways = (bytes: Uint8Array): readonly Walked[] => [
  walked(bytes, fileOf(bytes), (left) => left),
  walked(bytes, pipeOf(bytes), () => 4093),
  walked(bytes, pipeOf(bytes), () => 1),
];

const recordsOf = ({ events }: Walked): readonly unknown[] =>
  events.flatMap((event) =>
    event.kind === 'section-end' && event.section.type === 'part' ? [event.ram] : [],
  );

describe.each([1024, 4096, 8192])('a target with pages of %i bytes', (page) => {
  const same = [
    { ram: 'PAGE', offset: page, data: filled(page) },
    { ram: 'ZERO', offset: 2 * page },
    { ram: 'PAGE', offset: 3 * page, data: filled(page) },
  ] as const;
  const first = {
    'a page': { ram: 'PAGE', block: 'ram', data: filled(page) },
    'a page of zeros': { ram: 'ZERO', block: 'ram' },
  } as const;
  const described = [{ item: 'vmdesc', pageSize: page }] as const;

  it.each(Object.entries(first))('is told by its records that begin with %s', (_what, record) => {
    for (const vmdesc of [described, []]) {
      const bytes = writeQemu(withRam(4 * page, [record, ...same], { vmdesc }));
      const zeros = record.ram === 'ZERO' ? 2 : 1;
      for (const way of ways(bytes)) {
        assert.deepEqual(faultsOf(way), []);
        assert.deepEqual(recordsOf(way), [{ PAGE: 4 - zeros, ZERO: zeros, EOS: 1 }]);
      }
    }
  });

  it('is told by one page that is alone', () => {
    const bytes = writeQemu(withRam(page, [first['a page']], { vmdesc: described }));
    for (const way of ways(bytes)) assert.deepEqual(faultsOf(way), []);
  });
});

describe('a description of another page size than the records have', () => {
  const page = filled(4096);
  // Read with pages of 1 KiB, the RAM ends here and so does the stream.
  page.set([0, 0, 0, 0, 0, 0, 0, 0x10, 0x7e, 0, 0, 0, 1, 0], 1024);
  const ramPart = [
    {
      item: 'part',
      idstr: 'ram',
      body: [{ ram: 'PAGE', block: 'pc.ram', data: page }, { ram: 'EOS' }],
    },
  ] as const;
  const text = JSON.stringify({ page_size: 1024, devices: [] });

  it('hides no section from the check', () => {
    const bytes = writeQemu(
      stream({ ramPart, start: [], part: [...parts.start], vmdesc: [{ item: 'vmdesc', text }] }),
    );
    for (const way of ways(bytes)) {
      assert.equal(way.devices.get(0)?.length, 36);
      assert.deepEqual(faultsOf(way), []);
    }
  });

  it('is nothing where a VFIO section came before', () => {
    const short = [
      { ...ramPart[0], body: [{ ram: 'PAGE', block: 'pc.ram', data: page.subarray(0, 1024) }] },
    ] as const;
    const bytes = writeQemu(stream({ ramPart: short, vmdesc: [{ item: 'vmdesc', text }] }));
    for (const way of ways(bytes)) assert.notDeepEqual(faultsOf(way), []);
  });
});

describe('a guest that has not run', () => {
  const noted = ({ events }: Walked): boolean =>
    events.some((event) => event.kind === 'note' && event.code === 'multifd-main-channel');
  const zeros = (count: number): readonly RamPiece[] =>
    Array.from({ length: count }, (_none, index) => ({
      ram: 'ZERO',
      offset: 4096 * index,
      ...(index === 0 ? { block: 'ram' } : {}),
    }));

  it('has all of its memory in the stream when that is zeros', () => {
    for (const way of ways(writeQemu(withRam(4 * 4096, zeros(4))))) assert.ok(!noted(way));
  });

  it('has its memory elsewhere when pages are missing', () => {
    for (const way of ways(writeQemu(withRam(4 * 4096, zeros(3))))) assert.ok(noted(way));
  });
});
