import assert from 'node:assert/strict';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { run } from './run.ts';

let folder = '';
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-cli-'));
  writeFileSync(file('good.bin'), mttyState);
  writeFileSync(file('bad.bin'), patched(0x30, 0x2c));
  writeFileSync(file('good.bin.gz'), gzipSync(mttyState));
  writeFileSync(file('empty.bin'), '');
  mkdirSync(file('nothing'));
  mkdirSync(file('several'));
  writeFileSync(join(folder, 'several', 'a.bin'), mttyState);
  writeFileSync(join(folder, 'several', 'b.bin'), patched(0x30, 0x2c));
  writeFileSync(join(folder, 'several', 'notes.txt'), 'what these are\n');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Document {
  readonly inputs: readonly {
    readonly path: string;
    readonly container: string;
    readonly findings: readonly { readonly rule: string; readonly offset: number }[];
  }[];
}

const json = (stdout: string): Document => JSON.parse(stdout) as Document;

describe('vstate-check FILE', () => {
  it('says what a sound state holds, and exits 0', () => {
    const { stdout, stderr, status } = run([file('good.bin')]);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(
      stdout,
      /device state, 60 bytes\n {2}state: mtty, 60 bytes\n\n {2}nothing wrong found/u,
    );
  });

  it('shows the field, its place and its bytes, and exits 1', () => {
    const { stdout, status } = run([file('bad.bin')]);
    assert.equal(status, 1);
    assert.match(stdout, /CRITICAL index-out-of-bounds +guest, feeder/u);
    assert.match(stdout, /port\[0\]\.head is 44, but fifo has 16 elements/u);
    assert.match(stdout, /0x30 {2}2c 00 02 .*\n +\^\^\n/u);
  });

  it('keeps to 80 columns', () => {
    const { stdout } = run([file('bad.bin'), '--verbose']);
    const long = stdout.split('\n').filter((line) => line.length > 80 && !line.includes(folder));
    assert.deepEqual(long, []);
  });

  it('reads standard input for -', () => {
    const { stdout, status } = run(['-'], { input: patched(0x30, 0x2c) });
    assert.equal(status, 1);
    assert.match(stdout, /^standard input\n/u);
  });

  it('gives offsets of the file in one JSON document for several inputs', () => {
    const { stdout, status } = run(['--json', file('good.bin'), file('bad.bin')]);
    assert.equal(status, 1);
    const { inputs } = json(stdout);
    assert.deepEqual(
      inputs.map(({ path, container }) => ({ path, container })),
      [
        { path: file('good.bin'), container: 'device-state' },
        { path: file('bad.bin'), container: 'device-state' },
      ],
    );
    assert.equal(inputs[1]!.findings[0]!.offset, 0x30);
  });

  it('opens a gzip input', () => {
    const { stdout, status } = run(['--json', file('good.bin.gz')]);
    assert.equal(status, 0);
    assert.equal(json(stdout).inputs[0]!.container, 'gzip+device-state');
  });

  it('says that a cut gzip was cut', () => {
    const whole = readFileSync(file('good.bin.gz'));
    const { status, stdout } = run(['--json', '-'], { input: whole.subarray(0, whole.length - 6) });
    assert.equal(status, 1);
    assert.ok(json(stdout).inputs[0]!.findings.some(({ rule }) => rule === 'input-damaged'));
  });

  it('checks what is below a directory and passes text over', () => {
    const { stdout, status } = run([file('several')]);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /2 inputs, 1 with findings at or above the threshold, 1 text files? passed over/u,
    );
  });

  it.each([
    ['high', 1],
    ['critical', 1],
    ['never', 0],
  ])('takes %s for the threshold of its exit code', (severity, status) => {
    assert.equal(run([file('bad.bin'), '--fail-on', severity]).status, status);
  });

  it('is silent about sound inputs with --quiet', () => {
    assert.deepEqual(run(['-q', file('good.bin')]), { stdout: '', stderr: '', status: 0 });
  });
});

