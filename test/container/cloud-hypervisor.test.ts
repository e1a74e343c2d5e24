import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { cloudHypervisorWalker, isCloudHypervisor } from '../../src/container/cloud-hypervisor.ts';
import { cloudHypervisorStreams } from '../corpus/cloud-hypervisor.ts';

const folder = join(import.meta.dirname, '..', '..', 'corpus', 'cloud-hypervisor');

/** What the walk says of bytes that come in these pieces; states joined, with their first place. */
const told = (pieces: readonly Uint8Array[]): string => {
  const lines: string[] = [];
  let state = '';
  const walker = cloudHypervisorWalker((event) => {
    if (event.kind === 'device-bytes') state += Buffer.from(event.bytes).toString('hex');
    else lines.push(JSON.stringify(event));
  });
  for (const piece of pieces) walker.push(piece);
  walker.end();
  return [...lines, state].join('\n');
};

describe('the walk of a snapshot', () => {
  it.each(Object.entries(cloudHypervisorStreams))('holds %s as its table says', (file, bytes) => {
    assert.ok(Buffer.compare(readFileSync(join(folder, file)), bytes) === 0);
    assert.ok(isCloudHypervisor(bytes));
  });

  it('has no stream that is in no table', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.bin'));
    assert.deepEqual(files.sort(), Object.keys(cloudHypervisorStreams).sort());
  });

  it('says the same in any chunking, of any edit', () => {
    const streams = fc.constantFrom(...Object.values(cloudHypervisorStreams));
    fc.assert(
      fc.property(
        streams,
        fc.nat(),
        fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'A', '=', '!', '\n'),
        fc.integer({ min: 1, max: 50 }),
        (stream, place, character, size) => {
          const bytes = Uint8Array.from(stream);
          bytes[place % bytes.length] = character.charCodeAt(0);
          const pieces: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; at += size) {
            pieces.push(bytes.subarray(at, at + size));
          }
          assert.equal(told(pieces), told([bytes]));
        },
      ),
    );
  });
});
