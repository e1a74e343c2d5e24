/** Ways to take a time or a peak of memory of another process, and to sum up what was taken. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Runs once, without its output; rejects when it did not end by itself with one of the codes. */
export async function timed(command, args, { codes = [0], stdin = 'ignore', env } = {}) {
  const started = performance.now();
  const child = spawn(command, args, { stdio: [stdin, 'ignore', 'inherit'], env });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const milliseconds = performance.now() - started;
  if (!codes.includes(code)) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return milliseconds;
}

/** Runs once and gives the time, for processes so short that waiting for an event would show. */
export function timedShort(command, args) {
  const started = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'ignore' });
  const milliseconds = performance.now() - started;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
  return milliseconds;
}

/**
 * The shell's word for a run that leaves its peak of resident memory behind, in a file that the
 * variable names. The kernel keeps the peak with the process, and only the process can read it at
 * its end; the peak in the resource usage would be that of whoever started it, where that is larger.
 */
const REPORTER = `data:text/javascript,${encodeURIComponent(`
const { readFileSync, writeFileSync } = process.getBuiltinModule('node:fs');
process.on('exit', () => {
  let kilobytes = process.resourceUsage().maxRSS;
  try {
    kilobytes = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  } catch {}
  writeFileSync(process.env.VSTATE_BENCH_PEAK, String(kilobytes));
});`)}`;

/** Peak of resident memory of one run of `node args…`, in bytes; `run` gets the arguments to add. */
export async function peakMemory(file, run) {
  const env = { ...process.env, VSTATE_BENCH_PEAK: file };
  await run(['--import', REPORTER], env);
  const kilobytes = Number(readFileSync(file, 'utf8'));
  rmSync(file);
  return kilobytes * 1024;
}

/**
 * Takes times of several things in turn, in an order that changes from round to round, so that what
 * else the machine does falls on all of them.
 */
export async function inTurns(rounds, things) {
  const names = Object.keys(things);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = names.map((_, index) => names[(index + round) % names.length]);
    for (const name of order) times[name].push(await things[name]());
  }
  return times;
}

export const summary = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: rounded(sorted[0]), median: rounded(median), max: rounded(sorted.at(-1)) };
};

/** Three significant digits behind the point are more than any of these times can bear. */
export const rounded = (value) => Math.round(value * 1000) / 1000;

/** What every document says of where it was measured. */
export const machine = () => ({
  cpu: os.cpus()[0]?.model ?? '',
  cores: os.cpus().length,
  load: rounded(os.loadavg()[0]),
  node: process.version,
});

/** The same in the first line of a table. */
export const machineText = ({ cpu, cores, node, load }) =>
  `${cpu}, ${cores} cores, Node ${node}, load ${load}`;

/** Median and range. */
export const spread = ({ min, median, max }) =>
  `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;

/** A folder for large inputs, which goes with the process. */
export function ownFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vstate-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The document for programs, and the table for people. */
export function print(document, table) {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  process.stderr.write(table(document));
}
