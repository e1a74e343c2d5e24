/**
 * How many executions a second the adapter and the C runtime make together: of a restore path that
 * does nothing, in batches and one at a time; of a server that is asked over vfio-user; and of an
 * instrumented restore path, beside libFuzzer with the same file, flags and seeds, in turns. Prints one
 * JSON document, and a table on standard error.
 *
 *   node bench/harness.mjs [--rounds 5] [--milliseconds 2000]
 *
 * A rate is given twice: by the clock on the wall, and by processor time of all processes together,
 * which is what one core does when nothing else wants it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';

import { inTurns, machine, machineText, ownFolder, print, spread, summary } from './measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const native = path.join(root, 'native');
const harnessRuntime = path.join(native, 'vstate_harness.c');
const { values: flags } = parseArgs({
  options: { rounds: { type: 'string' }, milliseconds: { type: 'string' } },
});
const rounds = Number(flags.rounds ?? 5);
const milliseconds = Number(flags.milliseconds ?? 2000);

/** Clock ticks of /proc/PID/stat; Linux has used this number for user space for ever. */
const TICKS = 100;

const folder = ownFolder();

const { openTarget, wholeRestore } = await adapter();
const driver = [
  path.join(root, 'bench', 'bugs', 'drivers', 'mtty.c'),
  path.join(root, 'bench', 'bugs', 'bugs.c'),
];
const seeds = seedsOf('mtty');

const noop = compiled('noop', 'gcc', ['-O2'], [path.join(root, 'bench', 'harness-noop.c')]);
const empty = new Uint8Array(4096);
const variants = {
  plain: [],
  sanitized: ['-fsanitize=address,undefined'],
};
const measured = [
  { name: 'no-op, in batches', ...(await ours(noop, executionsOf([empty]), 1024)) },
  { name: 'no-op, one at a time', ...(await ours(noop, executionsOf([empty]), 1)) },
  { name: 'vfio-user, in batches', ...(await overVfioUser()) },
];
const beside = [];
for (const [name, more] of Object.entries(variants)) {
  const cover = ['-fsanitize-coverage=inline-8bit-counters,trace-cmp'];
  const guard = ['-fsanitize-coverage=trace-pc-guard,trace-cmp'];
  const flagsOf = (extra) => ['-O2', '-D_GNU_SOURCE', ...more, ...extra];
  const counters = compiled(`counters-${name}`, 'clang', flagsOf(cover), driver);
  const guards = compiled(`guards-${name}`, 'clang', flagsOf(guard), driver);
  const fuzzer = compiled(
    `libfuzzer-${name}`,
    'clang',
    [...flagsOf(['-fsanitize=fuzzer']), '-DVSTATE_LIBFUZZER'],
    driver,
  );
  const executions = executionsOf(seeds);
  const all = { counters: [], guards: [], libFuzzer: [] };
  await inTurns(rounds, {
    counters: async () => all.counters.push(await once(counters, executions, 1024)),
    guards: async () => all.guards.push(await once(guards, executions, 1024)),
    libFuzzer: () => all.libFuzzer.push(libFuzzer(fuzzer)),
  });
  for (const [tool, runs] of Object.entries(all)) {
    beside.push({
      variant: name,
      tool,
      ...summed(runs),
      ratio: summary(runs.map(({ cpu }, round) => cpu / all.libFuzzer[round].cpu)),
    });
  }
}
const document = {
  version: 1,
  machine: machine(),
  rounds,
  measured,
  beside,
};
print(document, table);

