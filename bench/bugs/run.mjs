/**
 * How soon each planted bug is found: by vstate-check, by AFL++ and by libFuzzer, from the same seeds,
 * in the same time, on one core each. Prints a table on standard error and one JSON document on
 * standard output.
 *
 *   npm run --silent bench:bugs -- [--bugs mtty,xe-klv-empty] [--kind memory] [--time 60]
 *     [--seeds 5] [--fuzzers vstate,afl,libfuzzer] [--no-seeds] [--jobs 1] [--clean] [--walls]
 */
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { parse } from 'yaml';

import { build } from './build.mjs';
import { readCanary } from './canary.mjs';
import { bugs, drivers, walls } from './catalogue.mjs';
import { fuzzers } from './fuzzers.mjs';
import { summarise, table } from './summary.mjs';

const corpus = fileURLToPath(new URL('../../corpus', import.meta.url));
/** States that are sound, but of another device than the driver is. */
const foreign = new Set(['device-unknown.bin']);

const { values: flags } = parseArgs({
  options: {
    bugs: { type: 'string' },
    kind: { type: 'string' },
    time: { type: 'string', default: '60' },
    seeds: { type: 'string', default: '5' },
    fuzzers: { type: 'string', default: Object.keys(fuzzers).join(',') },
    'no-seeds': { type: 'boolean', default: false },
    jobs: { type: 'string', default: '1' },
    clean: { type: 'boolean', default: false },
    walls: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});
const seconds = number('time');
const rounds = number('seeds');
const jobs = number('jobs');
const wanted = flags.fuzzers.split(',');
for (const name of wanted) if (!(name in fuzzers)) fail(`--fuzzers: there is no ${name}`);
const present = wanted.filter((name) => {
  if (fuzzers[name].available()) return true;
  process.stderr.write(`${name} is not here, and left out\n`);
  return false;
});

const scratch = flags.keep ?? mkdtempSync(path.join(os.tmpdir(), 'vstate-bugs-'));
mkdirSync(scratch, { recursive: true });
if (flags.keep === undefined) {
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const chosen = flags.clean ? cleanDrivers() : flags.walls ? walledBugs() : chosenBugs();
const seedFolders = new Map(drivers.map((driver) => [driver, seedsOf(driver)]));
for (const driver of new Set(chosen.map((bug) => bug.driver))) {
  for (const name of present) for (const flavour of fuzzers[name].flavours) build(driver, flavour);
}

const runs = chosen.flatMap((bug) =>
  present.flatMap((fuzzer) =>
    Array.from({ length: rounds }, (_, index) => ({ bug, fuzzer, seed: index + 1 })),
  ),
);
const results = [];
await Promise.all(Array.from({ length: jobs }, work));

const document = {
  version: 1,
  machine: {
    cpu: os.cpus()[0]?.model ?? '',
    cores: os.cpus().length,
    load: Math.round(os.loadavg()[0] * 10) / 10,
    node: process.version,
  },
  time: seconds,
  seeds: rounds,
  withSeeds: !flags['no-seeds'],
  walls: flags.walls,
  bugs: summarise(results),
  runs: results,
};
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
process.stderr.write(table(document));

async function work() {
  for (;;) {
    const next = runs.shift();
    if (next === undefined) return;
    const result = await measure(next);
    results.push(result);
    const { met, detected } = result;
    const says = (what, it) =>
      it === undefined
        ? `not ${what}`
        : `${what} after ${it.executions}, ${it.seconds.toFixed(1)} s`;
    process.stderr.write(
      `${result.bug} ${result.fuzzer} ${result.seed}: ${says('met', met)}; ${says('detected', detected)} ${result.found ?? ''}\n`,
    );
  }
}

/** One fuzzer on one bug, from one seed of randomness. */
async function measure({ bug, fuzzer, seed }) {
  const name = `${bug.id}-${fuzzer}-${seed}`;
  const canary = path.join(scratch, `${name}.canary`);
  const out = path.join(scratch, name);
  const log = openSync(path.join(scratch, `${name}.log`), 'w');
  rmSync(canary, { force: true });
  // A folder of an earlier run that was kept would be gone on with.
  rmSync(out, { recursive: true, force: true });
  const seeds = flags['no-seeds'] ? emptySeeds(fuzzer) : seedFolders.get(bug.driver);
  const environment = {
    VSTATE_CANARY: canary,
    ...(bug.switches.length > 0 && { VSTATE_BUG: bug.switches.join(',') }),
  };
  const run = await fuzzers[fuzzer].run({
    ...{ driver: bug.driver, seeds, out, seed, seconds, environment, log },
    behind: bug.behind === undefined ? undefined : { VSTATE_BUG: bug.behind },
  });
  closeSync(log);
  const seen = existsSync(canary) ? readCanary(canary, bug.id) : { executions: 0 };
  if (flags.keep === undefined) rmSync(out, { recursive: true, force: true });
  return {
    ...{ bug: bug.id, kind: bug.kind, shows: bug.shows, fuzzer, seed, code: run.code },
    ...{ executions: seen.executions, seconds: run.seconds, met: seen.met },
    // A finding counts for the bug only if its condition was met; others are false alarms.
    detected:
      run.found !== undefined && seen.met !== undefined
        ? { executions: run.executions ?? seen.executions, seconds: run.seconds }
        : undefined,
    found: run.found,
    // Edits of the plan that is left when it was made small.
    edits: run.edits,
    falseAlarm: run.found !== undefined && seen.met === undefined,
  };
}

/** Sound states that the driver takes, in a folder of their own. */
function seedsOf(driver) {
  const folder = path.join(scratch, `seeds-${driver}`);
  mkdirSync(folder, { recursive: true });
  for (const { file, expect } of parse(
    readFileSync(path.join(corpus, driver, 'corpus.yaml'), 'utf8'),
  )) {
    // The card of the bench has one port.
    const other = driver === 'mtty' && /^(?:mtty2|two-ports)/u.test(file);
    if (!file.endsWith('.bin') || expect !== 'accept' || foreign.has(file) || other) continue;
    cpSync(path.join(corpus, driver, file), path.join(folder, file));
  }
  return folder;
}

/** vstate-check goes by the layout alone; AFL++ needs a file, and gets one byte. */
function emptySeeds(fuzzer) {
  if (fuzzer !== 'afl') return undefined;
  const folder = path.join(scratch, 'seeds-none');
  mkdirSync(folder, { recursive: true });
  cpSync('/dev/null', path.join(folder, 'empty'), { force: true });
  return folder;
}

function chosenBugs() {
  const names = flags.bugs?.split(',');
  const some = bugs.filter(
    ({ id, driver, kind }) =>
      (names === undefined || names.includes(id) || names.includes(driver)) &&
      (flags.kind === undefined || flags.kind === kind),
  );
  if (some.length === 0) fail('no bug of the catalogue is chosen');
  return some.map((bug) => ({ ...bug, switches: [bug.id] }));
}

/** Two bugs at once: the one in front ends most executions, and the one behind it is looked for. */
function walledBugs() {
  const names = flags.bugs?.split(',');
  const some = walls.flatMap(({ front, behind }) => {
    const bug = bugs.find(({ id }) => id === behind);
    const wanted = names === undefined || names.includes(behind) || names.includes(bug.driver);
    return wanted ? [{ ...bug, behind, switches: [front, behind] }] : [];
  });
  if (some.length === 0) fail('no wall of the catalogue is chosen');
  return some;
}

/** The drivers as they are: whatever is found in one is a false alarm. */
function cleanDrivers() {
  const names = flags.bugs?.split(',') ?? drivers;
  return names.map((driver) => ({
    ...{ id: `${driver}-clean`, driver, kind: 'none', shows: 'nothing', switches: [] },
  }));
}

function number(name) {
  const value = Number(flags[name]);
  if (!Number.isInteger(value) || value < 1) fail(`--${name} needs a whole number above 0`);
  return value;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
