/**
 * What the guard and the seals cost, as ratios of one run: the guard against `cat | cat`, seal and
 * open against `sha256sum`. Prints one JSON document on standard output and a table on standard error.
 *
 *   npm run --silent bench:guard -- [--size 4GiB] [--rounds 5] [--only guard]
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import {
  inTurns,
  machine,
  machineText,
  ownFolder,
  peakMemory,
  print,
  spread,
  summary,
  timed,
} from './measure.mjs';
import { writeQemu } from './streams.mjs';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    size: { type: 'string', default: '4GiB' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
const match = /^(\d+)(MiB|GiB)$/.exec(flags.size);
if (match === null) fail(`--size ${flags.size}: a number of MiB or GiB is needed, e.g. 512MiB`);
const size = Number(match[1]) * (match[2] === 'GiB' ? 2 ** 30 : 2 ** 20);
const rounds = Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) fail('--rounds needs a number above 0');
if (!existsSync(cli)) fail('there is no dist/cli.js: npm run build');

const folder = ownFolder();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
const within = (name) => path.join(folder, name);

const run = (...args) => {
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  if (status !== 0) fail(`${args.join(' ')} ended with ${status}: ${stderr}`);
};
const own = `"${process.execPath}" "${cli}"`;
writeQemu(within('qemu'), size);
writeOpaque(within('opaque'), size);
writeOpaque(within('opaque-small'), 4096);
run('keygen', 'bench', '--out', folder);
// A seal takes as long to make as a round of all.
for (const end of 'open'.startsWith(flags.only) ? ['', '-small'] : []) {
  const sealed = ['-o', within(`sealed${end}`)];
  run('seal', within(`opaque${end}`), '--key', within('bench.key'), ...sealed);
}

const guarded = (flags) => `cat "$1" | ${own} guard --no-policy --quiet ${flags} >/dev/null`;
const sealing = `${own} seal "$1" --key "${within('bench.key')}" >/dev/null`;
const opening = `${own} open "$1" --keyring "${within('bench.pub')}" >/dev/null`;
const results = [];
const cat = 'cat "$1" | cat >/dev/null';
const sum = 'sha256sum "$1" >/dev/null';
const opaque = { file: within('opaque'), script: guarded('--format opaque'), reference: cat };
for (const measured of [
  // A QEMU stream is never small: the start is that of the same command on a state of 4 KiB.
  {
    ...{ name: 'guard qemu', file: within('qemu'), script: guarded(''), reference: cat },
    ...{ start: opaque.script, small: within('opaque-small') },
  },
  { ...opaque, name: 'guard opaque' },
  { name: 'seal', file: within('opaque'), script: sealing, reference: sum },
  { name: 'open', file: within('sealed'), script: opening, reference: sum },
]) {
  if (measured.name.startsWith(flags.only)) results.push(await compared(measured));
}
const document = {
  version: 1,
  machine: machine(),
  rounds,
  results,
};
print(document, table);

/** Wall and processor times of a reference and of one of our commands, which take turns. */
async function compared({
  name,
  file,
  reference,
  script,
  start = script,
  small = `${file}-small`,
}) {
  await timed('cat', [file]);
  const spent = { reference: [], own: [], start: [] };
  const measured =
    (who, text, input = file) =>
    () => {
      const { milliseconds, processor } = shell(text, input);
      spent[who].push(processor);
      return milliseconds;
    };
  const times = await inTurns(rounds, {
    reference: measured('reference', reference),
    own: measured('own', script),
    start: measured('start', start, small),
  });
  const ratio = (by) => summary(by.reference.map((time, round) => time / by.own[round]));
  const walk = (by) =>
    summary(by.reference.map((time, round) => time / (by.own[round] - by.start[round])));
  // The reporter goes to our program alone, which is the only one that Node runs.
  const peak = await peakMemory(within('peak'), (more, env) => {
    const reporting = script.replace(
      own,
      `"${process.execPath}" ${more.map((one) => `"${one}"`).join(' ')} "${cli}"`,
    );
    return timed('sh', ['-c', reporting, 'sh', file], { env });
  });
  return {
    name,
    bytes: statSync(file).size,
    reference: summary(times.reference),
    own: summary(times.own),
    ratio: ratio(times),
    processorRatio: ratio(spent),
    processorRatioWithoutStart: walk(spent),
    peakMemory: peak,
  };
}

/** Runs a script on a file; `times` of the shell says what its children took of the processors. */
function shell(script, file) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', `${script}\nr=$?\ntimes\nexit $r`, 'sh', file],
    {
      encoding: 'utf8',
    },
  );
  const milliseconds = performance.now() - started;
  if (status !== 0) fail(`${script} ended with ${status}: ${stderr}`);
  const children = stdout.trim().split('\n').at(-1) ?? '';
  const processor = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60_000 * Number(minutes) + 1000 * Number(seconds),
    0,
  );
  return { milliseconds, processor };
}

/** A state that no format explains. */
function writeOpaque(file, length) {
  const block = randomBytes(1 << 20);
  const fd = openSync(file, 'w');
  for (let left = length; left > 0;) left -= writeSync(fd, block, 0, Math.min(left, block.length));
  closeSync(fd);
}

function table({ machine: where, results: rows }) {
  const line = (...cells) =>
    cells
      .map((cell, index) => cell.padEnd([14, 12, 22, 22, 22, 8][index]))
      .join(' ')
      .trimEnd();
  return `${[
    machineText(where),
    '',
    line('what', 'size', 'of the reference', 'by processor time', 'without start', 'memory'),
    ...rows.map((row) =>
      line(
        row.name,
        `${(row.bytes / 2 ** 30).toFixed(2)} GiB`,
        spread(row.ratio),
        spread(row.processorRatio),
        spread(row.processorRatioWithoutStart),
        `${Math.round(row.peakMemory / 1e6)} MB`,
      ),
    ),
  ].join('\n')}\n`;
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