/** The adapter as it is in src, which the published library does not export. */
async function adapter() {
  const outfile = path.join(folder, 'targets.mjs');
  await build({
    stdin: {
      contents: `export * from './src/targets/open.ts'; export * from './src/targets/target.ts';`,
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}

function compiled(name, compiler, more, sources, runtime = [harnessRuntime]) {
  const program = path.join(folder, name);
  const { status, stderr, error } = spawnSync(
    compiler,
    ['-std=c11', '-g', `-I${native}`, ...more, '-o', program, ...sources, ...runtime],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${compiler} ${name}: ${error?.message ?? stderr}`);
  return program;
}

function seedsOf(format) {
  const from = path.join(root, 'corpus', format);
  return readdirSync(from)
    .filter((name) => name.endsWith('.bin'))
    .map((name) => readFileSync(path.join(from, name)));
}

/** A few thousand different changes of one field's size, made before the clock starts. */
function executionsOf(bases) {
  let state = 1;
  const random = (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  return Array.from({ length: 1024 }, (_, index) => {
    const base = bases[index % bases.length];
    const at = random(Math.max(1, base.length - 4));
    const put = Uint8Array.of(random(256), random(256), random(256), random(256));
    return {
      inputs: [{ base, splices: [{ at, drop: Math.min(4, base.length - at), put }] }],
      steps: [...wholeRestore(base.length), { do: 'run' }],
      onRefusal: 'stop',
    };
  });
}

async function ours(program, executions, batch, spec) {
  const runs = [];
  for (let round = 0; round < rounds; round += 1) {
    runs.push(await once(program, executions, batch, spec));
  }
  return summed(runs);
}

/** Whole restores of the tests' server, which keeps what it gets: what the protocol costs. */
async function overVfioUser() {
  const source = path.join(root, 'test', 'targets', 'vfio_user_server.c');
  const server = compiled('vfio-user', 'gcc', ['-O2'], [source], []);
  const state = new Uint8Array(64);
  state.set(Buffer.from('VSRV'));
  return ours(server, executionsOf([state]), 64, `vfio-user:cmd=${server} {}`);
}

/** Rates of one stretch of time, without the start. */
async function once(program, executions, batch, spec = `harness:${program}`) {
  const target = await openTarget(spec, {
    timeout: 5000,
    memory: 2 ** 31,
    output: 1 << 24,
    environment: {},
    allowDevice: false,
    warn: () => undefined,
  });
  const { signal } = new AbortController();
  const lists = [];
  for (let from = 0; from < executions.length; from += batch) {
    lists.push(executions.slice(from, from + batch));
  }
  let turn = 0;
  const run = async (time) => {
    const started = performance.now();
    let count = 0;
    while (performance.now() - started < time) {
      for (const result of await target.run(lists[turn++ % lists.length], signal)) {
        if (result.features.length > 0) target.know(result.features);
        if (result.outcome.kind !== 'accepted' && result.outcome.kind !== 'rejected') {
          throw new Error(`${program}: ${JSON.stringify(result.outcome)} ${result.message}`);
        }
        count += 1;
      }
    }
    return count;
  };
  await run(milliseconds / 2);
  const cpuBefore = cpuSeconds(program);
  const started = performance.now();
  const count = await run(milliseconds);
  const wall = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(program) - cpuBefore;
  await target[Symbol.asyncDispose]();
  return { wall: count / wall, cpu: count / cpu };
}

/** Processor time of this process and of all that run the program. */
function cpuSeconds(program) {
  const { user, system } = process.cpuUsage();
  let sum = (user + system) / 1e6;
  for (const name of readdirSync('/proc')) {
    try {
      if (!readFileSync(`/proc/${name}/cmdline`, 'utf8').startsWith(program)) continue;
      const words = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /u, '')
        .split(' ');
      sum += (Number(words[11]) + Number(words[12])) / TICKS;
    } catch {
      // No process, or one that has just ended.
    }
  }
  return sum;
}

/** libFuzzer's rate over as much processor time, with its own mutations, which are its trade. */
function libFuzzer(program) {
  const corpus = mkdtempSync(path.join(folder, 'corpus-'));
  for (const [index, seed] of seeds.entries()) writeFileSync(path.join(corpus, `${index}`), seed);
  mkdirSync(corpus, { recursive: true });
  const seconds = Math.ceil(milliseconds / 1000);
  const { stderr, status } = spawnSync(
    'bash',
    [
      '-c',
      'TIMEFORMAT="cpu %U %S"; time "$1" -seed=1 -close_fd_mask=3 -detect_leaks=0 -max_total_time="$2" "$3"',
      'bash',
      program,
      String(seconds),
      corpus,
    ],
    { encoding: 'utf8' },
  );
  const done = /Done (\d+) runs in (\d+) second/u.exec(stderr);
  const time = /cpu ([\d.]+) ([\d.]+)/u.exec(stderr);
  if (status !== 0 || done === null || time === null) throw new Error(`libFuzzer: ${stderr}`);
  const runs = Number(done[1]);
  return { wall: runs / Number(done[2]), cpu: runs / (Number(time[1]) + Number(time[2])) };
}

function summed(runs) {
  return {
    perSecond: summary(runs.map(({ wall }) => wall)),
    perCpuSecond: summary(runs.map(({ cpu }) => cpu)),
  };
}

function table({ machine: where, measured: alone, beside: rows }) {
  const whole = ({ min, median, max }) =>
    `${Math.round(median)} (${Math.round(min)} to ${Math.round(max)})`;
  const line = (...cells) => cells.map((cell) => cell.padEnd(32)).join('');
  return `${[
    machineText(where),
    '',
    line('executions', 'a second', 'a second of processor time', 'against libFuzzer'),
    ...alone.map(({ name, perSecond, perCpuSecond }) =>
      line(name, whole(perSecond), whole(perCpuSecond)),
    ),
    ...rows.map(({ variant, tool, perSecond, perCpuSecond, ratio }) =>
      line(`mtty, ${variant}, ${tool}`, whole(perSecond), whole(perCpuSecond), spread(ratio)),
    ),
  ]
    .map((text) => text.trimEnd())
    .join('\n')}\n`;
}
