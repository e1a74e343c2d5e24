import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openTarget } from '../../src/targets/open.ts';
import type { Outcome, Step } from '../../src/targets/target.ts';
import { execution, options, patient } from './options.ts';
import { wasmDevice } from './wasm.ts';

/** A device of four bytes: a magic, a command that tells what goes wrong, and two more. */
const device = `
export const open = () => {
  let got = [];
  let state = [];
  let saved = 0;
  return {
    begin: () => { got = []; },
    write(bytes) {
      if (got.length + bytes.length > 4) return -12;
      got.push(...bytes);
      switch (got[1]) {
        case 1: for (;;);
        case 2: { const lost = []; for (;;) lost.push(new Array(1e5).fill(1)); }
        case 3: return undefined.length;
        case 4: for (;;) console.log('x'.repeat(1000));
        case 5: process.exit(9);
        case 6: throw Object.assign(new Error('no'), { code: 'EFAULT' });
        case 7: globalThis.kept = new Uint8Array(50_000_000); break;
        case 8: new Uint8Array(2 ** 40); break;
        case 9: return Promise.resolve(bytes.length);
        case 10: return new Promise(() => {});
        case 11: console.log('hello', got[2]);
      }
      return bytes.length;
    },
    end() {
      if (got.length < 4) return false;
      if (got[0] !== 0x4d) return -22;
      state = got;
    },
    run: () => 0,
    save: () => Uint8Array.of(...state, saved++),
  };
};`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-module-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const written = (name: string, text: string | Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const bytes = (...numbers: number[]): Uint8Array => Uint8Array.from(numbers);

describe('module:', () => {
  it('carries out steps in one session and says what each answered', async () => {
    await using target = await openTarget(`module:${written('device.mjs', device)}`, options());
    assert.deepEqual(target.abilities, {
      session: true,
      save: true,
      run: true,
      reset: false,
      coverage: false,
      comparisons: false,
      batch: 256,
    });
    const steps: readonly Step[] = [
      { do: 'begin' },
      { do: 'write', length: 1 },
      { do: 'write', length: 9 },
      { do: 'end' },
      { do: 'run' },
      { do: 'save' },
      { do: 'input', input: 'saved' },
      { do: 'begin' },
      { do: 'write', length: 4 },
      { do: 'end' },
      { do: 'save' },
    ];
    const [result] = await target.run([execution(bytes(0x4d, 0, 7, 8), steps)], patient);
    assert.deepEqual(result!.steps, [0, 1, 3, 0, 0, 5, 0, 0, 4, 0, 5]);
    assert.deepEqual(result!.saves, [bytes(0x4d, 0, 7, 8, 0), bytes(0x4d, 0, 7, 8, 1)]);
  });

  it('names the blocks that ran once in a run when it is asked for coverage', async () => {
    const file = written(
      'blocks.mjs',
      `export const restore = (bytes) => {
        if (bytes[0] !== 0x4d) return -22;
        if (bytes[1] === 7) for (let at = 0; at < bytes[2]; at += 1) if (at === 9) return -14;
        return 0;
      };`,
    );
    const inputs = [bytes(0), bytes(0x4d), bytes(0), bytes(0x4d, 7, 2), bytes(0x4d, 7, 20)];
    const executions = inputs.map((input) => execution(input));
    const news = async (spec: string): Promise<readonly (readonly number[])[]> => {
      await using target = await openTarget(spec, options());
      const results = await target.run(executions, patient);
      const features = results.map((result) => [...result.features]);
      target.know?.(Uint32Array.from(features.flat()));
      const known = await target.run(executions, patient);
      assert.deepEqual(
        known.map((result) => result.features.length),
        inputs.map(() => 0),
      );
      return features;
    };
    const first = await news(`module:[coverage] ${file}`);
    assert.deepEqual(
      first.map(({ length }) => length > 0),
      [true, true, false, true, true],
    );
    for (const features of first)
      assert.deepEqual(
        features,
        features.toSorted((a, b) => a - b),
      );
    assert.deepEqual(await news(`module:[coverage] ${file}`), first);
    assert.deepEqual((await news(`module:${file}`)).flat(), []);
    await assert.rejects(openTarget(`module:[cover] ${file}`, options()), /cover is no setting/u);
    await assert.rejects(openTarget('module:[coverage] a.wasm', options()), /no coverage of Web/u);
  });

  it('leaves out the rest of a session that was refused, or goes on', async () => {
    await using target = await openTarget(`module:${written('device.mjs', device)}`, options());
    const steps: readonly Step[] = [
      { do: 'begin' },
      { do: 'write', length: 2 },
      { do: 'write', length: 2 },
      { do: 'end' },
    ];
    const refused = bytes(0x4d, 6, 0, 0);
    const [stopped, gone] = await target.run(
      [execution(refused, steps), execution(refused, steps, 'go-on')],
      patient,
    );
    assert.deepEqual(stopped!.steps, [0, -14, undefined, undefined]);
    assert.deepEqual(stopped!.outcome, { kind: 'rejected', reason: 'write: EFAULT' });
    assert.deepEqual(gone!.steps, [0, -14, -14, 0]);
    assert.deepEqual(gone!.outcome, { kind: 'accepted' });
  });

  it('gives each kind of end its outcome, and goes on with the batch behind it', async () => {
    const limits = options({ timeout: 700, output: 20_000 });
    await using target = await openTarget(`module:${written('device.mjs', device)}`, limits);
    const expected: [number, Outcome][] = [
      [0, { kind: 'accepted' }],
      [1, { kind: 'hung' }],
      [9, { kind: 'accepted' }],
      [10, { kind: 'hung' }],
      [3, { kind: 'crashed', signal: 'TypeError', stack: ['write'] }],
      [4, { kind: 'exhausted', what: 'output' }],
      [5, { kind: 'crashed', signal: 'exit 9', stack: [] }],
      [8, { kind: 'crashed', signal: 'RangeError', stack: ['write'] }],
      [0, { kind: 'accepted' }],
    ];
    const batch = expected.map(([what]) => execution(bytes(0x4d, what, 0, 0)));
    const results = await target.run(batch, patient);
    // An array of 2^40 bytes is too long for Node 20, and takes too much memory on Node 24.
    const huge = expected.findIndex(([what]) => what === 8);
    const first = results[huge]?.outcome;
    if (first?.kind === 'exhausted') expected[huge] = [8, { kind: 'exhausted', what: 'memory' }];
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      expected.map(([, outcome]) => outcome),
    );
  });

  it('ends a module that takes too much memory', async () => {
    const limits = options({ timeout: 20_000, memory: 64 << 20 });
    await using target = await openTarget(`module:${written('device.mjs', device)}`, limits);
    const batch = [2, 0].map((what) => execution(bytes(0x4d, what, 0, 0)));
    const results = await target.run(batch, patient);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      [{ kind: 'exhausted', what: 'memory' }, { kind: 'accepted' }],
    );
  });

  it('tells growth and what was said', async () => {
    await using target = await openTarget(`module:${written('device.mjs', device)}`, options());
    const [quiet, grown, said] = await target.run(
      [0, 7, 11].map((what) => execution(bytes(0x4d, what, 5, 0))),
      patient,
    );
    assert.ok(quiet!.growth < 1 << 20);
    assert.ok(grown!.growth >= 50_000_000);
    assert.equal(said!.message, 'hello 5\n');
  });

  it('does not let a module change the bytes of another execution', async () => {
    const vandal = 'export default (bytes) => { if (bytes[0] !== 1) return false; bytes.fill(9); }';
    await using target = await openTarget(`module:${written('vandal.mjs', vandal)}`, options());
    const base = execution(bytes(1, 2, 3));
    const results = await target.run([base, base], patient);
    assert.deepEqual(
      results.map(({ outcome }) => outcome.kind),
      ['accepted', 'accepted'],
    );
  });

  it('takes a function that restores: errors refuse, mistakes crash', async () => {
    const restore = `export default function restore(bytes) {
      const view = new DataView(bytes.buffer);
      if (bytes[0] !== 7) throw new Error('magic is ' + bytes[0]);
      return view.getUint32(bytes[1]);
    }`;
    await using target = await openTarget(`module:${written('restore.mjs', restore)}`, options());
    assert.equal(target.abilities.session, false);
    const results = await target.run(
      [bytes(7, 0, 0, 0), bytes(3, 0, 0, 0), bytes(7, 1, 0, 0)].map((input) => execution(input)),
      patient,
    );
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      [
        { kind: 'accepted' },
        { kind: 'rejected', reason: 'restore: magic is #' },
        {
          kind: 'crashed',
          signal: 'RangeError',
          stack: ['restore'],
        },
      ],
    );
  });

  it('takes WebAssembly, a new instance for each execution', async () => {
    await using target = await openTarget(
      `module:${written('device.wasm', wasmDevice)}`,
      options(),
    );
    const results = await target.run(
      [bytes(1), bytes(0xff), new Uint8Array(70), bytes(2)].map((input) => execution(input)),
      patient,
    );
    assert.deepEqual(
      results.map(({ outcome, steps }) => [outcome, steps]),
      [
        [{ kind: 'accepted' }, [0, 1, 0]],
        [{ kind: 'rejected', reason: 'write: EFAULT' }, [0, -14, undefined]],
        [{ kind: 'crashed', signal: 'RuntimeError', stack: ['wasm-function[2]'] }, []],
        [{ kind: 'accepted' }, [0, 1, 0]],
      ],
    );
  });

  it.each([
    ['nothing.mjs', 'export const nothing = 1;', /neither open\(\) nor a default restore/u],
    ['broken.mjs', 'export default (', /did not load/u],
    ['half.mjs', 'export const open = () => ({ begin() {} });', /no function write/u],
    ['empty.wasm', bytes(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), /exports no memory/u],
  ])('says in a line why %s cannot be a target', async (name, text, why) => {
    await assert.rejects(openTarget(`module:${written(name, text)}`, options()), why);
  });

  it('stops between executions when it is interrupted', async () => {
    await using target = await openTarget(`module:${written('device.mjs', device)}`, options());
    const results = await target.run(
      [execution(bytes(0x4d, 1, 0, 0)), execution(bytes(0x4d, 0, 0, 0))],
      AbortSignal.timeout(100),
    );
    assert.deepEqual(
      results.map(({ outcome }) => outcome.kind),
      ['unavailable', 'unavailable'],
    );
  });
});
