import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { writeLibvirt } from '../../src/container/libvirt-write.ts';
import { writeQemu, type QemuItem } from '../../src/container/qemu/write.ts';
import type { Format } from '../../src/formats/format.ts';
import { formatById } from '../../src/formats/index.ts';
import { mlx5 } from '../../src/formats/mlx5.ts';
import { qat } from '../../src/formats/qat.ts';
import { build } from '../../src/layout/build.ts';
import { walk } from '../../src/layout/node.ts';
import { checksumOf, le32, le64, lengthOf, restOf, struct } from '../../src/layout/vocabulary.ts';
import { stream } from '../../src/rules/container-examples.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { snapshotExample } from '../../src/rules/snapshot-example.ts';
import { decodeStates } from '../../src/states/decode.ts';
import { derived } from '../../src/states/derive.ts';
import { diffStates } from '../../src/states/diff.ts';
import { encodeDevice } from '../../src/states/encode.ts';
import { insertState } from '../../src/states/insert.ts';
import { fileNames } from '../../src/states/names.ts';
import { seekable, type Seekable } from '../../src/states/open.ts';
import { redactStates } from '../../src/states/redact.ts';
import { ropeOf } from '../../src/states/rope.ts';
import { walkStates } from '../../src/states/walk.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus');
const corpusFiles = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.bin'),
);
const open = async (bytes: Uint8Array): Promise<Seekable> => seekable(memorySource('x', bytes));
const same = (got: Uint8Array, wanted: Uint8Array, what: string): void =>
  assert.ok(Buffer.compare(got, wanted) === 0, what);

const idstr = '0000:00:02.0/vfio';
const data = (bytes: Uint8Array) => ({ vfio: 'DEV_DATA_STATE' as const, data: bytes });
const items = (parts: readonly Uint8Array[], ends: readonly Uint8Array[]): readonly QemuItem[] => [
  { item: 'header' },
  { item: 'configuration', machine: 'pc-q35-10.0' },
  { item: 'start', idstr, body: [{ vfio: 'DEV_SETUP_STATE' }, { vfio: 'END_OF_STATE' }] },
  ...parts.map((part): QemuItem => ({
    item: 'part',
    idstr,
    body: [data(part), { vfio: 'END_OF_STATE' }],
  })),
  { item: 'end', idstr, body: [...ends.map(data), { vfio: 'END_OF_STATE' }] },
  { item: 'full', idstr: 'timer', body: [new Uint8Array(24)] },
  { item: 'eof' },
  { item: 'vmdesc' },
];
const bytesOf = fc.uint8Array({ minLength: 1, maxLength: 60 });
const anyItems = fc
  .tuple(fc.array(bytesOf, { maxLength: 3 }), fc.array(bytesOf, { maxLength: 3 }))
  .map(([parts, ends]) => items(parts, ends));

const stateIn = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const [device] = walkStates(await open(bytes)).devices;
  return device!.read(0, device!.bytes);
};

const containers = {
  'a QEMU stream': (all: readonly QemuItem[]) => writeQemu(all),
  'a libvirt image': (all: readonly QemuItem[]) => writeLibvirt({ payload: all }),
  'a package': (all: readonly QemuItem[]) => {
    const [header, configuration, ...rest] = all;
    const inside = rest.slice(0, -2);
    return writeQemu([
      header!,
      configuration!,
      { item: 'command', command: 'PACKAGED', items: inside },
      { item: 'eof' },
    ]);
  },
};

describe.each(Object.entries(containers))('a state in %s', (_name, write) => {
  it('can be put back, and gives the same file', async () => {
    await fc.assert(
      fc.asyncProperty(anyItems, async (all) => {
        const bytes = write(all);
        const state = await stateIn(bytes);
        same(insertState(await open(bytes), idstr, ropeOf(state)).bytes(), bytes, 'another file');
      }),
    );
  });

  it('can be replaced by one of any length, and nothing else changes', async () => {
    await fc.assert(
      fc.asyncProperty(anyItems, fc.uint8Array({ maxLength: 400 }), async (all, state) => {
        const bytes = write(all);
        const out = insertState(await open(bytes), idstr, ropeOf(state)).bytes();
        same(await stateIn(out), state, 'another state');
        const before = await stateIn(bytes);
        // With the first state back in its place the rest is what it was, cut points aside.
        const back = insertState(await open(out), idstr, ropeOf(before)).bytes();
        same(await stateIn(back), before, 'the first state did not come back');
        const { findings } = await check(memorySource('x', out));
        const { findings: old } = await check(memorySource('x', bytes));
        const frame = (list: typeof old): string[] =>
          list.map(({ rule }) => rule).filter((rule) => /^(?:qemu|libvirt)-/u.test(rule));
        assert.deepEqual(frame(findings), frame(old));
      }),
    );
  });
});

