import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { conformKernel } from '../../src/targets/conform-vfio.ts';
import { openTarget } from '../../src/targets/open.ts';
import type { Step, TargetOptions } from '../../src/targets/target.ts';
import { runCampaign } from '../fuzz/run-campaign.ts';
import { compile, lacks } from './compilers.ts';
import { execution, options, patient } from './options.ts';

const root = join(import.meta.dirname, '..', '..');
const good = readFileSync(join(root, 'corpus', 'mtty', 'mtty1-fifo3-loop.bin'));
const past = readFileSync(join(root, 'corpus', 'mtty', 'head-past-fifo.bin'));
const restored: readonly Step[] = [
  { do: 'begin' },
  { do: 'write', length: 60 },
  { do: 'end' },
  { do: 'run' },
  { do: 'save' },
];

describe.skipIf(lacks('gcc'))('vfio:', () => {
  let folder = '';
  let helper = '';
  let shim = '';
  let log = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-vfio-test-'));
    helper = compile([join(root, 'native', 'vstate_vfio.c')], join(folder, 'helper'));
    const fake = join(import.meta.dirname, 'fake_vfio.c');
    shim = compile([fake], join(folder, 'fake.so'), ['-shared', '-fPIC']);
    log = join(folder, 'kmsg');
    writeFileSync(log, '4,1,2,-;BUG: kernel NULL pointer dereference, long ago\n');
    mkdirSync(join(folder, '7'));
    mkdirSync(join(folder, '0000:00:07.0'));
    symlinkSync('../7', join(folder, '0000:00:07.0', 'iommu_group'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const lab = (mistake = '', more: Partial<TargetOptions> = {}): TargetOptions =>
    options({
      allowDevice: true,
      timeout: 20_000,
      environment: {
        LD_PRELOAD: shim,
        FAKE_VFIO: mistake,
        FAKE_VFIO_LOG: log,
        FAKE_VFIO_STATE: join(root, 'corpus', 'mtty', 'mtty1-fifo3-loop.bin'),
      },
      ...more,
    });
  const spec = (device = '/dev/vfio/devices/vfio3'): string => `vfio:[helper=${helper}]${device}`;

  it('restores and saves, by group and by character device, and gives the errno of each call', async () => {
    for (const device of ['/dev/vfio/devices/vfio3', join(folder, '0000:00:07.0')]) {
      await using target = await openTarget(spec(device), lab());
      const late: readonly Step[] = [...restored, { do: 'write', length: 4 }];
      const [whole, short, after] = await target.run(
        [
          execution(good, restored),
          execution(good.subarray(1)),
          execution(good, [
            ...late.slice(0, 3),
            { do: 'input', input: 0 },
            { do: 'write', length: 4 },
          ]),
        ],
        patient,
      );
      assert.deepEqual(whole!.steps, [0, 60, 0, 0, 60]);
      assert.deepEqual(whole!.outcome, { kind: 'accepted' });
      assert.deepEqual(Buffer.from(whole!.saves[0]!), good);
      assert.deepEqual(short!.outcome, { kind: 'rejected', reason: 'write: EINVAL' });
      assert.deepEqual(after!.steps.at(-1), -19);
    }
  });

  it('reads an oops from the log of the kernel, whether or not the helper lives', async () => {
    for (const mistake of ['head', 'die']) {
      await using target = await openTarget(spec(), lab(mistake));
      const results = await target.run(
        [past, good].map((bytes) => execution(bytes, restored)),
        patient,
      );
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        [
          { kind: 'crashed', signal: 'kasan-slab-out-of-bounds', stack: ['mtty_read'] },
          { kind: 'accepted' },
        ],
      );
    }
  });

  it('says that a call hangs which does not return', async () => {
    await using target = await openTarget(spec(), lab('hang', { timeout: 2000 }));
    const [result] = await target.run([execution(past, restored)], patient);
    assert.deepEqual(result!.outcome, { kind: 'hung' });
  });

  it('shows a head past the FIFO to a campaign', async () => {
    const out = join(folder, 'campaign');
    mkdirSync(out);
    await using target = await openTarget(spec(), lab('head'));
    const { reports } = await runCampaign({ path: out, target, executions: 400 });
    const crash = reports.find(({ oracle }) => oracle === 'restore-crashed');
    assert.deepEqual(
      crash?.rows.map(({ path }) => path),
      ['port[0].head'],
    );
    assert.deepEqual(crash.stack, ['mtty_read']);
  });

  it('makes a finding of the execution in which the machine went down, and does it never again', () => {
    const out = join(folder, 'down');
    // A group of its own, which the fake device ends with everything in it.
    const run = (...words: readonly string[]): SpawnSyncReturns<string> =>
      spawnSync('setsid', ['--wait', process.execPath, join(root, 'dist', 'cli.js'), ...words], {
        encoding: 'utf8',
      });
    const environment = Object.entries(lab('down').environment);
    const limits = [
      ...['--allow-device', '--timeout', '20000'],
      ...environment.flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ];
    const seeds = join(root, 'corpus', 'mtty', 'mtty1-fifo3-loop.bin');
    const start = ['--target', spec(), '--format', 'mtty', '--seeds', seeds, '--seed', '4'];
    const more = ['--out', out, '--executions', '160', ...limits];
    const ended: string[] = [];
    let last = run('fuzz', ...start, ...more);
    for (
      ;
      last.signal === 'SIGKILL' || last.status === 137;
      last = run('fuzz', '--resume', ...more)
    ) {
      assert.ok(existsSync(join(out, 'under-way.jsonl')), 'it ended outside of an execution');
      ended.push(last.stderr);
      assert.ok(ended.length < 20, 'it does the same again and again');
    }
    assert.ok(ended.length > 0, last.stderr);
    assert.equal(last.status, 1, last.stderr);
    assert.equal(existsSync(join(out, 'under-way.jsonl')), false);
    const found = readdirSync(join(out, 'findings')).filter((id) => id.startsWith('machine-'));
    assert.equal(found.length, ended.length, found.join(' '));
    for (const id of found) {
      const path = join(out, 'findings', id);
      // The head of the FIFO is the byte at 48.
      assert.ok(readFileSync(join(path, 'original.bin'))[48]! >= 16);
      assert.match(readFileSync(join(path, 'report.txt'), 'utf8'), /ended during this execution/u);
    }
    const path = join(out, 'findings', found[0]!);
    const replay = run('replay', path, ...limits);
    assert.ok(replay.signal === 'SIGKILL' || replay.status === 137, replay.stderr);
    const told = run('replay', path, ...limits);
    assert.equal(told.status, 1, told.stderr);
    assert.match(told.stdout, /machine-went-down: shown in 1 of 1 runs/u);
    const finding = JSON.parse(readFileSync(join(path, 'finding.json'), 'utf8')) as {
      runs: number;
      shown: number;
    };
    assert.deepEqual([finding.runs, finding.shown], [1, 1]);
  });

  it('goes through the states of a device, arc by arc', async () => {
    const faults = [
      ['', []],
      ['arc', ['arc-STOP_COPY-PRE_COPY', 'arc-STOP_COPY-PRE_COPY_P2P']],
      ['unknown', ['state-unknown']],
      ['moves', ['state-after-refusal']],
      ['late', ['data-write-late']],
      ['short', ['restore-short']],
      ['pieces', ['restore-segmentation']],
      ['reset', ['reset-state']],
    ] as const;
    for (const [fault, failed] of faults) {
      const found = await conformKernel(spec().slice(5), lab(fault), patient);
      const wrong = found.verdicts.filter(({ result }) => result !== 'pass');
      assert.deepEqual(
        wrong.map(({ id }) => id),
        failed,
        JSON.stringify(wrong),
      );
      assert.equal(found.saved, 60);
      assert.ok(found.verdicts.length >= 69);
    }
    await assert.rejects(conformKernel('x', options(), patient), /--allow-device/u);
  });

  it('touches nothing unless it is allowed, and a device that is missing is no finding', async () => {
    await assert.rejects(openTarget(spec(), options()), /--allow-device/u);
    await assert.rejects(
      openTarget(spec('/dev/vfio/devices/vfio9'), lab()),
      /open .*vfio9: No such/u,
    );
    await assert.rejects(openTarget(spec('no-such-device'), lab()), /there is no device/u);
    const conform = spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), 'conform', spec()], {
      encoding: 'utf8',
    });
    assert.equal(conform.status, 2);
    assert.match(conform.stderr, /--allow-device/u);
    const out = join(folder, 'refused');
    const run = (...more: readonly string[]): { status: number | null; stderr: string } =>
      spawnSync(
        process.execPath,
        [
          join(root, 'dist', 'cli.js'),
          'fuzz',
          '--target',
          spec('/dev/vfio/devices/vfio9'),
          '--format',
          'mtty',
          '--out',
          out,
          ...more,
        ],
        { encoding: 'utf8' },
      );
    const refused = run();
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /--allow-device/u);
    assert.equal(existsSync(out), false);
    const shared = run('--allow-device', '--workers', '2');
    assert.equal(shared.status, 2);
    assert.match(shared.stderr, /one owner/u);
    const missing = run('--allow-device');
    assert.equal(missing.status, 3, missing.stderr);
    assert.equal(existsSync(out), false);
  });
});
