import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Descriptor } from '../../src/compat/descriptor.ts';
import { classesOf, matrix } from '../../src/compat/fleet.ts';
import { judge } from '../../src/compat/judge.ts';
import { descriptorYaml, parseDescriptors } from '../../src/compat/shape.ts';
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
    const back: readonly Descriptor[] = parseDescriptors(descriptorYaml(sayable), 'fleet.yaml');
    assert.deepEqual(back, sayable);
  });
});

describe('a copied folder of sysfs', () => {
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