describe('a state that is put into a container', () => {
  it('is cut into records of at most 1 MiB', async () => {
    const bytes = writeQemu(items([Uint8Array.of(1, 2)], [Uint8Array.of(3)]));
    const state = new Uint8Array((2 << 20) + 5).fill(7);
    const out = insertState(await open(bytes), undefined, ropeOf(state)).bytes();
    const lengths: bigint[] = [];
    walkStates(await open(out), {
      event: (event) => {
        if (event.kind === 'vfio-record' && event.dataLength !== undefined) {
          lengths.push(event.dataLength);
        }
      },
    });
    assert.deepEqual(lengths, [2n, 1n << 20n, 1n << 20n, 3n]);
  });

  it('has to name a device that is there', async () => {
    const input = await open(writeQemu(items([], [mttyState])));
    assert.throws(
      () => insertState(input, 'other', ropeOf(mttyState)),
      /but of "0000:00:02.0\/vfio"/u,
    );
  });

  it('goes back into every container of the corpus unchanged', async () => {
    for (const name of corpusFiles) {
      const bytes = new Uint8Array(readFileSync(join(corpus, name)));
      for (const device of walkStates(await open(bytes)).devices) {
        const state = ropeOf(device.read(0, device.bytes));
        const container = walkStates(await open(bytes)).devices;
        if (container.filter((one) => one.name === device.name).length > 1) continue;
        same(insertState(await open(bytes), device.name, state).bytes(), bytes, name);
      }
    }
  });
});

describe('a Cloud Hypervisor snapshot', () => {
  const { bytes } = snapshotExample();

  it('gives its state, in any chunking', async () => {
    const walked = walkStates(await open(bytes));
    assert.equal(walked.container, 'cloud-hypervisor');
    assert.deepEqual(
      walked.devices.map(({ name, format }) => ({ name, format })),
      [{ name: '_vfio0', format: 'mtty' }],
    );
    same(await stateIn(bytes), mttyState, 'another state');
  });

  it('is judged with offsets of the file', async () => {
    const blob = Buffer.from(patched(0x30, 0x2c)).toString('base64');
    const bad = snapshotExample({ blob }).bytes;
    const { findings } = await check(memorySource('x', bad));
    const [finding] = findings.filter(({ rule }) => rule === 'index-out-of-bounds');
    const at = Buffer.from(bad).indexOf(blob) + (0x30 / 3) * 4;
    assert.equal(finding!.at[0]!.ranges[0]!.offset, at);
  });

  it('takes another state', async () => {
    const state = new Uint8Array(100).fill(9);
    const out = insertState(await open(bytes), '_vfio0', ropeOf(state)).bytes();
    same(await stateIn(out), state, 'another state');
    same(insertState(await open(out), '_vfio0', ropeOf(mttyState)).bytes(), bytes, 'another file');
    assert.ok(typeof JSON.parse(Buffer.from(out).toString()) === 'object');
  });

  it.each([1, 2, 3, 5, 77, 300])('survives a cut of %i bytes', async (cut) => {
    const short = bytes.subarray(0, bytes.length - cut);
    const { findings } = await check(memorySource('x', short));
    assert.ok(findings.some(({ rule }) => rule === 'snapshot-damaged'));
  });

  it('says where its base64 is none', async () => {
    const { findings } = await check(
      memorySource('x', snapshotExample({ blob: 'AAAA!!!!AAAA' }).bytes),
    );
    assert.ok(findings.some(({ rule }) => rule === 'snapshot-damaged'));
  });
});

