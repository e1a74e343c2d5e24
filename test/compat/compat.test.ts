import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { classesOf, matrix } from '../../src/compat/fleet.ts';
import { judge } from '../../src/compat/judge.ts';
import { DescriptorError, descriptorYaml, readDescriptors } from '../../src/compat/shape.ts';
import { describeSysfs } from '../../src/compat/sysfs.ts';
import { cases } from './cases.ts';

const every = cases.flatMap(({ source, destination }) => [source, destination]);
/** Those that an attribute or a file can say. */
const sayable = every.filter(
  ({ migrationVersion: version }) =>
    typeof version !== 'string' || /^[\x20-\x7e]{1,4096}$/u.test(version),
);
const fleet = fc
  .array(fc.nat(every.length - 1), { minLength: 1, maxLength: 12 })
  .map((places) => places.map((at, name) => ({ ...every[at]!, name: String(name) })));

describe('who may load whose state', () => {
  it.each(cases)('$title: $verdict', ({ source, destination, verdict, about }) => {
    const answer = judge(source, destination);
    assert.equal(answer.verdict, verdict, JSON.stringify(answer));
    if (about !== undefined) assert.ok(answer.reasons.some((reason) => reason.about === about));
  });

  it.each(sayable)('finds no device incompatible with itself', (one) => {
    assert.notEqual(judge(one, one).verdict, 'incompatible');
  });

  it('gives a matrix the answers of its pairs', () =>
    fc.assert(
      fc.property(fleet, fleet, (sources, destinations) => {
        for (const { source, counts } of matrix(classesOf(sources), classesOf(destinations))) {
          const alone = { compatible: 0, incompatible: 0, 'only-the-target-can-tell': 0 };
          for (const one of destinations) alone[judge(source.descriptor, one).verdict] += 1;
          assert.deepEqual(counts, alone);
        }
      }),
    ));

  it('reads back every descriptor that it writes', () => {
    const { devices, faults } = readDescriptors(descriptorYaml(sayable), 'fleet.yaml');
    assert.deepEqual(faults, []);
    assert.deepEqual(devices, sayable);
  });
});

describe('a descriptor file', () => {
  it('keeps its devices beside those that are none, and says which those are', () => {
    const { devices, faults } = readDescriptors(
      JSON.stringify({
        descriptor: 1,
        devices: [{ name: 'a' }, { nome: 'b' }, [], { name: 'c', pci: 'x' }, { name: 'd' }],
      }),
      'fleet.json',
    );
    assert.deepEqual(
      devices.map(({ name }) => name),
      ['a', 'd'],
    );
    assert.deepEqual(
      faults.map(({ message }) => /^fleet\.json: (devices\.\d[.\w]*)/u.exec(message)?.[1]),
      ['devices.1.name', 'devices.2', 'devices.3.pci'],
    );
  });

  it.each(['attributes', 'relations', 'accepts'])('takes no key __proto__ in %s', (map) => {
    const text = `{"descriptor":1,"devices":[{"name":"a","${map}":{"__proto__":{}}},{"name":"b"}]}`;
    const { devices, faults } = readDescriptors(text, 'fleet.json');
    assert.equal(devices.length, 1);
    assert.match(faults[0]!.message, /devices\.0\.\w+: the key __proto__ is not taken/u);
  });

  it.each([
    ['{"descriptor":1,"devices":', '[', ']', '}'],
    ['descriptor: 1\ndevices: ', '[', ']', ''],
    ['descriptor: 1\ndevices: ', '{a: ', '}', ''],
  ])('is refused in a line when it is nested 100,000 deep: %j %s', (head, open, close, end) => {
    const text = head + open.repeat(1e5) + close.repeat(1e5) + end;
    try {
      assert.deepEqual(readDescriptors(text, 'deep').devices, []);
    } catch (error) {
      assert.ok(error instanceof DescriptorError && !error.message.includes('\n'));
    }
  });
});

describe('a copied folder of sysfs', () => {
  it('waits for no FIFO, goes round in no circle, and reads no more than an attribute holds', () => {
    const root = mkdtempSync(join(tmpdir(), 'vstate-compat-'));
    try {
      const device = join(root, '0000:00:02.0');
      mkdirSync(join(device, 'migration', 'self'), { recursive: true });
      writeFileSync(join(device, 'vendor'), '0x8086\n');
      writeFileSync(join(device, 'device'), '0x591d\n');
      execFileSync('mkfifo', [join(device, 'revision'), join(device, 'migration', 'self', 'pipe')]);
      symlinkSync('.', join(device, 'mdev_supported_types'));
      symlinkSync('driver', join(device, 'driver'));
      symlinkSync('loop', join(root, 'loop'));
      symlinkSync('.', join(root, 'again'));
      // A hole of 1 GiB, which takes no room on the disk.
      writeFileSync(join(device, 'migration_version'), '');
      truncateSync(join(device, 'migration_version'), 1 << 30);
      const found = describeSysfs(root);
      const physical = describeSysfs(device).filter(({ name }) => name === '0000:00:02.0');
      for (const one of [...found, ...physical]) {
        assert.equal(one.pci ?? '8086:591d', '8086:591d');
        assert.equal(one.revision, undefined);
        assert.ok(one.migrationVersion === null);
        assert.deepEqual(one.attributes, {});
      }
      assert.ok(found.length < 16, `${found.length}`);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('tells the type of an mdev, and follows no link out of the copy', () => {
    const root = mkdtempSync(join(tmpdir(), 'vstate-compat-'));
    try {
      const parent = join(root, '0000:00:02.0');
      const type = join(parent, 'mdev_supported_types', 'i915-GVTg_V5_8');
      const mdev = join(parent, '5d0d1e2c-1111-2222-3333-444455556666');
      mkdirSync(type, { recursive: true });
      mkdirSync(mdev);
      writeFileSync(join(root, 'secret'), 'secret\n');
      writeFileSync(join(type, 'device_api'), 'vfio-pci\n');
      writeFileSync(join(type, 'migration_version'), 'x'.repeat(4097));
      writeFileSync(join(type, 'compatible_type'), 'i915-GVTg_V5_8\ni915-GVTg_V5_4\n');
      symlinkSync('../mdev_supported_types/i915-GVTg_V5_8', join(mdev, 'mdev_type'));
      symlinkSync('../../secret', join(mdev, 'software_version'));
      const [found] = describeSysfs(mdev);
      assert.ok(found !== undefined);
      assert.equal(found.type, 'i915-GVTg_V5_8');
      assert.equal(found.deviceApi, 'vfio-pci');
      assert.deepEqual(found.accepts.type, ['i915-GVTg_V5_8', 'i915-GVTg_V5_4']);
      assert.equal(found.migrationVersion, null);
      assert.match(found.notes.join(), /longer than 4096 characters/u);
      assert.doesNotMatch(JSON.stringify(found), /secret/u);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
