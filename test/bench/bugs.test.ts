import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, it } from 'vitest';
import { parse } from 'yaml';

import { build } from '../../bench/bugs/build.mjs';
import { bugs, drivers, switches, walls, type Bug } from '../../bench/bugs/catalogue.mjs';
import { answersOf, drive, writes, type Answer, type Driven } from './drive.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'bench', 'bugs');
const corpus = (driver: string, file: string): Buffer =>
  readFileSync(join(root, 'corpus', driver, file));
const compilers = ['gcc', 'clang'].filter(
  (compiler) => spawnSync(compiler, ['--version']).status === 0,
);

/** The seed of a bug's witness with its edits. */
const mutantOf = ({ driver, seed, edits }: Bug): Buffer => {
  let bytes = corpus(driver, seed);
  for (const [at, drop, put] of (edits ?? []).toReversed()) {
    bytes = Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(put, 'hex'),
      bytes.subarray(at + drop),
    ]);
  }
  return bytes;
};

/** The steps that show a bug; `mutant` and `good` say what later writes take. */
const usual: Readonly<Record<Bug['shows'], readonly string[]>> = {
  crash: ['begin', 'write', 'end', 'run', 'save'],
  hang: ['begin', 'write', 'end'],
  growth: ['memory', 'begin', 'write', 'memory'],
  accepts: ['begin', 'write', 'end'],
  cuts: ['begin', 'write', 'end', 'save'],
  applied: ['save', 'begin', 'write', 'end', 'save'],
  sticks: ['begin', 'write', 'end', 'good', 'begin', 'write', 'end'],
  leaks: ['begin', 'write', 'end', 'good', 'begin', 'write', 'end', 'save'],
  resave: ['begin', 'write', 'end', 'save', 'saved', 'begin', 'write', 'end', 'save'],
};

const scriptOf = (bug: Bug, cut = bug.cut): readonly string[] => {
  const mutant = mutantOf(bug);
  const good = corpus(bug.driver, bug.good ?? bug.seed);
  let length = mutant.length;
  return ['mutant', ...(bug.script ?? usual[bug.shows])].flatMap((step) => {
    if (step === 'mutant' || step === 'good') {
      const bytes = step === 'good' ? good : mutant;
      length = bytes.length;
      return [`input ${bytes.toString('hex')}`];
    }
    // What was saved may be of any length; the writes end where it does.
    if (step === 'saved') length = 1 << 20;
    return step === 'write' ? writes(length, cut ?? 1 << 20) : [step];
  });
};

const last = <T>(items: readonly T[]): T => {
  const item = items.at(-1);
  assert.ok(item !== undefined, 'the script was not carried out so far');
  return item;
};

const accepted = (driven: Driven): boolean => last(answersOf(driven, 'end')).value >= 0;
const saved = (driven: Driven): string => last(answersOf(driven, 'save')).bytes;
const grown = (driven: Driven): number => {
  const [before, after] = answersOf(driven, 'memory');
  assert.ok(before !== undefined && after !== undefined, driven.complaint);
  return after.value - before.value;
};

/** Whether a run shows what a bug is said to show; `whole` is the same without cuts. */
const shows = (bug: Bug, run: Driven, whole: Driven): boolean => {
  if (bug.shows === 'hang') return run.hung;
  if (bug.shows === 'crash') return /Sanitizer|runtime error/u.test(run.complaint);
  assert.equal(run.status, 0, run.complaint);
  switch (bug.shows) {
    case 'growth':
      return grown(run) > 50 << 10;
    case 'accepts':
      return accepted(run);
    case 'cuts':
      return accepted(run) !== accepted(whole) || saved(run) !== saved(whole);
    case 'applied':
      return !accepted(run) && answersOf(run, 'save')[0]?.bytes !== saved(run);
    case 'sticks':
      return !accepted(run);
    case 'leaks':
      return accepted(run) && saved(run) !== saved(whole);
    case 'resave':
      return !accepted(run) || answersOf(run, 'save')[0]?.bytes !== saved(run);
  }
};

interface Canary {
  readonly reached: bigint;
  readonly met: bigint;
}

const canaryOf = (file: string, id: string): Canary => {
  const bytes = readFileSync(file);
  const at = 16 + 32 * switches.indexOf(id);
  return { reached: bytes.readBigUInt64LE(at), met: bytes.readBigUInt64LE(at + 8) };
};

/** Runs of `steps`, each behind a fresh device, out of what one process answered. */
const runsOf = (driven: Driven): readonly Driven[] => {
  const runs: Answer[][] = [];
  for (const answer of driven.answers) {
    if (answer.step === 'fresh') runs.push([]);
    else last(runs).push(answer);
  }
  return runs.map((answers) => ({ ...driven, answers }));
};

