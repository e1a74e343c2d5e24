import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from './build.mjs';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** Longer than any state of the bench; what a fuzzer may write at most. */
const LONGEST = 8192;
/** Milliseconds after which an execution counts as hung. */
const PATIENCE = 1000;
/** Seconds that a fuzzer may take to end once its time is up. */
const GRACE = 15;

const quiet = 'symbolize=0:detect_leaks=0:abort_on_error=1:disable_coredump=1';

/** Runs a program until it ends, or until its time is long over; wall seconds. */
const timed = async (command, args, { env, seconds, log }) => {
  const started = performance.now();
  // A group of its own, so that what it started ends with it.
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  const timer = setTimeout(
    () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended in this moment.
      }
    },
    (seconds + GRACE) * 1000,
  );
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  return { code, seconds: (performance.now() - started) / 1000 };
};

const some = (folder, test) => existsSync(folder) && readdirSync(folder).some(test);

/**
 * Every fuzzer of the bench: which builds it needs, and one run on one bug, which ends with what it
 * found first. `found` says what that was; undefined when its time was over before. `executions` are
 * those before the finding, where the fuzzer runs more to look into it.
 */
export const fuzzers = {
  vstate: {
    flavours: ['harness'],
    available: () => existsSync(cli),
    async run({ driver, seeds, out, seed, seconds, environment, log }) {
      const variables = Object.entries(environment).flatMap(([name, value]) => [
        '--env',
        `${name}=${value}`,
      ]);
      const { code, ...rest } = await timed(
        process.execPath,
        [
          ...[cli, 'fuzz', '--target', `harness:${build(driver, 'harness')}`, '--format', driver],
          ...(seeds === undefined ? [] : ['--seeds', seeds]),
          ...['--out', out, '--time', `${seconds}s`, '--seed', `${seed}`, '--workers', '1'],
          ...['--stop-on-first', '--timeout', `${PATIENCE}`, ...variables],
        ],
        { env: {}, seconds, log },
      );
      return { ...rest, ...(code === 1 ? findingOf(out) : {}), code };
    },
  },
  afl: {
    flavours: ['afl', 'cmplog'],
    available: () => spawnSync('afl-fuzz', ['--version']).error === undefined,
    async run({ driver, seeds, out, seed, seconds, environment, log }) {
      const env = {
        ...environment,
        ...{ AFL_NO_UI: '1', AFL_SKIP_CPUFREQ: '1', AFL_NO_AFFINITY: '1' },
        ...{ AFL_BENCH_UNTIL_CRASH: '1', AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES: '1' },
        ...{ ASAN_OPTIONS: quiet, UBSAN_OPTIONS: quiet },
      };
      const { code, ...rest } = await timed(
        'afl-fuzz',
        [
          ...['-i', seeds, '-o', out, '-s', `${seed}`, '-V', `${seconds}`, '-m', 'none'],
          ...['-t', `${PATIENCE}`, '-G', `${LONGEST}`, '-c', build(driver, 'cmplog')],
          ...['--', build(driver, 'afl')],
        ],
        { env, seconds, log },
      );
      const crashes = path.join(out, 'default', 'crashes');
      const crashed = some(crashes, (name) => name.startsWith('id:'));
      return { ...rest, found: crashed ? 'crash' : undefined, code };
    },
  },
  libfuzzer: {
    flavours: ['libfuzzer'],
    available: () => spawnSync('clang', ['--version']).error === undefined,
    async run({ driver, seeds, out, seed, seconds, environment, log }) {
      const corpus = path.join(out, 'corpus');
      mkdirSync(corpus, { recursive: true });
      const env = { ...environment, ASAN_OPTIONS: quiet, UBSAN_OPTIONS: quiet };
      const { code, ...rest } = await timed(
        build(driver, 'libfuzzer'),
        [
          ...[`-seed=${seed}`, `-max_total_time=${seconds}`, `-max_len=${LONGEST}`],
          ...[`-timeout=${Math.ceil(PATIENCE / 1000)}`, '-rss_limit_mb=2048'],
          ...[`-artifact_prefix=${out}/`, corpus, ...(seeds === undefined ? [] : [seeds])],
        ],
        { env, seconds, log },
      );
      const kind = ['crash', 'timeout', 'oom'].find((name) =>
        some(out, (file) => file.startsWith(`${name}-`)),
      );
      return { ...rest, found: kind, code };
    },
  },
};

/** The first finding of a campaign folder: its id, and how many executions there were before it. */
const findingOf = (folder) => {
  const findings = path.join(folder, 'findings');
  const all = readdirSync(findings)
    .map((id) => path.join(findings, id, 'finding.json'))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')))
    .sort((one, other) => one.executions - other.executions);
  return { found: all[0]?.id, executions: all[0]?.executions };
};
