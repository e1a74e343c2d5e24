import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { decodeDocumentSchema } from '../../src/report/schema-decode.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { snapshotExample } from '../../src/rules/snapshot-example.ts';
import { run } from './run.ts';

const root = join(import.meta.dirname, '..', '..');
let folder = '';
const file = (name: string): string => join(folder, name);
const stream = join(root, 'corpus', 'qemu', 'pc-mtty1.bin');
const device = '0000:00:02.0/vfio';

/** Runs with bytes in and bytes out. */
const raw = (
  args: readonly string[],
  input: Uint8Array = new Uint8Array(0),
): { stdout: Buffer; stderr: string; status: number | null } => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(root, 'dist', 'cli.js'), ...args],
    { input, maxBuffer: 1 << 28, env: { PATH: process.env.PATH } },
  );
  return { stdout, stderr: stderr.toString(), status };
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-states-'));
  writeFileSync(file('good.bin'), mttyState);
  writeFileSync(file('bad.bin'), patched(0x30, 0x2c));
  mkdirSync(file('snapshot'));
  writeFileSync(join(file('snapshot'), 'state.json'), snapshotExample().bytes);
  writeFileSync(join(file('snapshot'), 'config.json'), '{}');
  writeFileSync(join(file('snapshot'), 'memory-ranges'), new Uint8Array(4096));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('decode and encode', () => {
  it.each([
    ['a state', () => readFileSync(file('bad.bin'))],
    ['a cut state', () => readFileSync(file('bad.bin')).subarray(0, 41)],
    ['a QEMU stream', () => readFileSync(stream)],
    ['a snapshot', () => Buffer.from(snapshotExample().bytes)],
    ['nothing', () => Buffer.alloc(0)],
    ['other bytes', () => Buffer.from([1, 2, 3, 0xff])],
  ])('give %s back through pipes, by the published schema', (_what, bytes) => {
    const input = bytes();
    const decoded = raw(['decode', '-'], input);
    assert.equal(decoded.status, 0, decoded.stderr);
    decodeDocumentSchema.parse(JSON.parse(decoded.stdout.toString()));
    const encoded = raw(['encode', '-'], decoded.stdout);
    assert.equal(encoded.status, 0, encoded.stderr);
    assert.ok(Buffer.compare(encoded.stdout, input) === 0);
  });

  it('write an edited field as it is written', () => {
    const text = raw(['decode', file('good.bin')]).stdout.toString();
    const edited = text.replace(/("name": "head",\s+"type": "u8",\s+"value": )\d+/u, '$1200');
    const { stdout } = raw(['encode', '-'], Buffer.from(edited));
    assert.ok(Buffer.compare(stdout, patched(0x30, 200)) === 0);
  });

  it('keep payloads in files, and put them back', () => {
    const large = Buffer.alloc(40 << 20, 'payload ');
    writeFileSync(file('large.bin'), large);
    const none = run(['decode', file('large.bin')]);
    assert.equal(none.status, 2);
    assert.match(none.stderr, /41943040 bytes, and 33554432 fit .*--payload-dir/u);
    const payloads = file('payloads');
    const args = ['--payload-dir', payloads];
    const decoded = run(['decode', file('large.bin'), ...args, '-o', file('large.json')]);
    assert.equal(decoded.status, 0, decoded.stderr);
    assert.ok(readFileSync(file('large.json')).length < 2000);
    const encoded = raw(['encode', file('large.json'), ...args]);
    assert.ok(Buffer.compare(encoded.stdout, large) === 0);
    assert.match(run(['encode', file('large.json')]).stderr, /--payload-dir says where/u);
  });

  it('make room for a longer state with --derive', () => {
    const text = raw(['decode', stream]).stdout.toString();
    const document = JSON.parse(text) as { devices: { format: string; fields: unknown[] }[] };
    document.devices[0]!.fields.push({ name: 'more', hex: 'aabbcc' });
    const longer = Buffer.from(JSON.stringify(document));
    const literal = raw(['encode', '-'], longer);
    assert.equal(literal.status, 2);
    assert.match(literal.stderr, /has 63 bytes now, and its container has room for 60/u);
    const roomy = raw(['encode', '-', '--derive'], longer);
    assert.equal(roomy.status, 0, roomy.stderr);
    const { stdout } = raw(['extract', '-', '--out', '-'], roomy.stdout);
    assert.equal(stdout.toString('hex').slice(-6), 'aabbcc');
  });

  it.each([
    ['deep nesting', `${'['.repeat(5_000_000)}"vstate-check decode"`],
    ['many values', `[${'[],'.repeat(3_000_000)}"vstate-check decode"]`],
    ['a huge number', `{"document":"vstate-check decode","version":${'9'.repeat(1_000_000)}}`],
    ['a prototype', '{"__proto__":{"document":"vstate-check decode"},"version":1}'],
    ['wrong types', '{"document":"vstate-check decode","version":1,"devices":7}'],
    ['text that is no JSON', '\u001b[2J\n\n{{{'],
  ])('refuse %s with one line', (_what, text) => {
    const { stderr, status, stdout } = raw(['encode', '-'], Buffer.from(text));
    assert.equal(status, 2);
    assert.equal(stdout.length, 0);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
    assert.ok(!stderr.includes('\u001b') && stderr.length < 400);
  });
});

