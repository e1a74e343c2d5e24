import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { cloudHypervisorWalker } from '../../src/container/cloud-hypervisor.ts';
import type { ContainerEvent } from '../../src/container/events.ts';

const state = Buffer.from('what a device is').toString('base64');
const blob = `{\\"blob\\":\\"${state}\\"}`;

const device = (name: string, text = blob): string =>
  `"${name}":{"snapshots":{"vfio_common":{"snapshots":{"vfio_migration":{"snapshot_data":{"state":"${text}"}}}}}}`;
const snapshot = (...members: readonly string[]): string => `{"snapshots":{${members.join(',')}}}`;

/** What a walk says, however its bytes are cut. */
const walked = (text: string, size = text.length): readonly ContainerEvent[] => {
  const events: ContainerEvent[] = [];
  const walker = cloudHypervisorWalker((event) => events.push(event));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) walker.push(bytes.subarray(at, at + size));
  walker.end();
  return events;
};

const names = (text: string, size?: number): readonly string[] =>
  walked(text, size).flatMap((event) => (event.kind === 'device-open' ? [event.name] : []));
const budget = (text: string): readonly (string | undefined)[] =>
  walked(text).flatMap((event) =>
    event.kind === 'fault' && event.code === 'budget' ? [String(event.wanted)] : [],
  );

describe('a hostile snapshot of Cloud Hypervisor', () => {
  it('ends its strings where they end, however they are escaped and cut', () => {
    const piece = fc.constantFrom(
      '\\\\',
      '\\"',
      'x',
      '{',
      '\\\\\\"',
      'y'.repeat(300),
      '\\n',
      'z'.repeat(255),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.integer({ min: 1, max: 400 }),
        (parts, size) => {
          const text = snapshot(`"a":"${parts.join('')}"`, device('v'));
          JSON.parse(text);
          assert.deepEqual(names(text, size), ['v']);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['devices', 1024, (count: number) => Array.from({ length: count }, (_, i) => device(`v${i}`))],
    ['bytes', 8 << 20, (count: number) => [`"a":${' '.repeat(count - 1)}1`]],
    ['brackets', 256, (count: number) => [`"a":${'['.repeat(count - 2)}${']'.repeat(count - 2)}`]],
    ['marks', 1 << 18, (count: number) => [`"a":[${'1,'.repeat(count - 9)}1]`]],
  ] as const)('is walked up to a bound of its %s', (what, most, of) => {
    // The outermost brackets and what stands around the list count, too.
    const around = what === 'bytes' ? 2 : 0;
    assert.deepEqual(budget(snapshot(...of(most - around))), []);
    assert.equal(budget(snapshot(...of(most + 8))).length, 1);
  });

  it('has a key of any length', () => {
    const text = snapshot(`"${'k'.repeat(1 << 20)}":{${device('inner')}}`, device('v'));
    assert.deepEqual(names(text), ['inner', 'v']);
  });
});
