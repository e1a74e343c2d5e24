import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { reaches } from '../../src/finding/finding.ts';

/** What the real driver did with one input; see corpus/mtty/README.md for the columns. */
interface Row {
  readonly id: string;
  readonly what: string;
  readonly ports: 1 | 2;
  /** `all`, or how the feeder went on: cont, retry, direct, … */
  readonly feed: string;
  readonly outcome: 'accepted' | 'rejected';
  readonly sound: boolean;
  readonly hex: string;
}

const rows = readFileSync(new URL('../../corpus/mtty/restore-truth.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): Row => JSON.parse(line) as Row);

const flagged = async ({ hex, ports }: Pick<Row, 'hex' | 'ports'>): Promise<boolean> => {
  const bytes = Buffer.from(hex, 'hex');
  const { findings } = await check(memorySource('row', bytes), {
    expect: { format: 'mtty', nr_ports: `${ports}` },
  });
  return findings.some(({ severity }) => reaches(severity, 'high'));
};

describe('the restore path of the real mtty driver', () => {
  it('was asked often enough for a table to mean something', () => {
    expect(rows.length).toBeGreaterThan(600);
    expect(rows.filter(({ outcome }) => outcome === 'rejected').length).toBeGreaterThan(300);
  });

  it('refuses nothing that has no finding at or above high', async () => {
    const missed: string[] = [];
    for (const row of rows) {
      // A refused pwrite says something of the call and nothing of the bytes.
      if (row.outcome !== 'rejected' || row.feed === 'pwrite') continue;
      if (!(await flagged(row))) missed.push(`${row.id}: ${row.what}`);
    }
    expect(missed).toEqual([]);
  });

  // Rows c0229, c0230, c0237 and c0263, whose bytes are too many to stand in the table.
  it.each([
    ['mtty1-fifo3-loop', 1, 4096],
    ['mtty1-fifo3-loop', 1, 65536],
    ['mtty2-both-ports', 2, 4096],
  ] as const)('refuses %s of %s ports with %s bytes behind it', async (base, ports, more) => {
    const bytes = readFileSync(new URL(`../../corpus/mtty/${base}.bin`, import.meta.url));
    for (const tail of [0, 0x41]) {
      const hex = Buffer.concat([bytes, Buffer.alloc(more, tail)]).toString('hex');
      expect(await flagged({ hex, ports })).toBe(true);
    }
  });

  it('takes unsound states, and each of them has a finding at or above high', async () => {
    const taken = rows.filter(({ outcome, sound }) => outcome === 'accepted' && !sound);
    expect(taken.length).toBeGreaterThan(100);
    const missed: string[] = [];
    for (const row of taken) if (!(await flagged(row))) missed.push(`${row.id}: ${row.what}`);
    expect(missed).toEqual([]);
  });

  it('takes sound states, and none of them has one', async () => {
    const taken = rows.filter(({ outcome, sound }) => outcome === 'accepted' && sound);
    expect(taken.length).toBeGreaterThan(80);
    const wrong: string[] = [];
    for (const row of taken) if (await flagged(row)) wrong.push(`${row.id}: ${row.what}`);
    expect(wrong).toEqual([]);
  });
});
