/**
 * What a check costs, as ratios to what the machine can do at best, taken in one run: how fast a
 * large input is walked against `cat`, how long a start takes against an empty script. Prints one
 * JSON document on standard output and a table on standard error.
 *
 *   npm run --silent bench -- [--size 4GiB] [--rounds 7] [--quick]
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { fieldRates } from './fields.mjs';
import { inTurns, peakMemory, rounded, summary, timed, timedShort } from './measure.mjs';
import { writeMappedRam, writeMlx5, writeMultifd, writeQemu } from './streams.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = path.join(root, 'dist', 'cli.js');
const library = path.join(root, 'dist', 'index.js');

const { values: flags } = parseArgs({
  options: {
    size: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const size = sizeOf(flags.size ?? (flags.quick ? '256MiB' : '4GiB'));
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 7));
const starts = flags.quick ? 5 : 41;

if (!existsSync(cli)) fail('there is no dist/cli.js: npm run build');
if (!Number.isInteger(rounds) || rounds < 1) fail('--rounds needs a number above 0');

const folder = mkdtempSync(path.join(os.tmpdir(), 'vstate-bench-'));
const clean = () => rmSync(folder, { recursive: true, force: true });
process.on('exit', clean);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const walks = [];
for (const [name, write] of [
  ['qemu', writeQemu],
  ['mlx5', writeMlx5],
  ['mapped', writeMappedRam],
  ['multifd', writeMultifd],
]) {
  walks.push(...(await walked(name, write)));
}
const document = {
  version: 1,
  machine: {
    cpu: os.cpus()[0]?.model ?? '',
    cores: os.cpus().length,
    memory: os.totalmem(),
    load: rounded(os.loadavg()[0]),
    node: process.version,
    platform: `${process.platform} ${process.arch} ${os.release()}`,
  },
  rounds,
  walks,
  starts: await started(),
  fields: await fieldRates(library, flags.quick ? 50 : 500),
};
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
process.stderr.write(table(document));

/** Times of `cat` and of a check of one large input, from a file and through a pipe. */
async function walked(name, write) {
  const file = path.join(folder, name);
  const { bytes, channels = [] } = write(file, size);
  const small = path.join(folder, `${name}-small`);
  const { channels: smallChannels = [] } = write(small, 1 << 20);
  const beside = channels.flatMap((channel) => ['--channel', channel]);
  const besideSmall = smallChannels.flatMap((channel) => ['--channel', channel]);
  // The first pass after writing fills the page cache, if it has room for the file.
  await timed('cat', [file, ...channels]);
  const shell = (script, ...args) => timed('sh', ['-c', script, 'sh', file, ...args]);
  const node = process.execPath;
  const sources = {
    file: {
      cat: () => timed('cat', [file, ...channels]),
      check: () => timed(node, [cli, file, ...beside]),
      start: () => timed(node, [cli, small, ...besideSmall]),
      peak: (more, env) => timed(node, [...more, cli, file, ...beside], { env }),
    },
    pipe: {
      cat: () => shell('cat "$1" | cat >/dev/null'),
      check: () => shell('cat "$1" | "$2" "$3" -', node, cli),
      start: () => timed('sh', ['-c', 'cat "$1" | "$2" "$3" -', 'sh', small, node, cli]),
      peak: (more, env) =>
        timed(
          'sh',
          ['-c', 'file=$1; shift; cat "$file" | "$@" -', 'sh', file, node, ...more, cli],
          {
            env,
          },
        ),
    },
  };
  // The state of side channels is read where it lies, which a pipe does not let one do.
  if (channels.length > 0) delete sources.pipe;
  const results = [];
  for (const [source, { cat, check, start, peak }] of Object.entries(sources)) {
    const times = await inTurns(rounds, { cat, check, start });
    // Pairs of one round, because the machine may be busier in another.
    const ratio = times.cat.map((time, round) => time / times.check[round]);
    const walk = times.cat.map((time, round) => time / (times.check[round] - times.start[round]));
    results.push({
      input: name,
      source,
      bytes,
      cat: summary(times.cat),
      check: summary(times.check),
      start: summary(times.start),
      ratio: summary(ratio),
      ratioWithoutStart: summary(walk),
      peakMemory: await peakMemory(path.join(folder, 'peak'), peak),
    });
  }
  for (const written of [file, small, ...channels, ...smallChannels]) rmSync(written);
  return results;
}

/** Times of an empty script, of `--version` and of a check of a small state. */
async function started() {
  const empty = path.join(folder, 'empty.mjs');
  writeFileSync(empty, '');
  const state = path.join(root, 'corpus', 'mtty', 'mtty1-fresh.bin');
  const run = (...args) => timedShort(process.execPath, args);
  const times = await inTurns(starts, {
    empty: () => run(empty),
    version: () => run(cli, '--version'),
    check: () => run(cli, state),
  });
  const median = summary(times.empty).median;
  return Object.entries(times).map(([name, all]) => ({
    name,
    runs: starts,
    time: summary(all),
    ratio: rounded(summary(all).median / median),
  }));
}

function table({ machine, walks: rows, starts: runs, fields }) {
  const gib = (bytes) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const rate = (bytes, milliseconds) => `${(bytes / milliseconds / 1e6).toFixed(2)} GB/s`;
  const spread = ({ min, median, max }, digits) =>
    `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${machine.load}`,
    '',
    columns('input', 'from', 'size', 'cat', 'check', 'check / cat', 'without start', 'memory'),
    ...rows.map((row) =>
      columns(
        row.input,
        row.source,
        gib(row.bytes),
        rate(row.bytes, row.cat.median),
        rate(row.bytes, row.check.median),
        spread(row.ratio, 2),
        spread(row.ratioWithoutStart, 2),
        `${Math.round(row.peakMemory / 1e6)} MB`,
      ),
    ),
    '',
    ...runs.map(({ name, time, ratio }) =>
      columns('start', name, '', `${spread(time, 1)} ms`, '', `${ratio.toFixed(2)} x empty`),
    ),
    '',
    ...fields.map(({ format, fieldsPerSecond, bytesPerSecond }) =>
      columns(
        'decode',
        format,
        '',
        `${(fieldsPerSecond / 1e6).toFixed(2)} M fields/s`,
        `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`,
      ),
    ),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function columns(...cells) {
  const widths = [8, 9, 10, 22, 12, 21, 21, 8];
  return cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' ');
}

function sizeOf(text) {
  const match = /^(\d+)(MiB|GiB)$/.exec(text);
  if (match === null) fail(`--size ${text}: a number of MiB or GiB is needed, e.g. 512MiB`);
  return Number(match[1]) * (match[2] === 'GiB' ? 2 ** 30 : 2 ** 20);
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
