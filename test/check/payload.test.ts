import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { describe, it } from 'vitest';
import { fileStart } from '../../src/bytes/files.ts';
import { memorySource, type Source } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { examine } from '../../src/check/examine.ts';
import type { ContainerEvent } from '../../src/container/events.ts';
import { writeLibvirt } from '../../src/container/libvirt-write.ts';
import { stream } from '../../src/rules/container-examples.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';
import { canRun } from '../programs.ts';
import { entry } from '../container/walked.ts';

/** By the number in the header of an image. */
const kinds: readonly (readonly [number, string, (plain: Uint8Array) => Uint8Array])[] = [
  [1, 'gzip', gzipSync],
  ...(
    [
      [2, 'bzip2'],
      [3, 'xz'],
      [4, 'lzop'],
      [5, 'zstd'],
    ] as const
  ).map(
    ([number, program]) =>
      [
        number,
        program,
        (plain: Uint8Array): Uint8Array => spawnSync(program, ['-c'], { input: plain }).stdout,
      ] as const,
  ),
];

/** The same bytes as a pipe gives them. */
const pipe = (bytes: Uint8Array, piece: number): Source => ({
  path: '-',
  size: undefined,
  readAt: undefined,
  *blocks() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.slice(at, at + piece);
  },
  close: () => undefined,
});

const eventsOf = async (source: Source): Promise<readonly ContainerEvent[]> => {
  const events: ContainerEvent[] = [];
  await examine(source, { event: (event) => events.push(event) });
  return events;
};

/** Events with every offset of the second file as that file counts it. */
const within = (events: readonly ContainerEvent[]): unknown =>
  JSON.parse(
    JSON.stringify(events, (_key, value: unknown) => {
      if (typeof value === 'bigint') return String(value);
      return typeof value === 'number' && value >= fileStart(1) ? value - fileStart(1) : value;
    }),
  );

describe.each(kinds.map(([number, name, pack]) => [name, number, pack] as const))(
  'a save image compressed with %s',
  (name, number, pack) => {
    const its = it.skipIf(!canRun(...(name === 'gzip' ? [] : [name])));
    const plain = entry('pc-mtty1.bin');
    const image = (payload: Uint8Array): Uint8Array => writeLibvirt({ format: number, payload });

    its('is walked like the stream that is in it, with the offsets of that stream', async () => {
      const whole = within(await eventsOf(memorySource('plain', plain)));
      const packed = image(pack(plain));
      for (const source of [
        memorySource('image', packed),
        pipe(packed, 1 << 16),
        pipe(packed, 61),
      ]) {
        const events = await eventsOf(source);
        const header = events.findIndex(({ kind }) => kind === 'header');
        assert.deepEqual(within(events.slice(header)), whole);
      }
    });

    its('has the findings of its stream, in a file of their own', async () => {
      const bad = writeQemu([...stream()].reverse(), 0);
      const wanted = (await check(memorySource('x', bad), { container: 'qemu' })).findings;
      const got = (await check(memorySource('x', image(pack(bad))))).findings;
      assert.notEqual(wanted.length, 0);
      assert.deepEqual(
        got.map(({ rule, at }) => [rule, at.flatMap(({ ranges }) => ranges)]),
        wanted.map(({ rule, at }) => [
          rule,
          at.flatMap(({ ranges }) => ranges.map((range) => ({ ...range, file: 'x:payload' }))),
        ]),
      );
    });

    its('is refused when it is cut or damaged', async () => {
      const packed = pack(plain);
      const flipped = Uint8Array.from(packed);
      flipped[flipped.length >> 1]! ^= 0x55;
      for (const broken of [packed.subarray(0, packed.length - 20), flipped]) {
        const { findings } = await check(memorySource('image', image(broken)));
        const damage = findings.find(({ rule }) => rule === 'input-damaged');
        assert.match(damage?.message ?? '', new RegExp(`^the payload is no sound ${name}: .`, 'u'));
      }
    });

    // lzop folds 200 times at most.
  },
);

describe('a save image whose payload is not what its header says', () => {
  it('is not given to a program', async () => {
    const bytes = writeLibvirt({ format: 3, payload: gzipSync(entry('pc-mtty1.bin')) });
    const { findings, devices } = await check(memorySource('image', bytes));
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['libvirt-payload-mismatch'],
    );
    assert.deepEqual(devices, []);
  });
});
