import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { conform, type Conformance } from '../../src/targets/conform.ts';
import { run } from '../cli/run.ts';
import { compile, lacks } from './compilers.ts';
import { options, patient } from './options.ts';

/** Every fault that the server can be told to have; each is also the name of a check. */
const faults = [
  'version-first',
  'version-major',
  'version-unterminated',
  'version-json',
  'version-transfer',
  'header-echo',
  'header-error',
  'header-type',
  'header-unknown-command',
  'header-long',
  'header-no-reply',
  'feature-migration',
  'feature-probe',
  'feature-argsz',
  'feature-both-operations',
  'feature-no-operation',
  'feature-wrong-operation',
  'feature-unknown',
  'feature-short-body',
  'arc-RUNNING-STOP',
  'arc-STOP_COPY-PRE_COPY',
  'state-unknown',
  'state-after-refusal',
  'data-read-outside',
  'data-read-limit',
  'data-read-argsz',
  'data-read-head',
  'data-read-end',
  'data-write-outside',
  'data-write-argsz',
  'data-write-body',
  'data-write-empty',
  'restore-segmentation',
  'restore-short',
  'restore-long',
  'reset-state',
  'stopped-commands',
];

describe.skipIf(lacks('gcc'))('conform', () => {
  let folder = '';
  let server = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-conform-test-'));
    const source = join(import.meta.dirname, 'vfio_user_server.c');
    server = compile([source], join(folder, 'server'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const checked = async (fault = ''): Promise<Conformance> =>
    conform(`cmd=${server} {} ${fault}`, options(), patient);

  it('finds nothing wrong with a correct server, and leaves nothing undecided', async () => {
    const { verdicts, migration, saved } = await checked();
    assert.deepEqual(
      verdicts.filter(({ result }) => result !== 'pass'),
      [],
    );
    assert.equal(migration, 5n);
    assert.equal(saved, 64);
    assert.ok(verdicts.length > 70);
    assert.equal(new Set(verdicts.map(({ id }) => id)).size, verdicts.length);
  });

  it.each(faults)('finds %s where it is planted, and nothing else', async (fault) => {
    const { verdicts } = await checked(fault);
    const failed = verdicts.filter(({ result }) => result === 'fail');
    assert.deepEqual(
      failed.map(({ id }) => id),
      [fault],
      JSON.stringify(failed),
    );
  });

  it('reports as text and as JSON, and exits 1 when something failed', () => {
    const good = run(['conform', `vfio-user:cmd=${server} {}`]);
    assert.equal(good.status, 0);
    assert.match(
      good.stdout,
      /^device: STOP_COPY, PRE_COPY; saves 64 bytes\n\n\d+ checks: \d+ passed, 0 failed, 0 undecided\n$/u,
    );
    const bad = run(['conform', '--json', `vfio-user:cmd=${server} {} restore-short`]);
    assert.equal(bad.status, 1);
    const { checks } = JSON.parse(bad.stdout) as {
      readonly checks: readonly { readonly id: string; readonly result: string }[];
    };
    assert.ok(checks.some(({ id, result }) => id === 'restore-short' && result === 'fail'));
  });

  it('says what it cannot talk to', () => {
    const nobody = run(['conform', `vfio-user:${join(folder, 'nobody')}`]);
    assert.equal(nobody.status, 3);
    assert.match(nobody.stderr, /no server answers at the socket/u);
    assert.equal(run(['conform', 'harness:./x']).status, 2);
    assert.equal(run(['conform', 'vfio-user:[x=1]/s']).status, 2);
  });
});