describe.skipIf(compilers.length === 0)('the bug bench', { timeout: 120_000 }, () => {
  let scratch: string;
  beforeAll(() => {
    scratch = mkdtempSync(join(os.tmpdir(), 'vstate-bugs-'));
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('has one switch for each bug of its catalogue, and walls of bugs that are there', () => {
    const ids = bugs.map(({ id }) => id);
    assert.deepEqual([...ids].sort(), [...switches].sort());
    assert.equal(new Set(ids).size, ids.length);
    for (const { front, behind } of walls) assert.ok(ids.includes(front) && ids.includes(behind));
    const memory = bugs.filter(({ kind }) => kind === 'memory').length;
    assert.ok(memory >= 40 && ids.length - memory >= 40);
  });

  it.each(compilers)('compiles without a warning under %s', (compiler) => {
    const sources = readdirSync(join(folder, 'drivers')).filter((name) => name.endsWith('.c'));
    const files = [...sources.map((name) => join('drivers', name)), 'bugs.c', 'drive.c'];
    const { status, stderr } = spawnSync(
      compiler,
      [
        ...['-std=c11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only'],
        ...[`-I${join(root, 'native')}`, ...files],
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
  });

  describe.each(drivers)('the driver %s', (driver) => {
    const planted = bugs.filter((bug) => bug.driver === driver);
    let program: string;
    let clean: ReadonlyMap<string, readonly Driven[]>;

    beforeAll(async () => {
      program = build(driver, 'drive');
      const scripts = planted.flatMap((bug) => [scriptOf(bug), scriptOf(otherOf(bug))]);
      const driven = await drive(
        program,
        scripts.flatMap((script) => ['fresh', ...script]),
      );
      assert.equal(driven.status, 0, driven.complaint);
      const runs = runsOf(driven);
      clean = new Map(planted.map(({ id }, index) => [id, runs.slice(2 * index, 2 * index + 2)]));
    });

    it('gives every corpus entry its verdict, in one write and byte by byte', async () => {
      const entries = manifestOf(driver);
      for (const ports of ['1', '2']) {
        const some = entries.filter(({ file }) => portsOf(driver, file) === ports);
        const script = some.flatMap(({ file }) => {
          const bytes = corpus(driver, file);
          return [...restore(bytes, 1 << 20), ...restore(bytes, 1)];
        });
        const driven = await drive(program, script, { VSTATE_PORTS: ports });
        assert.equal(driven.status, 0, driven.complaint);
        const runs = runsOf(driven);
        some.forEach(({ file, source, sound }, index) => {
          const [whole, cut] = runs.slice(2 * index, 2 * index + 2);
          assert.ok(whole !== undefined && cut !== undefined, file);
          assert.deepEqual([accepted(whole), accepted(cut)], [sound, sound], file);
          assert.equal(saved(whole), saved(cut), file);
          if (!sound || !source.startsWith('saved')) return;
          assert.equal(saved(whole), corpus(driver, file).toString('hex'), file);
        });
      }
    });

    it('restores what it saves, and saves the same again', async () => {
      const again = ['saved', 'begin', 'write 1048576', 'end', 'save'];
      for (const ports of ['1', '2']) {
        const sound = manifestOf(driver).filter(
          (entry) => entry.sound && portsOf(driver, entry.file) === ports,
        );
        const script = sound.flatMap(({ file }) => [
          ...restore(corpus(driver, file), 1 << 20),
          ...again,
          'run',
          ...again,
        ]);
        const driven = await drive(program, script, { VSTATE_PORTS: ports });
        assert.equal(driven.status, 0, driven.complaint);
        runsOf(driven).forEach((run, index) => {
          const file = sound[index]?.file;
          assert.ok(
            answersOf(run, 'end').every(({ value }) => value === 0),
            file,
          );
          const [first, ...later] = answersOf(run, 'save').map(({ bytes }) => bytes);
          assert.deepEqual(later, [first, first], file);
        });
      }
    });

    it.each(planted.map((bug) => [bug.id, bug] as const))('with %s', async (id, bug) => {
      const file = join(scratch, id);
      const patience = bug.shows === 'hang' ? 2000 : undefined;
      const environment = { VSTATE_BUG: id, VSTATE_CANARY: file };
      const run = await drive(program, scriptOf(bug), environment, patience);
      const other = ['cuts', 'leaks'].includes(bug.shows)
        ? await drive(program, scriptOf(otherOf(bug)), { VSTATE_BUG: id })
        : run;
      assert.ok(shows(bug, run, other), `it does not show: ${run.complaint}`);
      assert.ok(canaryOf(file, id).met > 0n, 'the canary says that its condition was not met');
      const [cleanRun, cleanOther] = clean.get(id) ?? [];
      assert.ok(cleanRun !== undefined && cleanOther !== undefined);
      assert.ok(!shows(bug, cleanRun, cleanOther), 'the driver without the bug shows it too');
    });
  });
});

/** The same steps without cuts, or without the state before: what a bug's result is compared with. */
const otherOf = (bug: Bug): Bug => ({
  ...bug,
  cut: 1 << 20,
  ...(bug.shows === 'leaks' && { script: ['good', 'begin', 'write', 'end', 'save'] }),
});

const restore = (bytes: Buffer, piece: number): readonly string[] => [
  'fresh',
  `input ${bytes.toString('hex')}`,
  'begin',
  ...writes(bytes.length, piece),
  'end',
  'save',
];

/** States that are sound, but of another device than the driver is. */
const foreign = new Set(['xe/device-unknown.bin']);

interface Entry {
  readonly file: string;
  readonly expect: string;
  readonly source: string;
}

/** States of a format's folder, and whether the driver takes them. */
const manifestOf = (driver: string): readonly (Entry & { readonly sound: boolean })[] => {
  const text = readFileSync(join(root, 'corpus', driver, 'corpus.yaml'), 'utf8');
  const entries = parse(text) as readonly Entry[]; // test/corpus holds the manifests to their schema.
  return entries
    .filter(({ file }) => file.endsWith('.bin'))
    .map((entry) => ({
      ...entry,
      sound: entry.expect === 'accept' && !foreign.has(`${driver}/${entry.file}`),
    }));
};

/** Ports of the card that a state is for; a damaged one is given to a card of one port. */
const portsOf = (driver: string, file: string): string =>
  driver === 'mtty' && /^(?:mtty2|two-ports|head-past-fifo-of-second|cut-in-second)/u.test(file)
    ? '2'
    : '1';
