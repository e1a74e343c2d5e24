import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'vitest';

import { Feed } from '../../src/bytes/feed.ts';

interface Step {
  readonly kind: 'need' | 'take' | 'skip';
  readonly count: number;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('need', 'take', 'skip'),
    count: fc.nat(40),
  }),
  { maxLength: 30 },
);

/** What a parser that follows a plan sees: offsets, bytes, and where the input ended. */
function* follow(feed: Feed, plan: readonly Step[], seen: string[]): Generator<void, void, void> {
  for (const { kind, count } of plan) {
    if (kind === 'skip') seen.push(`skip ${yield* feed.skip(count)}`);
    else {
      const there = yield* feed.need(count);
      const bytes = there ? Buffer.from(feed.peek(count)).toString('hex') : 'ended';
      seen.push(`${feed.position} ${bytes}`);
      if (there && kind === 'take') feed.take(count);
    }
  }
  seen.push(`at ${feed.position}`);
}

const run = (bytes: Uint8Array, sizes: readonly number[], plan: readonly Step[]): string[] => {
  const feed = new Feed();
  const seen: string[] = [];
  const parser = follow(feed, plan, seen);
  const block = new Uint8Array(1024);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at);
    block.set(bytes.subarray(at, at + size));
    feed.push(block.subarray(0, size));
    parser.next();
    feed.settle();
    // The block belongs to its owner again, who overwrites it.
    block.fill(0xee);
    at += size;
  }
  feed.finish();
  parser.next();
  return seen;
};

describe('feed', () => {
  it('shows a parser the same bytes however they are pushed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 500 }),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 6 }),
        steps,
        (bytes, sizes, plan) => {
          const whole = run(bytes, [1000], plan);
          assert.deepEqual(run(bytes, sizes, plan), whole);
          assert.deepEqual(run(bytes, [1], plan), whole);
        },
      ),
    );
  });

  it('counts from where it starts', () => {
    const feed = new Feed(1000);
    assert.deepEqual([feed.position, feed.reach], [1000, 1000]);
    feed.push(Uint8Array.of(1, 2, 3));
    feed.take(2);
    assert.deepEqual([feed.position, feed.reach, feed.available], [1002, 1003, 1]);
    feed.settle();
    feed.push(Uint8Array.of(4));
    assert.deepEqual([feed.position, feed.reach, feed.available], [1002, 1004, 2]);
    assert.deepEqual(feed.peek(9), Uint8Array.of(3, 4));
  });

  it('suspends until bytes come, and says when none will', () => {
    const feed = new Feed();
    const need = feed.need(3);
    assert.equal(need.next().done, false);
    feed.push(Uint8Array.of(1, 2));
    assert.equal(need.next().done, false);
    feed.finish();
    assert.equal(feed.ended, true);
    assert.deepEqual(need.next(), { done: true, value: false });
  });

  it('skips what it never holds', () => {
    const feed = new Feed();
    const skip = feed.skip(1e12);
    const block = new Uint8Array(1 << 16);
    for (let turn = 0; turn < 100; turn += 1) {
      feed.push(block);
      assert.equal(skip.next().done, false);
      feed.settle();
      assert.equal(feed.available, 0);
    }
    assert.equal(feed.position, 100 * block.length);
    feed.finish();
    assert.deepEqual(skip.next(), { done: true, value: 100 * block.length });
  });
});
