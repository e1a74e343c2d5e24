import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';
import { mttyState } from '../../src/rules/examples.ts';
import { decodeStates } from '../../src/states/decode.ts';
import type { StateDocument } from '../../src/states/document.ts';
import { encodeDocument } from '../../src/states/encode.ts';
import { seekable } from '../../src/states/open.ts';
import { readDocument } from '../../src/states/read.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus');

const documentOf = async (bytes: Uint8Array, fields?: number): Promise<StateDocument> => {
  const input = await seekable(memorySource('state', bytes), { unwrap: false });
  return decodeStates(input, fields === undefined ? {} : { fields });
};

/** Decodes, writes the text, reads it back and encodes. */
const again = async (bytes: Uint8Array, fields?: number): Promise<Uint8Array> => {
  const text = JSON.stringify(await documentOf(bytes, fields));
  return encodeDocument(readDocument([Buffer.from(text)])).bytes();
};

const same = (got: Uint8Array, wanted: Uint8Array, what: string): void =>
  assert.ok(Buffer.compare(got, wanted) === 0, `${what} did not come back`);

const stream = (data: readonly Uint8Array[]): Uint8Array =>
  writeQemu([
    { item: 'header' },
    { item: 'configuration', machine: 'pc-q35-10.0' },
    {
      item: 'start',
      idstr: '0000:00:02.0/vfio',
      body: [{ vfio: 'DEV_SETUP_STATE' }, { vfio: 'END_OF_STATE' }],
    },
    {
      item: 'end',
      idstr: '0000:00:02.0/vfio',
      body: [
        ...data.map((one) => ({ vfio: 'DEV_DATA_STATE' as const, data: one })),
        { vfio: 'END_OF_STATE' },
      ],
    },
    { item: 'eof' },
    { item: 'vmdesc' },
  ]);

describe('a document', () => {
  it('gives any bytes back', async () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 200 }).map((tail) => Uint8Array.of(...mttyState, ...tail)),
      fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 4 }).map((parts) => stream(parts)),
    );
    await fc.assert(
      fc.asyncProperty(anything, fc.nat(), fc.nat(255), async (bytes, place, value) => {
        const edited = Uint8Array.from(bytes);
        if (edited.length > 0) edited[place % edited.length] = value;
        same(await again(bytes), bytes, 'an input');
        same(await again(edited), edited, 'a damaged input');
      }),
    );
  });

  it.each(
    readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.bin'),
    ),
  )('gives %s back, and every truncation of it', async (name) => {
    const bytes = new Uint8Array(readFileSync(join(corpus, name)));
    same(await again(bytes), bytes, name);
    const step = bytes.length <= 128 ? 1 : Math.ceil(bytes.length / 24);
    for (let length = 0; length < bytes.length; length += step) {
      const cut = bytes.subarray(0, length);
      same(await again(cut), cut, `${name}, cut to ${length}`);
    }
  });

  it('names the fields of a format', async () => {
    const { container, devices } = await documentOf(mttyState);
    assert.equal(container, 'device-state');
    assert.equal(devices[0]!.format, 'mtty');
    const [magic, major] = devices[0]!.fields;
    assert.deepEqual(magic, { name: 'magic', type: 'le64', value: '0x7e9d09898c3e2c4e' });
    assert.deepEqual(major, { name: 'major_ver', type: 'le32', value: 1 });
  });

  it('holds the pieces of a container around the states', async () => {
    const { container, devices, pieces } = await documentOf(
      stream([mttyState.subarray(0, 30), mttyState.subarray(30)]),
    );
    assert.equal(container, 'qemu');
    assert.deepEqual(
      devices.map(({ name, format, bytes }) => ({ name, format, bytes })),
      [{ name: '0000:00:02.0/vfio', format: 'mtty', bytes: 60 }],
    );
    assert.deepEqual(
      pieces!.filter((piece) => 'device' in piece),
      [
        { device: 0, at: 0, bytes: 30 },
        { device: 0, at: 30, bytes: 30 },
      ],
    );
  });

  it('lists a limited number of fields, and what is behind them as bytes', async () => {
    const { devices } = await documentOf(mttyState, 3);
    assert.deepEqual(
      devices[0]!.fields.map(({ name }) => name),
      ['magic', 'major_ver', 'minor_ver', '(rest)'],
    );
    same(await again(mttyState, 3), mttyState, 'the state');
  });

  it('is not made of an input that is too large for it', async () => {
    const input = await seekable(memorySource('large', new Uint8Array((32 << 20) + 1)));
    assert.throws(() => decodeStates(input), /large has 33554433 bytes, and 33554432 fit/u);
  });
});

describe('a document that anybody wrote', () => {
  const good = {
    document: 'vstate-check decode',
    version: 1,
    container: 'device-state',
    bytes: 4,
    devices: [
      { name: '', instance: 0, format: 'opaque', bytes: 4, fields: [{ name: 'a', hex: '00' }] },
    ],
  };
  const withField = (field: unknown): string =>
    JSON.stringify({ ...good, devices: [{ ...good.devices[0], fields: [field] }] });

  it.each([
    ['no JSON', '{"vstate-check decode', /the document is not JSON/u],
    ['another document', '{}', /this is not what decode writes/u],
    ['a list', '["vstate-check decode"]', /the document is not an object/u],
    ['a prototype', '{"__proto__": {"document": "vstate-check decode"}}', /"document" is missing/u],
    ['deep nesting', `${'['.repeat(1e6)}"vstate-check decode"`, /nests more than 200 levels/u],
    [
      'a text that NUL fills for ever',
      withField({ name: 'x', text: '', size: 9007199254740991 }),
      /take more than 16777216 bytes of NUL/u,
    ],
    ['many values', `[${'0,'.repeat(3e6)}"vstate-check decode"]`, /more than 1572864 values/u],
    ['a wrong version', JSON.stringify({ ...good, version: 2 }), /"version" is not 1/u],
    ['devices by name', JSON.stringify({ ...good, devices: {} }), /devices is not a list/u],
    ['a field without a kind', withField({ name: 'x' }), /fields\[0\] \(x\) has no "value"/u],
    ['two kinds', withField({ name: 'x', hex: '', value: 1 }), /has both "hex" and "value"/u],
    ['odd hexadecimal', withField({ name: 'x', hex: 'abc' }), /hex is not hexadecimal/u],
    [
      'a number too wide',
      withField({ name: 'x', type: 'u8', value: 256 }),
      /does not fit into u8/u,
    ],
    ['a huge number', withField({ name: 'x', type: 'u8', value: 1e300 }), /not a whole number/u],
    [
      'a long number',
      withField({ name: 'x', type: 'u8', value: '9'.repeat(1e6) }),
      /more than 65536 bytes without an end/u,
    ],
    ['no such type', withField({ name: 'x', type: '__proto__', value: 1 }), /there is no type/u],
    ['text too long', withField({ name: 'x', size: 1, text: 'ab' }), /2 characters for 1 bytes/u],
    [
      'a path',
      withField({ name: 'x', file: '../../etc/passwd', offset: 0, bytes: 1 }),
      /file is not a name/u,
    ],
    [
      'a file without a directory',
      withField({ name: 'x', file: 'device-0.bin', offset: 0, bytes: 1 }),
      /no payload directory/u,
    ],
    ['bytes that are no UTF-8', Buffer.from('"vstate-check decode\xff"', 'latin1'), /not JSON/u],
  ])('with %s is refused in one line', (_what, text, message) => {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    assert.throws(
      () => encodeDocument(readDocument([bytes])).bytes(),
      (error: Error) => message.test(error.message) && !error.message.includes('\n'),
    );
  });
});
