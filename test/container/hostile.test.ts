import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { JsonReader } from '../../src/container/qemu/json.ts';
import { findVmdesc, readVmdesc, searchVmdesc } from '../../src/container/qemu/vmdesc.ts';
import { qemuWalker } from '../../src/container/qemu/walker.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';
import { detectContainer } from '../../src/container/detect.ts';
import { libvirtWalker } from '../../src/container/libvirt.ts';
import { multifdWalker } from '../../src/container/multifd.ts';
import { endOfState, parts, stream, vfio } from '../../src/rules/container-examples.ts';
import { entry, faultsOf, fileOf, pipeOf, walked } from './walked.ts';

const small = entry('sound.bin');
const real = [
  'pc-mtty1-novmdesc.bin',
  'pc-two-vfio.bin',
  'live-multifd2-vfioon-mtty2.ch0.bin',
  'qemu10.0-pc-postcopy-run.bin.gz',
].map(entry);

/** One thing done to a stream somewhere. */
const edit = fc.record({
  what: fc.constantFrom('set', 'flip', 'cut', 'drop', 'copy'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  value: fc.nat(255),
  count: fc.nat(80),
});
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never;

const edited = (bytes: Uint8Array, { what, at, from, value, count }: Edit): Uint8Array => {
  const place = Math.floor(at * bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (what) {
    case 'set':
      return Buffer.concat([before, Buffer.of(value), after.subarray(1)]);
    case 'flip':
      return Buffer.concat([
        before,
        Buffer.of((after[0] ?? 0) ^ (1 << (value % 8))),
        after.subarray(1),
      ]);
    case 'cut':
      return before;
    case 'drop':
      return Buffer.concat([before, after.subarray(count)]);
    default: {
      const start = Math.floor(from * bytes.length);
      return Buffer.concat([before, bytes.subarray(start, start + count), after]);
    }
  }
};

describe('a walk over bytes that somebody changed', () => {
  it('ends, and gives the same in any pieces', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(small, ...real),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 9 }),
        fc.boolean(),
        (bytes, edits, sizes, pipe) => {
          const changed = edits.reduce(edited, bytes);
          const make = pipe ? pipeOf(changed) : fileOf(changed);
          const whole = walked(changed, make, (left) => left);
          let turn = 0;
          const pieces = walked(changed, make, () => sizes[turn++ % sizes.length]!);
          assert.deepEqual(pieces, whole);
        },
      ),
      { numRuns: 150 },
    ));

  it('ends on any bytes at all', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (tail, header) => {
        const bytes = header ? Buffer.concat([small.subarray(0, 60), tail]) : tail;
        for (const make of [qemuWalker, libvirtWalker, multifdWalker]) {
          walked(
            bytes,
            (sink) => make(sink),
            () => 7,
          );
        }
        detectContainer(bytes);
      }),
    ));

  it('says of every cut that the stream ends early, and of nothing else', () => {
    const whole = walked(small, pipeOf(small), (left) => left);
    const eof = whole.events.find(({ kind }) => kind === 'eof');
    assert.ok(eof?.kind === 'eof');
    for (let length = 0; length < small.length; length += 1) {
      const cut = small.subarray(0, length);
      const faults = faultsOf(walked(cut, pipeOf(cut), (left) => left));
      if (length <= eof.offset) {
        assert.equal(faults.length, 1, `cut at ${length}: ${faults.join(', ')}`);
      } else assert.ok(faults.every((code) => code === 'vmdesc-damaged'));
    }
  });

  it('survives every flipped bit of the first 200 bytes', () => {
    for (let bit = 0; bit < 1600; bit += 1) {
      const changed = small.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const { events } = walked(changed, fileOf(changed), (left) => left);
      assert.ok(events.length > 0);
    }
  });
});

