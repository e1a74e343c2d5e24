import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { full, measured, MOST_MEMORY, rulesOf, short, show } from './measured.ts';
import {
  fullSection,
  header,
  mlx5Size,
  packaged,
  part,
  record,
  start,
  tag,
  times,
  u64,
  vmdesc,
} from './streams.ts';

/** Of everything that comes by the million. */
const many = full ? 1_100_000 : short ? 50_000 : 250_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-hostile-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Checks one input; the answer must be a document, within the memory that the design allows. */
const answered = async (
  name: string,
  args: readonly string[],
  from?: string,
): Promise<{ readonly status: number | null; readonly rules: readonly string[] }> => {
  const ran = await measured(['--json', ...args], from === undefined ? {} : { from });
  show(name, ran);
  assert.equal(ran.stderr, '');
  assert.ok((ran.peak ?? Infinity) < MOST_MEMORY, `${ran.peak} bytes of memory at most`);
  return { status: ran.status, rules: rulesOf(ran) };
};

const ofFile = async (
  name: string,
  bytes: Uint8Array,
  ...flags: readonly string[]
): ReturnType<typeof answered> => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  try {
    return await answered(name, [file, ...flags]);
  } finally {
    rmSync(file);
  }
};

describe.skipIf(process.platform === 'win32')(
  'what flows through a pipe',
  { timeout: full ? 1_800_000 : 120_000 },
  () => {
    // More than the million mlx5 records of 16 bytes that the budget allows.
    const zeros = full ? 4 * 2 ** 30 : short ? 24 << 20 : 512 << 20;
    const random = full ? 2 ** 30 : short ? 24 << 20 : 128 << 20;

    it.each([
      [[], ['format-unrecognised']],
      [
        ['--format', 'mlx5'],
        short ? ['mlx5-image-empty'] : ['budget-exceeded', 'mlx5-image-empty'],
      ],
      [['--format', 'virtio'], full ? ['budget-exceeded'] : []],
      [['--container', 'qemu'], ['qemu-stream-truncated']],
    ] as const)('is answered when it is all zeros: %s', async (flags, rules) => {
      const name = `zeros ${flags.join(' ')}`;
      // Each 16 bytes of them are a record, so that the budget on records decides how long it takes.
      const records = flags[0] === '--format' && (short || (!full && flags[1] === 'virtio'));
      const size = records ? (short ? 1 : 4) << 20 : zeros;
      const found = await answered(name, ['-', ...flags], `head -c ${size} /dev/zero`);
      assert.equal(found.status, 1);
      for (const rule of rules) assert.ok(found.rules.includes(rule), found.rules.join(' '));
    });

    it.each([[[]], [['--format', 'mlx5']], [['--container', 'qemu']]] as const)(
      'is answered when it is random: %s',
      async (flags) => {
        const name = `random ${flags.join(' ')}`;
        const found = await answered(name, ['-', ...flags], `head -c ${random} /dev/urandom`);
        assert.equal(found.status, 1);
      },
    );
  },
);

