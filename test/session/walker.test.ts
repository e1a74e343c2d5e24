import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { detectContainer } from '../../src/container/detect.ts';
import type { ContainerEvent } from '../../src/container/events.ts';
import { sessionWalker } from '../../src/container/session/log.ts';
import { messagesWalker } from '../../src/container/session/messages.ts';
import { writeSession } from '../../src/container/session/write.ts';
import { sessionText } from '../../src/container/session/show.ts';
import { statePort, userRestore, userWrite, v2Restore } from '../../src/rules/session-examples.ts';
import { v1Streams, v2Streams } from './call-streams.ts';
import { captured, vfioUserStreams } from './streams.ts';

const all = [
  ...Object.entries(vfioUserStreams),
  ...Object.entries(v2Streams),
  ...Object.entries(v1Streams),
];

/** All events of a walk, with the bytes of each device joined: their pieces follow the chunks. */
const walked = (
  bytes: Uint8Array,
  pieces: readonly number[],
): { readonly events: readonly unknown[]; readonly states: readonly string[] } => {
  const events: ContainerEvent[] = [];
  const states: string[] = [];
  const make = detectContainer(bytes) === 'vfio-user' ? messagesWalker : sessionWalker;
  const walker = make((event) => {
    if (event.kind === 'device-bytes') {
      const { offset } = event;
      const text = Array.from(event.bytes, (byte, at) => `${offset + at}:${byte} `).join('');
      states[event.device] = (states[event.device] ?? '') + text;
    } else {
      events.push(event);
    }
  });
  let at = 0;
  let turn = 0;
  while (at < bytes.length) {
    const size = Math.max(pieces[turn % pieces.length] ?? 1, 1);
    // A copy that is overwritten afterwards: blocks are borrowed.
    const block = bytes.slice(at, at + size);
    walker.push(block);
    block.fill(0xee);
    at += size;
    turn += 1;
  }
  walker.end();
  return { events, states };
};

describe('a recorded session', () => {
  it.each(all)('gives the same events of %s in any chunks', (_file, bytes) => {
    const whole = walked(bytes, [bytes.length]);
    for (const pieces of [[1], [7, 16], [33]]) assert.deepEqual(walked(bytes, pieces), whole);
  });

  it('gives the bytes of its device state at their places in the file', () => {
    const bytes = v2Streams['restore-byte-by-byte.bin']!;
    const { states } = walked(bytes, [bytes.length]);
    const pairs = states[0]!
      .trim()
      .split(' ')
      .map((pair) => pair.split(':').map(Number));
    assert.deepEqual(
      Uint8Array.from(pairs, ([, byte]) => byte!),
      captured('mtty1-fifo16-full'),
    );
    for (const [offset, byte] of pairs) assert.equal(bytes[offset!], byte);
  });

  it('is judged without an exception, and the same in any chunks, when it is damaged', async () => {
    const sample = fc.constantFrom(...all.map(([, bytes]) => bytes));
    const edits = fc.array(fc.tuple(fc.nat(1 << 14), fc.nat(255)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        sample,
        edits,
        fc.nat(1 << 14),
        fc.array(fc.nat(200), { minLength: 1 }),
        async (bytes, changes, cut, pieces) => {
          const copy = bytes.slice(0, bytes.length - (cut % (bytes.length >> 1)));
          for (const [at, value] of changes) copy[at % copy.length] = value;
          assert.deepEqual(walked(copy, pieces), walked(copy, [copy.length]));
          await check(memorySource('damaged', copy));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is found again behind a damaged record', () => {
    const { events } = walked(v2Streams['sync-word-damaged.bin']!, [64]);
    const kinds = (events as ContainerEvent[]).map(({ kind }) => kind);
    assert.deepEqual(kinds.slice(-4), [
      'fault',
      'session-feature',
      'session-report',
      'session-close',
    ]);
  });

  it('is told by its magic, and a capture of messages by its first one', () => {
    for (const [file, bytes] of all) {
      const plain = file === 'message-lost.bin' || file.endsWith('-side.bin');
      assert.equal(detectContainer(bytes), plain ? 'vfio-user' : 'session', file);
    }
    const damaged = v2Streams['restore.bin']!.slice();
    damaged[0] = 0;
    assert.equal(detectContainer(damaged), 'session');
    const side = vfioUserStreams['restore-client-side.bin']!.slice();
    side[2] = 9;
    assert.equal(detectContainer(side), 'device-state');
    assert.equal(detectContainer(captured('mtty1-fresh')), 'device-state');
  });

  it('says each event in a line that fits', () => {
    for (const [file, bytes] of all) {
      for (const event of walked(bytes, [bytes.length]).events as ContainerEvent[]) {
        const text = sessionText(event) ?? '';
        assert.ok(text.length <= 66, `${file}: ${text}`);
      }
    }
  });

  it('is written as its specification shows', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sessions.md'), 'utf8');
    const shown = page.split('### Example')[1]!.split('```')[1]!.trim().split('\n');
    const bytes = shown.flatMap((line) =>
      line
        .slice(0, 47)
        .trim()
        .split(' ')
        .map((digits) => parseInt(digits, 16)),
    );
    const { records } = v2Restore({
      migration: [],
      header: [],
      port: [],
      leave: [],
      run: [],
    }).draft;
    assert.deepEqual(Uint8Array.from(bytes), writeSession({ records }));
  });

  it('keeps devices of one name apart', () => {
    const device = { record: 'device', protocol: 'v2', name: 'a' } as const;
    const bytes = writeSession({ records: [device, { ...device, device: 1 }] });
    const { events } = walked(bytes, [bytes.length]);
    const names = (events as ContainerEvent[]).flatMap((event) =>
      event.kind === 'session-device' ? [event.session] : [],
    );
    assert.deepEqual(names, ['a', 'a (1)']);
  });

  it('matches replies, and gives what was written when it was taken', () => {
    const rest = userRestore({ port: userWrite(5, statePort).slice(0, 1), leave: [], run: [] });
    const { events, states } = walked(writeSession(rest.draft), [100]);
    const writes = (events as ContainerEvent[]).flatMap((event) =>
      event.kind === 'session-data' ? [event.result] : [],
    );
    assert.deepEqual(writes, [24, undefined]);
    assert.equal(states[0]!.trim().split(' ').length, 60);
  });

  it('holds little of a log that is damaged everywhere', () => {
    const noise = new Uint8Array(1 << 20).fill(0x56);
    noise.set(writeSession(v2Restore().draft));
    const { events } = walked(noise, [1 << 16]);
    assert.ok(events.length < 40);
  });
});
