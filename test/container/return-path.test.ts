import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { detectContainer } from '../../src/container/detect.ts';
import type { ContainerEvent } from '../../src/container/events.ts';
import { returnPathWalker } from '../../src/container/return-path.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

const notes = (input: Uint8Array, piece: number): readonly string[] => {
  const said: string[] = [];
  const take = (event: ContainerEvent): void => {
    if (event.kind === 'note') said.push(`${event.offset}+${event.length} ${event.text}`);
  };
  const walker = returnPathWalker(take);
  for (let at = 0; at < input.length; at += piece) walker.push(input.slice(at, at + piece));
  walker.end();
  return said;
};

describe('a return path', () => {
  const real = bytes('00070000' + '0002000400000001' + '0001000400000000');

  it('is told by whole messages of known lengths', () => {
    assert.equal(detectContainer(real), 'return-path');
    assert.equal(detectContainer(bytes('0002000500000001ff')), 'device-state');
    assert.equal(detectContainer(bytes('0009000400000001')), 'device-state');
    assert.equal(detectContainer(real.subarray(0, 10)), 'device-state');
  });

  it.each([1, 3, 100])('is named message by message in pieces of %i', (piece) => {
    assert.deepEqual(notes(real, piece), [
      '0+4 return path message SWITCHOVER_ACK, 0 bytes',
      '4+8 return path message PONG, 4 bytes',
      '12+8 return path message SHUT, 4 bytes',
    ]);
  });

  it('says that its last message is cut', () => {
    assert.deepEqual(notes(real.subarray(0, 6), 100).slice(1), [
      '4+2 2 bytes of a return path message that is cut',
    ]);
  });
});
