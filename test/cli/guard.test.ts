import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { mttyState } from '../../src/rules/examples.ts';
import { cli, run, type Ran } from './run.ts';

let folder = '';
const file = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-guard-cli-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A guard under a policy: the one in the folder that it runs in, or the one that is named. */
const under = (policy: string, input: Uint8Array, ...flags: string[]): Ran => {
  writeFileSync(file('vstate-check.yaml'), `version: 1\n${policy}`, { mode: 0o644 });
  return run(['guard', '--report', file('report.json'), ...flags], { input, cwd: folder });
};
const bad = new Uint8Array(
  readFileSync(join(import.meta.dirname, '../../corpus/mtty/head-past-fifo.bin')),
);
const rulesOf = (): readonly string[] => {
  const report = JSON.parse(readFileSync(file('report.json'), 'utf8')) as {
    readonly inputs: readonly { readonly findings: readonly { readonly rule: string }[] }[];
  };
  return report.inputs.flatMap(({ findings }) => findings.map(({ rule }) => rule));
};

describe('a guard under a policy', () => {
  it('finds the policy of the folder it runs in, and leaves it with --no-policy', () => {
    const denied = 'formats: { deny: [{ format: mtty, reason: not used here }] }\n';
    const { status, stdout } = under(denied, mttyState);
    assert.deepEqual([status, stdout], [1, '']);
    assert.deepEqual(rulesOf(), ['format-denied']);
    assert.equal(under(denied, mttyState, '--no-policy').status, 0);
    const other = file('other.yaml');
    writeFileSync(other, 'version: 1\n', { mode: 0o644 });
    assert.equal(under(denied, mttyState, '--policy', other).status, 0);
  });

  it('lets nothing of a denied format out, however long the state is', () => {
    const denied = 'formats: { allow: [mtty] }\n';
    const long = new Uint8Array(1 << 20).fill(7);
    const { status, stdout } = under(denied, long, '--format', 'opaque');
    assert.deepEqual([status, stdout], [1, '']);
    assert.deepEqual(rulesOf(), ['format-denied']);
  });

  it('expects the destination that the policy names', () => {
    assert.equal(under('expect: { nr_ports: 7 }\n', mttyState).status, 1);
    assert.ok(rulesOf().length > 0);
    assert.equal(under('expect: { format: mtty }\n', mttyState).status, 0);
  });

  it('lets pass what the policy suppresses, while the suppression holds', () => {
    const line = (day: string): string =>
      `suppress: [{ rule: index-out-of-bounds, reason: fixed soon, expires: ${day} }]\n`;
    const now = ['--now', '2026-03-01T00:00:00Z'];
    assert.equal(under('', bad, ...now).status, 1);
    assert.equal(under(line('2026-03-01'), bad, ...now).status, 0);
    assert.equal(under(line('2026-02-28'), bad, ...now).status, 1);
    assert.ok(rulesOf().includes('suppression-expired'));
  });

  it('takes severities and the threshold from the policy, and the flag before it', () => {
    assert.equal(under('severity: { index-out-of-bounds: low }\n', bad).status, 0);
    assert.equal(under('fail-on: never\n', bad).status, 0);
    assert.equal(under('fail-on: never\n', bad, '--fail-on', 'high').status, 1);
  });

  it('lets only sealed states pass where the policy demands signers', () => {
    run(['keygen', 'site', '--out', join(folder, 'keys')]);
    writeFileSync(file('state.bin'), mttyState);
    run(['seal', file('state.bin'), '--key', file('keys/site.key'), '-o', file('sealed')]);
    const policy = 'signers: { keyring: keys }\n';
    const bare = under(policy, mttyState);
    assert.deepEqual([bare.status, bare.stdout], [1, '']);
    assert.match(bare.stderr, /state-unsealed/u);
    assert.equal(under(policy, new Uint8Array(readFileSync(file('sealed')))).status, 0);
  });
});

describe('a guard', () => {
  it.each([
    ['compressed', () => new Uint8Array(gzipSync(mttyState)), /compressed \(gzip\).*gzip -dc/u],
    ['empty', () => new Uint8Array(0), /the input is empty/u],
  ])('says what to do with input that is %s', (_what, input, message) => {
    const { status, stdout, stderr } = run(['guard', '--no-policy'], { input: input() });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, message);
  });
});

describe('keys and seals', () => {
  it('are written for whom they are meant, and verify says whose they are', () => {
    run(['keygen', 'audit', '--out', folder]);
    assert.equal(statSync(file('audit.key')).mode & 0o777, 0o600);
    // What the mask of the process leaves of 0644.
    assert.equal(statSync(file('audit.pub')).mode & 0o711, 0o600);
    writeFileSync(file('state.bin'), mttyState);
    const at = ['--now', '2026-01-01T00:00:00Z'];
    const seal = ['seal', file('state.bin'), '--key', file('audit.key'), '--for', 'vm=vm-1'];
    run([...seal, ...at, '--expires', '12h', '-o', file('audit.sealed')]);
    const verify = ['verify', file('audit.sealed'), '--keyring', file('audit.pub'), ...at];
    const { status, stdout } = run(verify);
    assert.equal(status, 0);
    assert.match(stdout, /signer: audit \(key [0-9a-f]+\)/u);
    assert.match(stdout, /sealed for: vm=vm-1/u);
    assert.match(stdout, /expires: 2026-01-01T12:00:00Z/u);
  });
});

describe.skipIf(process.platform === 'win32')('a guard that waits for its connection', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'leaves no socket behind %s',
    async (signal) => {
      const listen = file('in.sock');
      const child = spawn(
        process.execPath,
        [cli, 'guard', '--listen', listen, '--connect', file('out.sock')],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      const ended = once(child, 'exit');
      await once(child.stderr, 'data');
      assert.ok(existsSync(listen));
      child.kill(signal);
      await ended;
      assert.equal(child.signalCode, signal);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith('.') || name.endsWith('.sock')),
        [],
      );
    },
  );
});
