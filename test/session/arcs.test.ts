import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { writeSession, type SessionRecord } from '../../src/container/session/write.ts';
import {
  givesDataFd,
  pathBetween,
  stateNames,
  stateOf,
  type StateName,
} from '../../src/container/session/states.ts';
import { get, set } from '../../src/rules/session-examples.ts';
import { captured } from './streams.ts';

interface Row {
  readonly from: StateName;
  readonly image: boolean;
  readonly to: number;
  readonly errno: '0' | 'EINVAL';
  readonly fd: boolean;
  readonly after: StateName;
}

const rows = readFileSync(
  join(import.meta.dirname, '..', '..', 'corpus', 'v2-session', 'state-arcs.jsonl'),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

const flags = 7n;

/** The session that a row was recorded from. */
const records = ({ from, image, to, errno, fd, after }: Row): readonly SessionRecord[] => {
  const path = pathBetween('RUNNING', from, flags) ?? [];
  const first = givesDataFd('RUNNING', path) ? 20 : -1;
  return [
    { record: 'device', protocol: 'v2', name: 'mtty0', state: 'RUNNING', flags },
    ...(from === 'RUNNING' ? [] : [set(from, { fd: first })]),
    ...(image ? [{ record: 'write' as const, data: captured('mtty1-fifo3-loop') }] : []),
    // Leaving STOP_COPY before its end is no matter of arcs.
    ...(from === 'STOP_COPY' ? [{ record: 'read' as const }] : []),
    set(to, { fd: fd ? 21 : -1, result: errno === '0' ? 0 : -22 }),
    get(after),
  ];
};

const found = async (row: Row): Promise<readonly string[]> => {
  const bytes = writeSession({ records: records(row) });
  const { findings } = await check(memorySource('row', bytes));
  return findings.map(({ rule }) => rule).filter((rule) => rule !== 'session-left-in-resuming');
};

/** What a rule should say of a row, from the answer of the kernel alone. */
const wanted = ({ errno, to, image, from }: Row): readonly string[] => {
  if (errno === '0') return [];
  if (to >= stateNames.length) return ['session-state-undefined'];
  return from === 'RESUMING' && !image && to !== 0
    ? ['session-restore-empty']
    : ['session-arc-unreachable'];
};

describe('the table of arcs', () => {
  it('has a row for every state and every request', () => {
    assert.equal(rows.length, 104);
  });

  it.each(rows.map((row) => [row.from, row.to, row.image ? 'with' : 'without', row] as const))(
    'agrees with the kernel on %s to %i %s an image',
    async (_from, _to, _image, row) => {
      assert.deepEqual(await found(row), wanted(row));
    },
  );

  it('tells where a data_fd is returned', () => {
    for (const { from, to, errno, fd } of rows) {
      const target = stateOf(to);
      const path = target === undefined ? undefined : pathBetween(from, target, flags);
      if (errno === '0') assert.equal(path !== undefined && givesDataFd(from, path), fd);
    }
  });

  it('finds a data_fd where the kernel returned none, and none where it returned one', async () => {
    for (const row of rows.filter(({ errno }) => errno === '0')) {
      assert.deepEqual(await found({ ...row, fd: !row.fd }), ['session-data-fd-mismatch']);
    }
  });

  it('finds a request that succeeds although the kernel refused it', async () => {
    for (const row of rows.filter(({ errno }) => errno !== '0')) {
      const after = stateOf(row.to) ?? row.from;
      assert.notDeepEqual(await found({ ...row, errno: '0', after }), []);
    }
  });

  it('steps over states that a device does not have', () => {
    assert.deepEqual(pathBetween('RUNNING', 'STOP', 1n), ['STOP']);
    assert.deepEqual(pathBetween('PRE_COPY', 'STOP_COPY', 5n), ['STOP_COPY']);
    assert.deepEqual(pathBetween('STOP', 'PRE_COPY_P2P', 7n), ['RUNNING_P2P', 'PRE_COPY_P2P']);
    assert.equal(pathBetween('RUNNING', 'PRE_COPY', 3n), undefined);
    assert.equal(pathBetween('RUNNING', 'RUNNING_P2P', 5n), undefined);
  });
});
