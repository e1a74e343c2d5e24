import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { memorySource, type Source } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { formatById } from '../../src/formats/index.ts';
import { build } from '../../src/layout/build.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';

/** The same bytes as a pipe gives them: no size, no seeking, small pieces. */
const pipe = (bytes: Uint8Array, piece: number): Source => ({
  path: '-',
  size: undefined,
  readAt: undefined,
  *blocks() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.slice(at, at + piece);
  },
  close: () => undefined,
});

const ids = async (...args: Parameters<typeof check>): Promise<readonly string[]> =>
  (await check(...args)).findings.map(({ rule }) => rule);

describe('check', () => {
  it.each([1, 7, 59, 4096])('gives the same result for pieces of %i bytes', async (piece) => {
    const bytes = patched(0x30, 0x2c);
    const whole = await check(memorySource('-', bytes));
    assert.deepEqual(await check(pipe(bytes, piece)), whole);
  });

  it('lists as many findings of a rule as were asked for, and counts the rest', async () => {
    const record = { tag: 9n, data: new Uint8Array(0) };
    const { bytes } = build(
      formatById('mlx5')!.layout,
      Array.from({ length: 20 }, () => record),
    );
    const { findings, omitted } = await check(memorySource('many', bytes), {
      format: formatById('mlx5'),
      most: 5,
    });
    const [rule] = Object.keys(omitted);
    assert.equal(findings.filter((finding) => finding.rule === rule).length, 5);
    assert.equal(omitted[rule!], 15);
  });

  it('stops at its time limit with a finding', async () => {
    assert.deepEqual(
      await ids(pipe(mttyState, 30), { expired: () => true, format: formatById('mtty') }),
      ['field-truncated', 'time-limit-exceeded'],
    );
  });

  it('takes a state for what its first bytes say, and a damaged one for what it was', async () => {
    for (const [bytes, identified] of [
      [mttyState, 'certain'],
      [patched(0, 0xff, 0xff), 'damaged'],
      [mttyState.subarray(0, 5), 'likely'],
    ] as const) {
      const { devices } = await check(memorySource('state', bytes));
      assert.deepEqual(
        devices.map((device) => [device.format, device.identified]),
        [['mtty', identified]],
      );
    }
  });

  it('does not pass an input that nothing recognises, unless it is said to be opaque', async () => {
    const noise = Uint8Array.from({ length: 100 }, (_, at) => (at * 37 + 11) & 0xff);
    assert.deepEqual(await ids(memorySource('noise', noise)), ['format-unrecognised']);
    assert.deepEqual(await ids(memorySource('noise', noise), { format: formatById('opaque') }), []);
  });

  it('says of each rule whether it had anything to look at', async () => {
    const { verdicts } = await check(memorySource('state', patched(0x30, 0x2c)));
    assert.equal(verdicts['index-out-of-bounds'], 'fail');
    assert.equal(verdicts['magic-mismatch'], 'pass');
    assert.equal(verdicts['identity-differs'], 'not-applicable');
    assert.equal(verdicts['mlx5-no-firmware-data'] ?? 'not-applicable', 'not-applicable');
    const { verdicts: unread } = await check(memorySource('state', Uint8Array.of(1, 2, 3)), {
      format: formatById('opaque'),
    });
    assert.equal(unread['index-out-of-bounds'], 'undecided');
  });
});
