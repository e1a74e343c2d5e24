import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { examine } from '../../src/check/examine.ts';
import { appears, busyDisk, emulator, Machine } from './machine.ts';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const missing = spawnSync(emulator, ['--version']).status !== 0;

/** Migrations in a row; `VSTATE_MIGRATIONS=50` before a release. */
const migrations = Number(process.env.VSTATE_MIGRATIONS ?? 0);

/** A guard between two sockets, and what it says. */
class Guard {
  readonly process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #said = '';

  constructor(args: readonly string[]) {
    this.process = spawn(process.execPath, [cli, 'guard', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#closed = once(this.process, 'close');
    this.process.stderr?.on('data', (text: Buffer) => {
      this.#said += text.toString();
    });
  }

  get said(): string {
    return this.#said;
  }

  async exit(): Promise<number | null> {
    await this.#closed;
    return this.process.exitCode;
  }
}

/** Two machines of a stock QEMU; `scripts/bring.sh qemu` brings one where it is missing. */
describe.skipIf(missing)('a guard between two QEMUs', () => {
  let folder = '';
  let disk = '';
  const machines: Machine[] = [];
  const guards: Guard[] = [];
  /** Each try has sockets of its own: those of one that failed are left behind. */
  let tries = 0;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-guard-'));
    disk = busyDisk(folder);
  });
  afterEach(async () => {
    for (const guard of guards.splice(0)) guard.process.kill('SIGKILL');
    for (const machine of machines.splice(0)) await machine.stop();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const machine = (name: string, ...args: string[]): Machine => {
    const drive = ['-drive', `file=${disk},format=raw,if=ide,snapshot=on`];
    const made = new Machine(folder, name, [...drive, ...args]);
    machines.push(made);
    return made;
  };

  const guarded = (...args: string[]): Guard => {
    const guard = new Guard(args);
    guards.push(guard);
    return guard;
  };

  /** A running guest goes from one machine to another through a guard, and runs there. */
  const migrated = async (state: boolean): Promise<void> => {
    tries += 1;
    const name = `${tries}`;
    const [into, through] = [join(folder, `in-${name}`), join(folder, `through-${name}`)];
    const destination = machine(`destination-${name}`, '-incoming', `unix:${into}`);
    const source = machine(`source-${name}`);
    for (const one of [source, destination]) {
      await one.ask('migrate-set-capabilities', {
        capabilities: [{ capability: 'return-path', state }],
      });
    }
    await appears(into);
    const guard = guarded('--listen', through, '--connect', into);
    await appears(through);
    await source.ask('migrate', { uri: `unix:${through}` });
    const left = await source.migrated();
    const wrong = left === 'completed' ? undefined : await source.ask('query-migrate');
    const said = (): string =>
      [
        `source: ${JSON.stringify(wrong)} ${source.said}`,
        `destination: ${destination.said}`,
        `guard: exit ${guard.process.exitCode} ${guard.said}`,
      ].join('\n');
    assert.equal(left, 'completed', said());
    assert.equal(await destination.arrived(), 'running', said());
    assert.equal(await guard.exit(), 0, said());
  };

  it.each([
    ['without a return path', false],
    ['with a return path', true],
  ])('lets a running guest through its sockets, %s', { retry: 2 }, async (_, state) => {
    await migrated(state);
  });

  it.skipIf(migrations === 0)(
    `lets ${migrations} migrations of a busy guest through, one after another`,
    { timeout: 3_600_000 },
    async () => {
      for (let round = 0; round < migrations; round += 1) {
        await migrated(round % 2 === 1);
        for (const one of machines.splice(0)) await one.stop();
      }
    },
  );

  it('stops a stream that was changed before its reader has seen the change', async () => {
    const saved = join(folder, 'saved');
    const source = machine('saver');
    await source.ask('migrate', { uri: `exec:cat > ${saved}` });
    assert.equal(await source.migrated(), 'completed');
    const bytes = new Uint8Array(readFileSync(saved));

    // The footer of a device in the middle of the stream gets the id of another section.
    const ends: number[] = [];
    await examine(memorySource('saved', bytes), {
      event: (event) => {
        if (event.kind === 'section-end' && event.section.grammar === 'device') {
          ends.push(event.offset);
        }
      },
    });
    const changed = (ends[ends.length >> 1] ?? 0) - 1;
    bytes[changed] = (bytes[changed] ?? 0) ^ 0x55;
    const [bad, seen, report] = ['bad', 'seen', 'report'].map((name) => join(folder, name));
    assert.ok(bad !== undefined && seen !== undefined && report !== undefined);
    writeFileSync(bad, bytes);

    const command = `"${process.execPath}" "${cli}" guard --report ${report} < ${bad} | tee ${seen}`;
    const destination = machine('reader', '-incoming', `exec:${command}`);
    // A QEMU that is given no byte at all waits for ever, which is no harm.
    const status = await Promise.race([destination.arrived(), sleep(5_000, 'waiting')]);
    assert.notEqual(status, 'running');
    assert.notEqual(status, 'paused');
    const passed = new Uint8Array(readFileSync(seen));
    assert.ok(
      passed.length < changed,
      `${passed.length} bytes passed, the change is at ${changed}`,
    );
    assert.deepEqual(passed, bytes.subarray(0, passed.length));
    const { inputs } = JSON.parse(readFileSync(report, 'utf8')) as {
      readonly inputs: readonly { readonly findings: readonly { readonly rule: string }[] }[];
    };
    assert.ok(inputs[0]?.findings.some(({ rule }) => rule.startsWith('qemu-footer-')));
  });

  it('gives a sound stream to a reader behind a pipe', async () => {
    const saved = join(folder, 'sound');
    const source = machine('sound-saver');
    await source.ask('migrate', { uri: `exec:cat > ${saved}` });
    assert.equal(await source.migrated(), 'completed');
    const command = `"${process.execPath}" "${cli}" guard < ${saved}`;
    const destination = machine('sound-reader', '-incoming', `exec:${command}`);
    assert.equal(await destination.arrived(), 'running', destination.said);
  });
});