describe.skipIf(process.platform === 'win32')(
  'a description',
  { timeout: full ? 1_800_000 : 120_000 },
  () => {
    const timer = fullSection(1, 'timer', new Uint8Array(24));
    const stream = (text: string): Buffer => Buffer.concat([header, timer, vmdesc(text)]);

    it('of very many devices is read', async () => {
      const device = (index: number): string =>
        `{"name":"d${index}","instance_id":0,"fields":[{"name":"d","type":"buffer","size":24}]}`;
      const devices = Array.from({ length: many }, (_, index) => device(index));
      const text = `{"page_size":4096,"devices":[${devices.join(',')}]}`;
      assert.equal((await ofFile('vmdesc-devices', stream(text))).status, 0);
    });

    it('of the same device over and over is read', async () => {
      const text = `{"devices":[${Array(many).fill('{"name":"timer"}').join(',')}]}`;
      assert.equal((await ofFile('vmdesc-same', stream(text))).status, 0);
    });

    it('that nests ten million times is called damaged', async () => {
      const text = `{"devices":${'['.repeat(1e7)}${']'.repeat(1e7)}}`;
      const { rules } = await ofFile('vmdesc-deep', stream(text));
      assert.deepEqual(rules, ['qemu-vmdesc-damaged']);
    });

    it('that lies about sizes is not believed', async () => {
      const size = (bytes: string): string =>
        `{"devices":[{"name":"timer","fields":[{"type":"buffer","size":${bytes}}]}]}`;
      for (const bytes of ['0', '25', '9007199254740991', '99999999999999999999', '-1', '1e308']) {
        const { status } = await ofFile(`vmdesc-size-${bytes}`, stream(size(bytes)));
        assert.equal(status, 0);
      }
    });

    it('that repeats its keys over and over is read', async () => {
      const devices = '"devices":[{"name":"timer","fields":[{"type":"buffer","size":24}]}]';
      const text = `{${Array(many).fill(devices).join(',')}}`;
      assert.equal((await ofFile('vmdesc-keys', stream(text))).status, 0);
    });

    it('of one string of 31 MiB is read', async () => {
      const text = `{"devices":"${'a'.repeat(31 << 20)}"}`;
      assert.equal((await ofFile('vmdesc-string', stream(text))).status, 0);
    });
  },
);

describe.skipIf(process.platform === 'win32')(
  'a stream',
  { timeout: full ? 1_800_000 : 120_000 },
  () => {
    const vfio = '0000:00:04.0/vfio';
    const opened = Buffer.concat([header, start(7, vfio, Buffer.concat([tag(3), tag(1)]))]);

    it.each([2n ** 63n, 2n ** 64n - 1n, 2n ** 53n, 70n << 20n])(
      'whose DATA record claims %s bytes is cut where it ends',
      async (length) => {
        const body = Buffer.concat([tag(4), u64(length), Buffer.alloc(1 << 20, 0x5a)]);
        const bytes = Buffer.concat([header, start(7, vfio, body)]);
        const { status, rules } = await ofFile('data-length', bytes);
        assert.equal(status, 1);
        assert.ok(rules.includes('vfio-data-length-past-end'), rules.join(' '));
      },
    );

    it('that claims 2^63 bytes of guest memory is cut where it ends', async () => {
      const list = Buffer.concat([
        u64(2n ** 63n + 4n),
        Buffer.of(6),
        Buffer.from('pc.ram'),
        u64(2n ** 63n),
        u64(0x10n),
      ]);
      const { status } = await ofFile('ram-2-63', Buffer.concat([header, start(1, 'ram', list)]));
      assert.equal(status, 1);
    });

    it('of a million packages within one another is given up', async () => {
      const bytes = Buffer.concat([header, times(1_000_000, packaged(0xffff_ffff))]);
      const { status, rules } = await ofFile('packages', bytes);
      assert.equal(status, 1);
      assert.ok(rules.includes('qemu-budget-exceeded'), rules.join(' '));
    });

    it('of a million empty packages is walked', async () => {
      const bytes = Buffer.concat([header, times(1_000_000, packaged(0)), Buffer.of(0)]);
      assert.notEqual((await ofFile('empty-packages', bytes)).status, 70);
    });

    it('of very many sections is walked', async () => {
      const sections = Array.from({ length: many }, (_, index) =>
        fullSection(index % 1000, `d${index}`, new Uint8Array(0)),
      );
      const bytes = Buffer.concat([header, ...sections, Buffer.of(0)]);
      const { status } = await ofFile('sections', bytes);
      assert.equal(status, 1);
    });

    it('of very many devices is given up', async () => {
      const sections = Array.from({ length: many }, (_, index) =>
        start(index, `${index.toString(16)}/vfio`, tag(1)),
      );
      const { status, rules } = await ofFile('devices', Buffer.concat([header, ...sections]));
      assert.equal(status, 1);
      assert.ok(rules.includes('qemu-budget-exceeded'), rules.join(' '));
    });

    it('that cuts a state into very many pieces is walked', async () => {
      const piece = part(7, Buffer.concat([tag(4), u64(1n), Buffer.of(0x78), tag(1)]));
      const { status } = await ofFile(
        'pieces',
        Buffer.concat([opened, times(Math.min(many, 100_000), piece)]),
      );
      assert.equal(status, 1);
    });

    it('of footers, of section headers and of bytes that are none is searched through', async () => {
      const timer = fullSection(1, 'timer', new Uint8Array(24));
      const open = timer.subarray(0, -5);
      for (const [name, bytes] of [
        ['footers', times(4_000_000, Buffer.of(0x7e, 0, 0, 0, 1))],
        ['headers', times(2_000_000, open.subarray(0, 11))],
        ['no items', Buffer.alloc(64 << 20, 0xff)],
      ] as const) {
        assert.equal((await ofFile(name, Buffer.concat([header, open, bytes]))).status, 1);
      }
    });
  },
);