const bounded = (blocks: Iterable<Uint8Array>): { events: number; faults: Map<string, number> } => {
  let events = 0;
  const faults = new Map<string, number>();
  const walker = qemuWalker((event) => {
    events += 1;
    if (event.kind === 'fault') faults.set(event.code, (faults.get(event.code) ?? 0) + 1);
  });
  for (const block of blocks) walker.push(block);
  walker.end();
  return { events, faults };
};

const repeated = function* (head: Uint8Array, unit: readonly number[], times: number) {
  yield head;
  const block = Buffer.from(Array.from({ length: 1000 }, () => unit).flat());
  for (let count = 0; count < times; count += 1000) yield block;
};

const opening = writeQemu([...parts.header, ...parts.configuration, ...parts.ramStart]);

describe('a stream that announces more than anybody has', () => {
  it('is told after a data record of 2^63 bytes where its section really ends', () => {
    const bytes = entry('vfio-data-length-2-63.bin');
    const { events, devices } = walked(bytes, pipeOf(bytes), () => 1000);
    assert.equal(devices.get(0)?.length, 60);
    const after = events.filter((event) => event.kind === 'section' && event.section.recovered);
    assert.equal(after.length, 2);
  });

  it('is walked when it has a million sections, one at a time', () => {
    const part = [2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x7e, 0, 0, 0, 1];
    const { events, faults } = bounded(repeated(opening, part, 1_000_000));
    assert.equal(events, 5 + 2_000_000 + 2);
    assert.deepEqual([...faults.keys()], ['truncated']);
  });

  it('is given up when it nests a million packages', () => {
    const { faults } = bounded(repeated(opening, [8, 0, 7, 0, 4, 0x7f, 255, 255, 255], 1_000_000));
    assert.equal(faults.get('budget'), 1);
  });

  it('is given up after 256 faults', () => {
    const full = [4, 0, 0, 0, 9, 1, 0x41, 0, 0, 0, 0, 0, 0, 0, 1, 7];
    const { events, faults } = bounded(repeated(opening, full, 1_000_000));
    assert.ok(events < 2000);
    assert.equal(faults.get('budget'), 1);
  });

  it('is walked to its end when 64 MiB of zeros follow', () => {
    const zeros = new Uint8Array(1 << 20);
    const blocks = function* () {
      yield opening;
      yield Uint8Array.of(4, 0, 0, 0, 9, 1, 0x41, 0, 0, 0, 0, 0, 0, 0, 1);
      for (let count = 0; count < 64; count += 1) yield zeros;
    };
    assert.deepEqual([...bounded(blocks()).faults.keys()], ['truncated']);
  });
});

describe('a guest that plants what ends a section', () => {
  it('ends no section with a footer that no item follows', () => {
    const planted = Uint8Array.of(0x7e, 0, 0, 0, 3, 0x11, 0x22, 0x7e, 0, 0, 0, 3, 0, 0, 0, 0);
    const body = Buffer.concat([new Uint8Array(24), planted, new Uint8Array(8)]);
    const bytes = writeQemu(
      stream({ timer: [{ item: 'full', idstr: 'timer', body: [body] }], vmdesc: [] }),
    );
    const { events } = walked(bytes, pipeOf(bytes), (left) => left);
    const end = events.find((event) => event.kind === 'section-end' && event.section.id === 3);
    assert.ok(end?.kind === 'section-end');
    assert.equal(end.bodyLength, body.length);
    assert.equal(end.sizedBy, 'footer-scan');
  });

  // `qemu hw/nvram/eeprom93xx.c`, as each i82550 has one.
  it('ends a section where one follows that has a date for its version', () => {
    const eeprom = [
      { item: 'full', idstr: '0000:00:09.0/eeprom', version: 20061113, body: [new Uint8Array(24)] },
    ] as const;
    const bytes = writeQemu(stream({ timer: [...parts.timer, ...eeprom], vmdesc: [] }));
    assert.deepEqual(faultsOf(walked(bytes, pipeOf(bytes), (left) => left)), []);
  });

  it('changes nothing with a whole stream inside a RAM page', () => {
    const page = new Uint8Array(4096);
    page.set(small.subarray(0, 4096));
    const bytes = writeQemu(
      stream({
        ramPart: [
          {
            item: 'part',
            idstr: 'ram',
            body: [{ ram: 'PAGE', block: 'pc.ram', data: page }, { ram: 'EOS' }],
          },
        ],
      }),
    );
    const { events } = walked(bytes, pipeOf(bytes), (left) => left);
    assert.equal(events.filter(({ kind }) => kind === 'section').length, 8);
    assert.equal(events.filter(({ kind }) => kind === 'fault').length, 0);
  });

  it('ends no data record with tags inside it', () => {
    const tags = Buffer.from('ffffffffef1000017e00000002', 'hex');
    const bytes = writeQemu(
      stream({ end: [vfio('end', [{ vfio: 'DEV_DATA_STATE', data: tags }, endOfState])] }),
    );
    const { devices, events } = walked(bytes, pipeOf(bytes), () => 3);
    assert.deepEqual(Buffer.from(devices.get(0)!.subarray(24)), tags);
    assert.equal(events.filter(({ kind }) => kind === 'fault').length, 0);
  });
});