describe('an expectation', () => {
  it.each([
    ['format=mtty,nr_ports=1', 0, undefined],
    ['format=mtty,nr_ports=2', 1, 'identity-differs'],
    ['format=qat', 1, 'format-differs'],
    ['driver=mtty', 0, undefined],
    ['driver=qat_vfio_pci', 1, 'format-differs'],
    ['capacity=59', 1, 'capacity-exceeded'],
    ['nr_port=1', 1, 'expectation-unmatched'],
    ['minor_ver=1', 1, 'version-not-accepted'],
    ['nr_ports=1|2', 0, undefined],
  ])('of %s exits %i', (expect, status, rule) => {
    const ran = run(['--json', file('good.bin'), '--expect', expect]);
    assert.equal(ran.status, status, ran.stderr);
    const found = json(ran.stdout).inputs[0]!.findings.map((finding) => finding.rule);
    assert.deepEqual(found, rule === undefined ? [] : [rule]);
  });

  it('may stand in a YAML file', () => {
    writeFileSync(file('destination.yaml'), 'format: mtty\nfields:\n  nr_ports: [2, 3]\n');
    const { status, stdout } = run([
      '--json',
      file('good.bin'),
      '--expect',
      file('destination.yaml'),
    ]);
    assert.equal(status, 1);
    assert.equal(json(stdout).inputs[0]!.findings[0]!.rule, 'identity-differs');
  });

  it('may be taken from a good state', () => {
    const two = run(['--json', '-', '--expect-like', file('good.bin')], {
      input: Uint8Array.of(...patched(0x10, 2), ...mttyState.subarray(24)),
    });
    assert.equal(two.status, 1);
    assert.deepEqual(
      json(two.stdout).inputs[0]!.findings.map(({ rule }) => rule),
      ['identity-differs'],
    );
    assert.equal(run([file('good.bin'), '--expect-like', file('good.bin')]).status, 0);
  });

  it.each(['--expect', '--expect-like'])('may be a descriptor, as %s', (flag) => {
    const { stdout } = run(['describe', file('good.bin')]);
    writeFileSync(file('descriptor.yaml'), stdout);
    assert.equal(run([file('good.bin'), flag, file('descriptor.yaml')]).status, 0);
    writeFileSync(file('other.yaml'), stdout.replace(/nr_ports: "1"/u, 'nr_ports: "2"'));
    const other = run(['--json', file('good.bin'), flag, file('other.yaml')]);
    assert.equal(other.status, 1);
    assert.equal(json(other.stdout).inputs[0]!.findings[0]!.rule, 'identity-differs');
    writeFileSync(file('empty.yaml'), 'descriptor: 1\ndevices: [{ name: x }]\n');
    const empty = run([file('good.bin'), flag, file('empty.yaml')]);
    assert.equal(empty.status, 2);
    assert.match(empty.stderr, /says nothing that a state could answer/u);
    writeFileSync(file('wrong.yaml'), 'descriptor: 1\ndevices: [{ nome: x }]\n');
    assert.equal(run([file('good.bin'), flag, file('wrong.yaml')]).status, 2);
  });

  it.each([
    ['windows: nowhere\n', /destination\.yaml:1: windows/u],
    ['format: [\n', /destination\.yaml/u],
    ['a: &x [1]\nb: *x\n', /destination\.yaml/u],
  ])('in a wrong file is one line and exit 2: %j', (text, line) => {
    writeFileSync(file('destination.yaml'), text);
    const { status, stderr } = run([file('good.bin'), '--expect', file('destination.yaml')]);
    assert.equal(status, 2);
    assert.match(stderr, line);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });
});

