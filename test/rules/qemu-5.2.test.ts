import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { writeQemu, type QemuItem } from '../../src/container/qemu/write.ts';
import { reaches } from '../../src/finding/finding.ts';
import { mttyState } from '../../src/rules/examples.ts';

const idstr = '0000:00:02.0/vfio';
const end = { vfio: 'END_OF_STATE' } as const;
const config = { vfio: 'DEV_CONFIG_STATE', config: {} } as const;
const data = { vfio: 'DEV_DATA_STATE', data: mttyState } as const;

const stream = (...sections: readonly QemuItem[]): Uint8Array =>
  writeQemu([
    { item: 'header' },
    { item: 'configuration', machine: 'pc-i440fx-5.2' },
    { item: 'start', idstr, body: [{ vfio: 'DEV_SETUP_STATE' }, end] },
    ...sections,
    { item: 'eof' },
  ]);

const grave = async (bytes: Uint8Array): Promise<readonly string[]> =>
  (await check(memorySource('stream', bytes))).findings
    .filter(({ severity }) => reaches(severity, 'medium'))
    .map(({ rule }) => rule);

describe('a stream of QEMU 5.2, with the config record in END', () => {
  it('is old and not wrong', async () => {
    assert.deepEqual(await grave(stream({ item: 'end', idstr, body: [data, config, end] })), []);
  });

  it('is wrong when FULL has a config record as well', async () => {
    const both = stream(
      { item: 'end', idstr, body: [data, config, end] },
      { item: 'full', idstr, body: [config, end] },
    );
    assert.deepEqual(await grave(both), ['vfio-config-misplaced']);
  });

  it('is wrong when END has the config record and no data', async () => {
    const found = await grave(
      stream(
        { item: 'part', idstr, body: [data, end] },
        { item: 'end', idstr, body: [config, end] },
      ),
    );
    assert.deepEqual(found, ['vfio-config-misplaced']);
  });
});