describe('a description', () => {
  const text = (json: string): Uint8Array => new TextEncoder().encode(json);

  it('is found behind EOF with bytes appended', () => {
    const bytes = Buffer.concat([small, Buffer.alloc(5000, 0x41)]);
    const found = findVmdesc((at, length) => bytes.subarray(at, at + length), bytes.length);
    assert.equal(found?.devices, 2);
    assert.ok(found.offset < small.length);
  });

  it('is not found where it only looks like one', () => {
    const fake = Buffer.from([0, 6, 0, 0, 0, 3, 0x7b, 0x7d, 0x7d]);
    assert.equal(searchVmdesc(fake, 0), undefined);
    assert.equal(searchVmdesc(Buffer.from([0, 6, 0xff, 0xff, 0xff, 0xff, 0x7b]), 0), undefined);
    assert.equal(searchVmdesc(new Uint8Array(0), 0), undefined);
  });

  it('gives the size of a body from its fields and subsections', () => {
    const json = `{"page_size":4096,"devices":[{"name":"a","instance_id":1,"fields":[
      {"name":"x","size":4},{"name":"y","size":2,"array_len":3,"type":"uint16"}],
      "subsections":[{"vmsd_name":"a/b","fields":[{"size":8}]}]},
      {"name":"l","instance_id":0,"fields":[{"size":5,"array_len":2,"type":"struct"}]}]}`;
    const found = readVmdesc(text(json), 0);
    assert.deepEqual(found?.sizes.get('a#1'), [{ bytes: 4 + 6 + 6 + 3 + 8, exact: true }]);
    assert.deepEqual(found.sizes.get('l#0'), [{ bytes: 10, exact: false }]);
  });

  it.each([
    ['deep', `{"devices":${'['.repeat(100_000)}`],
    ['cut', '{"devices":[{"name":"a"'],
    ['no object', '[1,2]'],
    ['no JSON', '{devices:1}'],
    ['text behind', '{} {}'],
    ['a string without end', '{"a":"'],
  ])('that is %s is refused', (_what, json) => {
    assert.equal(readVmdesc(text(json), 0), undefined);
  });

  it('of thirty million characters is read without building anything', () => {
    const wide = text(`{"devices":[${'{"name":"x","fields":[]},'.repeat(1_000_000)}{}]}`);
    const before = process.memoryUsage().heapUsed;
    assert.equal(readVmdesc(wide, 0)?.devices, 1_000_001);
    assert.ok(process.memoryUsage().heapUsed - before < 100 << 20);
  });

  it('is read as JSON.parse reads it', () =>
    fc.assert(
      fc.property(fc.json(), (json) => {
        const reader = new JsonReader(text(json));
        reader.skip();
        assert.ok(reader.finished(), json);
      }),
    ));
});