describe.skipIf(process.platform === 'win32')(
  'a state',
  { timeout: full ? 1_800_000 : 120_000 },
  () => {
    it('of very many mlx5 records is decoded', async () => {
      for (const [name, one, rule] of [
        ['empty images', record(0n, 0, 0), 'mlx5-image-empty'],
        ['small images', record(1n, 0, 0, Buffer.of(0x78)), undefined],
        ['unknown tags', record(0n, 1, 77), 'mlx5-tag-unknown-optional'],
      ] as const) {
        const bytes = Buffer.concat([mlx5Size, times(many, one)]);
        const { rules } = await ofFile(name, bytes, '--format', 'mlx5');
        if (rule !== undefined) assert.ok(rules.includes(rule), rules.join(' '));
      }
    });

    it('whose mlx5 record claims 2^64 - 1 bytes is cut where it ends', async () => {
      const bytes = Buffer.concat([mlx5Size, record(2n ** 64n - 1n, 0, 0, Buffer.alloc(100, 1))]);
      const { status, rules } = await ofFile('mlx5-size', bytes);
      assert.equal(status, 1);
      assert.ok(rules.includes('length-exceeds-section'), rules.join(' '));
    });

    it('of very many virtio parts is decoded', async () => {
      const one = record(24n, 0, 0, Buffer.alloc(24, 1));
      const { status } = await ofFile('parts', times(many >> 2, one), '--format', 'virtio');
      assert.equal(status, 1);
    });

    it('of an mtty with four billion ports asks for nothing', async () => {
      const bytes = Buffer.alloc(1 << 24);
      Buffer.from('4e2c3e8c89099d7e0100000000000000ffffffff', 'hex').copy(bytes);
      for (const length of [20, 60, bytes.length]) {
        const { status } = await ofFile(`mtty-${length}`, bytes.subarray(0, length));
        assert.equal(status, 1);
      }
    });

    it('that gzip folds a thousandfold is given up in one line, and twice folded is read once', async () => {
      const size = full ? 2 ** 30 : short ? 32 << 20 : 256 << 20;
      const bomb = gzipSync(Buffer.alloc(size));
      const file = join(folder, 'bomb.gz');
      writeFileSync(file, bomb);
      const ran = await measured([file]);
      show('bomb', ran);
      assert.equal(ran.status, 3);
      assert.match(ran.stderr, /^vstate-check: [^\n]*unfolds to more than \d+ bytes[^\n]*\n$/u);
      assert.ok((ran.peak ?? Infinity) < MOST_MEMORY, `${ran.peak} bytes of memory at most`);
      assert.equal((await ofFile('bomb.gz.gz', gzipSync(bomb))).status, 1);
    });
  },
);
