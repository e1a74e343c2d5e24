import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe as suite, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { describe } from '../../src/compat/descriptor.ts';
import { expectationOfDescriptors } from '../../src/compat/expect.ts';
import { describeStates } from '../../src/compat/state.ts';
import { parseManifest } from '../../src/corpus/manifest.ts';
import { formats } from '../../src/formats/index.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus');
/** Sound states of every format that has a folder. */
const sound = readdirSync(corpus)
  .filter((folder) => formats.some(({ id }) => id === folder))
  .flatMap((folder) => {
    const manifest = join(corpus, folder, 'corpus.yaml');
    return parseManifest(readFileSync(manifest, 'utf8'), manifest)
      .filter(
        ({ expect, rules, with: given }) =>
          expect === 'accept' && rules.length === 0 && given === undefined,
      )
      .map(({ file }) => [`${folder}/${file}`, readFileSync(join(corpus, folder, file))] as const);
  });
const ofExpectations = [
  'capability-not-covered',
  'capacity-exceeded',
  'expectation-unmatched',
  'format-differs',
  'identity-differs',
  'version-not-accepted',
];
const destination = { name: 'd', from: { kind: 'written', path: 'd.yaml' } } as const;

suite('what a descriptor of the destination expects of a state', () => {
  it.each(sound)('is met by the state that it was taken from: %s', async (file, bytes) => {
    const { devices } = await describeStates(memorySource(file, bytes));
    const expect = expectationOfDescriptors(devices, formats);
    assert.equal(expect.format, file.split('/')[0]);
    const { findings } = await check(memorySource(file, bytes), { expect });
    const against = findings.filter(({ rule }) => ofExpectations.includes(rule));
    assert.deepEqual(
      against.map(({ rule, message }) => `${rule}: ${message}`),
      [],
    );
  });

  it('holds what the bytes of a state can answer, and nothing else', () => {
    const expect = expectationOfDescriptors(
      [
        describe({
          ...destination,
          format: 'hisi-acc',
          pci: '19e5:a251',
          driver: 'vfio-pci',
          capacity: 4096,
          migrationVersion: 'a1',
          attributes: { qp_num: '8', firmware: '5.1' },
          relations: { qp_num: 'equal', firmware: 'equal' },
        }),
      ],
      formats,
    );
    assert.deepEqual(expect, {
      format: 'hisi-acc',
      device: '19e5:a251',
      capacity: '4096',
      dev_id: '0xa251',
      qp_num: '8',
    });
  });

  it('takes the versions before the own of a reader that takes several, and what it accepts', () => {
    const expect = expectationOfDescriptors(
      [
        describe({
          ...destination,
          format: 'qat',
          attributes: { version: '1', svcmap: '0x249' },
          accepts: { svcmap: ['0x1'] },
        }),
      ],
      formats,
    );
    assert.equal(expect.version, '0|1');
    assert.equal(expect.svcmap, '0x249|0x1');
  });

  it('leaves a relation that no rule knows to the comparison of descriptors', () => {
    const attributes = { nr_ports: '1..2' };
    const relations = { nr_ports: 'within' } as const;
    const expect = expectationOfDescriptors(
      [describe({ ...destination, format: 'mtty', attributes, relations })],
      formats,
    );
    assert.deepEqual(expect, { format: 'mtty' });
  });

  it('speaks of each device by its name when there are several', () => {
    const expect = expectationOfDescriptors(
      ['a', 'b'].map((name) => describe({ ...destination, name, format: 'mtty' })),
      formats,
    );
    assert.deepEqual(expect, { 'device[a].format': 'mtty', 'device[b].format': 'mtty' });
  });
});