describe('fields that follow from others', () => {
  const layout = struct({
    size: le32({ role: lengthOf('data') }),
    crc: le32({ role: checksumOf('crc32', 'size', 'data') }),
    where: le64(),
    data: restOf({}),
  });

  it('are put right, in a struct', () => {
    const fields = [
      { name: 'size', type: 'le32', value: 1 },
      { name: 'crc', type: 'le32', value: 0 },
      { name: 'where', type: 'le64', value: 5 },
      { name: 'data', hex: '414243' },
    ];
    const device = { name: '', instance: 0, format: 'x', bytes: 0, fields };
    const bytes = encodeDevice(derived(device, layout)).bytes();
    const sound = build(layout, { where: 5n, data: Uint8Array.of(0x41, 0x42, 0x43) }).bytes;
    same(bytes, sound, 'not what build writes');
  });

  it.each([mlx5, qat])('leave a sound $id as it is', async (format) => {
    const { bytes } = build(format.layout, format.sample);
    const [device] = decodeStates(await open(bytes), { format }).devices;
    same(encodeDevice(derived(device!, format.layout)).bytes(), bytes, 'changed');
  });

  it('follow a longer payload', async () => {
    const { bytes } = build(mlx5.layout, [{ tag: 'FW_DATA', data: Uint8Array.of(1, 2, 3) }]);
    const [device] = decodeStates(await open(bytes), { format: mlx5 }).devices;
    const text = JSON.stringify(device).replace('"010203"', '"0102030405"');
    const longer = JSON.parse(text) as NonNullable<typeof device>;
    const wanted = build(mlx5.layout, [{ tag: 'FW_DATA', data: Uint8Array.of(1, 2, 3, 4, 5) }]);
    same(encodeDevice(derived(longer, mlx5.layout)).bytes(), wanted.bytes, 'not what build writes');
  });
});

describe('a comparison', () => {
  it('names the field that differs, with both values and places', async () => {
    const { same: equal, devices } = diffStates(
      await open(mttyState),
      await open(patched(0x30, 7)),
    );
    assert.equal(equal, false);
    const [field] = devices[0]!.fields;
    assert.equal(field!.path, 'port[0].head');
    assert.deepEqual([field!.a!.offset, field!.b!.offset], [0x30, 0x30]);
    assert.equal(field!.b!.value, '7');
  });

  it('finds an input equal to itself', async () => {
    for (const name of corpusFiles) {
      const bytes = new Uint8Array(readFileSync(join(corpus, name)));
      assert.equal(diffStates(await open(bytes), await open(bytes)).same, true, name);
    }
  });

  it('finds the first byte of a payload that differs, in both files', async () => {
    const a = writeQemu(items([new Uint8Array(600)], [new Uint8Array(600)]));
    const changed = new Uint8Array(600);
    changed[10] = 1;
    const b = writeQemu(items([new Uint8Array(600)], [changed]));
    const { devices } = diffStates(await open(a), await open(b));
    const { differs } = devices[0]!.fields[0]!;
    assert.equal(differs!.equal, 610);
    assert.equal(b[differs!.b], 1);
    assert.equal(a[differs!.a], 0);
  });

  it('masks what differs among saves of one device', async () => {
    const noise = await open(patched(0x2f, 3));
    const both = Uint8Array.from(patched(0x2f, 9));
    both[0x30] = 5;
    const { devices } = diffStates(await open(mttyState), await open(both), [noise]);
    assert.deepEqual(devices[0]!.noise, ['port[0].fifo']);
    assert.deepEqual(
      devices[0]!.fields.map(({ path }) => path),
      ['port[0].head'],
    );
  });

  it('tells of records and sections that only one input has', async () => {
    const one = Uint8Array.from(
      build(mlx5.layout, [{ tag: 'FW_DATA', data: Uint8Array.of(1) }]).bytes,
    );
    const two = Uint8Array.of(...one, ...one);
    const { devices } = diffStates(await open(one), await open(two), [], { format: mlx5 });
    assert.deepEqual(
      devices[0]!.fields.map(({ path, change }) => `${path} ${change}`),
      ['record[1] added'],
    );
    const all = items([], [mttyState]);
    const less = all.filter((item) => !('idstr' in item) || item.idstr !== 'timer');
    const { container } = diffStates(await open(writeQemu(all)), await open(writeQemu(less)));
    assert.deepEqual(container, [{ item: 'section timer', change: 'removed', a: 'version 1' }]);
  });
});

describe('file names of states', () => {
  it('stay in their directory, whatever the stream says', () => {
    const hostile = [
      '../../etc/passwd',
      '/etc/shadow',
      '..',
      '.',
      '',
      'a\0b',
      'A\u001b[31m',
      'é',
      'x'.repeat(999),
      'con\n',
      '-rf',
      'same',
      'SAME',
    ];
    const names = fileNames(hostile.map((name) => ({ name })));
    for (const name of names) assert.match(name, /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.bin$/u);
    assert.equal(new Set(names.map((name) => name.toLowerCase())).size, names.length);
  });
});