describe('what cannot be done', () => {
  it.each([
    [['missing.bin'], 3, /missing\.bin: no such file/u],
    [['--nonsense'], 2, /unknown option '--nonsense'/u],
    [['--nope'], 2, /unknown option '--nope' \(Did you mean/u],
    [['--fail-on', 'bad', 'x'], 2, /--fail-on/u],
    [['--format', 'nonsense', 'x'], 2, /no format "nonsense".*known: mtty/u],
    [[], 2, /no input/u],
    [['rules', 'show', 'nonsense'], 2, /no rule "nonsense"/u],
    [['formats', 'show', 'nonsense'], 2, /no format "nonsense"/u],
    [['inspect', 'missing.bin'], 3, /missing\.bin: no such file/u],
  ] as const)('%j exits %i with one clear line', (args, status, line) => {
    const ran = run(args);
    assert.equal(ran.status, status, ran.stderr);
    assert.match(ran.stderr, line);
    assert.doesNotMatch(ran.stderr, /\n\s+at /u);
    assert.equal(ran.stderr.trimEnd().split('\n').length, 1);
  });

  it('is said of a directory without files', () => {
    const { status, stderr } = run([file('nothing')]);
    assert.equal(status, 3);
    assert.match(stderr, /no file to check/u);
  });

  it('does not keep the other inputs from being checked', () => {
    const { status, stdout, stderr } = run([file('missing.bin'), file('bad.bin')]);
    assert.equal(status, 1);
    assert.match(stderr, /no such file/u);
    assert.match(stdout, /index-out-of-bounds/u);
  });
});

describe('colour', () => {
  const escape = '\u001b[';

  it('is off where nobody looks', () => {
    assert.ok(!run([file('bad.bin')]).stdout.includes(escape));
  });

  it.each([
    [['--color', 'always'], {}, true],
    [[], { FORCE_COLOR: '1' }, true],
    [[], { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [['--color', 'never'], { FORCE_COLOR: '1' }, false],
  ])('with %j and %j is %s', (args, env, coloured) => {
    assert.equal(run([file('bad.bin'), ...args], { env }).stdout.includes(escape), coloured);
  });
});

describe('inspect', () => {
  it('prints every field with its place, value and bytes', () => {
    const { stdout, status } = run(['inspect', file('bad.bin')]);
    assert.equal(status, 0);
    assert.match(stdout, /0x10 {4}nr_ports +1 +01 00 00 00/u);
    assert.match(stdout, /0x30 +head +44 +2c ! index out of bounds/u);
  });

  it('prints one field for a script', () => {
    assert.deepEqual(run(['inspect', file('bad.bin'), '--field', 'port[0].head']), {
      stdout: '44\n',
      stderr: '',
      status: 0,
    });
    assert.equal(run(['inspect', file('bad.bin'), '--field', 'nonsense']).status, 1);
  });

  it('gives the same tree as JSON', () => {
    const { stdout } = run(['inspect', '--json', file('good.bin')]);
    const { inputs } = JSON.parse(stdout) as {
      inputs: { devices: { format: string; fields: { fields: { path: string }[] }[] }[] }[];
    };
    const [device] = inputs[0]!.devices;
    assert.equal(device!.format, 'mtty');
    assert.deepEqual(
      device!.fields[0]!.fields.map(({ path }) => path),
      ['magic', 'major_ver', 'minor_ver', 'nr_ports', 'flags', 'port'],
    );
  });
});

describe('an opaque state', () => {
  it('is shown from outside: digest, entropy by region, runs, words like addresses', () => {
    const pointer = [0x80, 0x12, 0x34, 0x81, 0x88, 0xff, 0xff, 0xff];
    const state = Uint8Array.of(...pointer, ...new Uint8Array(256).map((_, at) => at));
    const { stdout, status } = run(['inspect', '--format', 'opaque', '-'], { input: state });
    assert.equal(status, 0);
    assert.match(stdout, /sha256 [0-9a-f]{64}\n/u);
    assert.match(stdout, /words like kernel addresses: 1, first at 0x0/u);
    assert.match(stdout, /entropy by region of the state, in bits a byte:\n +0x0 +#+ +[78]\.\d\d/u);
  });
});

describe('the catalogues', () => {
  it('say so where a path has the name of a command', () => {
    mkdirSync(join(folder, 'named', 'rules'), { recursive: true });
    const hint =
      /^vstate-check: rules is a command; to check the path of that name, write \.\/rules$/mu;
    const inside = run(['rules'], { cwd: join(folder, 'named') });
    assert.match(inside.stderr, hint);
    assert.equal(inside.status, 0);
    const shown = run(['rules', 'show', 'index-out-of-bounds'], { cwd: join(folder, 'named') });
    assert.equal(shown.stderr, '');
    assert.equal(run(['rules']).stderr, '');
  });

  it('list formats and rules', () => {
    assert.match(run(['formats']).stdout, /^mtty +sample mediated serial card/mu);
    assert.match(run(['rules']).stdout, /^critical +index-out-of-bounds$/mu);
    const rules = JSON.parse(run(['rules', '--json']).stdout) as { rules: { id: string }[] };
    assert.ok(rules.rules.length > 50);
  });

  it('print the page of a rule, which says what the driver does', () => {
    const { stdout } = run(['rules', 'show', 'index-out-of-bounds']);
    assert.match(stdout, /^# index-out-of-bounds$/mu);
    assert.match(stdout, /The mtty driver loads head\nand tail unchecked/u);
    assert.match(stdout, /mtty `port\[\]\.head`: taken as it is/u);
  });

  it('print the page of a format', () => {
    assert.match(run(['formats', 'show', 'mtty']).stdout, /\| 0x10 \| `nr_ports` \| 4 \| le32 \|/u);
  });
});