describe('encode --into', () => {
  it('gives the same file for the same state, and another state for another', () => {
    const state = raw(['extract', stream, '--out', '-', '--device', device]).stdout;
    writeFileSync(file('state.bin'), state);
    const same = raw(['encode', '--into', stream, '--device', device, file('state.bin')]);
    assert.ok(Buffer.compare(same.stdout, readFileSync(stream)) === 0);
    const other = raw(['encode', '--into', stream, file('bad.bin')]);
    assert.ok(
      Buffer.compare(
        raw(['extract', '-', '--out', '-'], other.stdout).stdout,
        patched(0x30, 0x2c),
      ) === 0,
    );
  });

  it('takes a document as well as a state, and a snapshot directory as well as its file', () => {
    run(['decode', file('bad.bin'), '-o', file('bad.json')]);
    const out = raw(['encode', '--into', file('snapshot'), '--device', '_vfio0', file('bad.json')]);
    assert.equal(out.status, 0, out.stderr);
    assert.ok(
      Buffer.compare(
        raw(['extract', '-', '--out', '-'], out.stdout).stdout,
        patched(0x30, 0x2c),
      ) === 0,
    );
  });

  it('names the devices that there are', () => {
    const { status, stderr } = run(['encode', '--into', stream, '--device', 'x', file('good.bin')]);
    assert.equal(status, 2);
    assert.match(stderr, /holds no state of "x", but of "0000:00:02\.0\/vfio"/u);
  });
});

describe('extract', () => {
  it('writes each state to a file, once', () => {
    const first = run(['extract', stream, '--out', file('out')]);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /0000_00_02\.0_vfio\.bin: 0000:00:02\.0\/vfio, mtty, 60 bytes\n$/u);
    assert.deepEqual(readdirSync(file('out')), ['0000_00_02.0_vfio.bin']);
    const second = run(['extract', stream, '--out', file('out')]);
    assert.equal(second.status, 2);
    assert.match(second.stderr, /exists already \(--force writes over it\)/u);
    assert.equal(run(['extract', stream, '--out', file('out'), '--force']).status, 0);
    assert.deepEqual(readdirSync(file('out')), ['0000_00_02.0_vfio.bin']);
  });

  it('says that there is nothing to extract', () => {
    const { status, stderr } = run(['extract', '-', '--out', file('none')], {
      input: Buffer.from('QEVM\0\0\0\u0003\0'),
    });
    assert.equal(status, 3);
    assert.match(stderr, /no device state in this qemu/u);
    assert.ok(!existsSync(file('none')));
  });
});

describe('diff', () => {
  it('exits 0 for equal inputs, 1 for others, with the field and its places', () => {
    assert.equal(run(['diff', file('good.bin'), file('good.bin')]).status, 0);
    const { status, stdout } = run(['diff', file('good.bin'), file('bad.bin')]);
    assert.equal(status, 1);
    assert.match(stdout, / {2}port\[0\]\.head\n {4}- 0x30 +\d+\n {4}\+ 0x30 +44\n/u);
    const long = stdout.split('\n').filter((line) => line.length > 80 && !line.includes(folder));
    assert.deepEqual(long, []);
  });

  it('compares a state with the one in a container, as JSON', () => {
    const { stdout, status } = run(['diff', '--json', file('good.bin'), file('snapshot')]);
    assert.equal(status, 1);
    const { container, devices } = JSON.parse(stdout) as {
      container: unknown;
      devices: { change: string; fields: unknown[] }[];
    };
    assert.deepEqual(container, [
      { item: 'container', change: 'changed', a: 'device-state', b: 'cloud-hypervisor' },
    ]);
    assert.deepEqual(devices[0]!.fields, []);
  });

  it('masks noise', () => {
    const args = ['diff', file('good.bin'), file('bad.bin'), '--noise', file('bad.bin')];
    const { stdout, status } = run(args);
    assert.equal(status, 0);
    assert.match(stdout, /masked, .*port\[0\]\.head/u);
  });
});

describe('redact', () => {
  it('refuses a sealed state, whose seal would not survive it', () => {
    const { status, stderr, stdout } = run(['redact', 'corpus/sealed/sound-one-frame.bin']);
    assert.equal(status, 2);
    assert.match(stderr, /is sealed.*vstate-check open takes the state out/u);
    assert.equal(stdout, '');
  });

  it('says what it replaced and what it kept, and keeps the structure', () => {
    const { status, stderr } = run(['redact', stream, '-o', file('redacted.bin')]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /replaced: guest memory, [\d,]+ bytes/u);
    assert.match(stderr, /kept: numbers of every field/u);
    const { stdout } = run(['diff', stream, file('redacted.bin')]);
    assert.deepEqual(
      stdout.split('\n').filter((line) => /^ {2}\S/u.test(line)),
      ['  port[0].fifo'],
    );
    assert.equal(run([file('redacted.bin'), '--fail-on', 'medium']).status, 0);
    assert.equal(run(['redact', stream, '-o', file('redacted.bin')]).status, 2);
  });
});

describe('a snapshot directory', () => {
  it('is checked by its state file', () => {
    const { stdout, status } = run([file('snapshot')]);
    assert.equal(status, 0);
    assert.match(stdout, /Cloud Hypervisor snapshot/u);
    assert.match(stdout, /_vfio0: mtty, 60 bytes/u);
  });
});
