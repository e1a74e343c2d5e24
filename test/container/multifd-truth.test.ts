import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { reaches } from '../../src/finding/finding.ts';

const folder = path.join(import.meta.dirname, '..', '..', 'corpus', 'multifd');
const base = [0, 1, 2].map((channel) =>
  readFileSync(path.join(folder, `live-multifd2-vfioon-mtty2.ch${channel}.bin`)),
);

/** What QEMU did with a changed capture; a splice is a channel, an offset, bytes to drop and to put. */
interface Row {
  readonly id: string;
  readonly mutation: string;
  readonly outcome: 'accepted' | 'rejected' | 'hung' | 'crashed';
  /** The device had the state of the source afterwards. */
  readonly restored: boolean;
  /** What was unlike the source about the destination. */
  readonly destination?: string;
  readonly splices: readonly (readonly [number, number, number, string])[];
}

const rows = readFileSync(path.join(folder, 'incoming-truth.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

const changed = ({ splices }: Row): readonly Uint8Array[] =>
  base.map((bytes, channel) =>
    splices
      .filter(([which]) => which === channel)
      .sort(([, a], [, b]) => b - a)
      .reduce<Uint8Array>(
        (all, [, at, drop, put]) =>
          Buffer.concat([all.subarray(0, at), Buffer.from(put, 'hex'), all.subarray(at + drop)]),
        bytes,
      ),
  );

// QEMU 11.1 refuses its like; which of the two config packets counts is a matter of timing.
const byTiming = new Set(['10.0.13-m031']);

describe('what QEMU did with changed captures of a multifd migration', () => {
  it.each(rows.map((row) => [`${row.id} ${row.mutation}`, row] as const))(
    'is foreseen for %s',
    async (_name, row) => {
      const [main = new Uint8Array(0), ...channels] = changed(row);
      const { findings } = await check(memorySource('main', main), {
        channels: channels.map((bytes, at) => memorySource(`channel ${at}`, bytes)),
        expect: row.destination === 'mtty2' ? { nr_ports: '1' } : {},
      });
      const said = findings.map(({ severity, rule, message }) => `${severity} ${rule}: ${message}`);
      const grave = findings.some(({ severity }) => reaches(severity, 'high'));
      const sound = row.outcome === 'accepted' && row.restored;
      const properties = row.destination === 'off' || row.destination === 'nocap';
      if (byTiming.has(row.id) || (!sound && !properties)) {
        assert.ok(grave, `${row.outcome}: ${said.join('; ')}`);
      } else {
        assert.ok(
          findings.every(({ severity }) => !reaches(severity, 'medium')),
          `${row.outcome}: ${said.join('; ')}`,
        );
      }
      if (row.splices.length === 0 && row.destination !== 'mtty2') assert.deepEqual(said, []);
    },
  );
});