describe('an input that cannot seek', () => {
  it('is read at any place, from a pipe or a compression, of any size', async () => {
    const bytes = new Uint8Array(20 << 20).map((_, index) => (index * 7 + (index >> 9)) & 0xff);
    const pipe = {
      ...memorySource('-', bytes),
      readAt: undefined,
      size: undefined,
      async *blocks() {
        for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
      },
    };
    const input = await seekable(pipe);
    assert.equal(input.size, bytes.length);
    same(input.readAt(9_000_000, 5000), bytes.subarray(9_000_000, 9_005_000), 'other bytes');
    input.close();
    const packed = await seekable(memorySource('x', gzipSync(mttyState)));
    assert.equal(packed.wrapper, 'gzip');
    same(packed.readAt(0, 100), mttyState, 'other bytes');
  });

  it('is the raw image that says the same, where it is a compressed libvirt image', async () => {
    const payload = writeQemu(stream(), 0);
    const image = (format: number, bytes: Uint8Array): Uint8Array =>
      writeLibvirt({ format, payload: bytes, cookie: '<cookie/>\0' });
    const wanted = image(0, payload);
    for (const packed of [image(1, gzipSync(payload)), gzipSync(image(1, gzipSync(payload)))]) {
      const input = await open(packed);
      assert.equal(input.wrapper, 'gzip');
      same(input.readAt(0, input.size), wanted, 'another image');
      assert.equal(walkStates(input).devices.length, 1);
    }
  });
});

describe('a redacted input', () => {
  /** Rules over what stands in a payload, which is gone. */
  const content = new Set([
    'kernel-pointer-exposed',
    'xe-page-table-names-function',
    'session-partial-write-dropped',
    'format-unrecognised',
    'qemu-section-holds-vfio',
  ]);

  /** The fields of all states with their places and numbers, without what their payloads hold. */
  const shape = async (bytes: Uint8Array, format: Format | undefined): Promise<string> => {
    const hash = createHash('sha256');
    const { devices, container } = walkStates(
      await open(bytes),
      {
        unit: (device, { root }) => {
          for (const { name, start, length, value } of walk(root)) {
            const shown = typeof value === 'bigint' ? `${value}` : '';
            hash.update(`${device.name} ${name} ${start} ${length} ${shown}\n`);
          }
        },
      },
      { format },
    );
    for (const one of devices) hash.update(`${one.name} ${one.format} ${one.bytes}\n`);
    return `${container} ${hash.digest('hex')}`;
  };

  // A seal does not survive a change of what it seals: `redact` refuses it.
  const unsealed = corpusFiles.filter((name) => !name.startsWith('sealed'));
  it.each(unsealed)('has the shape and the structural findings of %s', async (name) => {
    const bytes = new Uint8Array(readFileSync(join(corpus, name)));
    const { rope, told } = redactStates(await open(bytes), { addresses: false });
    const redacted = rope.bytes();
    assert.equal(redacted.length, bytes.length);
    const format = told[0] === undefined ? undefined : formatById(told[0].format);
    assert.equal(await shape(redacted, format), await shape(bytes, format));
    const rules = async (input: Uint8Array): Promise<string[]> => {
      const { findings } = await check(memorySource('x', input), { format });
      return findings.map(({ rule }) => rule).filter((rule) => !content.has(rule));
    };
    assert.deepEqual(await rules(redacted), await rules(bytes));
  });

  it('holds nothing of a payload', async () => {
    const secret = new TextEncoder().encode('a secret of the guest, 40 bytes long....');
    const { bytes } = build(mlx5.layout, [{ tag: 'FW_DATA', data: secret }]);
    const { rope, replaced } = redactStates(await open(bytes), { addresses: false });
    assert.ok(!Buffer.from(rope.bytes()).includes('secret'));
    assert.equal(replaced.get('payload'), 40);
  });

  it('holds nothing of guest memory, whose pages follow one another', async () => {
    const pages = 600;
    const block = { name: 'pc.ram', usedLength: BigInt(pages * 4096) };
    const page = new TextEncoder().encode('secret! '.repeat(512));
    const bytes = writeQemu(
      stream({
        ramStart: [
          {
            item: 'start',
            idstr: 'ram',
            body: [{ ram: 'MEM_SIZE', blocks: [block] }, { ram: 'EOS' }],
          },
        ],
        ramPart: [
          {
            item: 'part',
            idstr: 'ram',
            body: [
              { ram: 'PAGE', block: 'pc.ram', data: page },
              ...Array.from({ length: pages - 1 }, (_, index) => ({
                ...({ ram: 'PAGE', offset: (index + 1) * 4096, data: page } as const),
              })),
              { ram: 'EOS' },
            ],
          },
        ],
      }),
    );
    const { rope, replaced } = redactStates(await open(bytes), { addresses: false });
    assert.ok(!Buffer.from(rope.bytes()).includes('secret'));
    assert.equal(replaced.get('guest memory'), pages * 4096);
    assert.equal(await shape(rope.bytes(), undefined), await shape(bytes, undefined));
  });
});
