import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** How often a run that goes on behind a wall is looked at, in milliseconds. */
const LOOK_EVERY = 100;

/**
 * Runs a program until it ends, until its time is long over, or until `found` says what it was started
 * for; wall seconds.
 */
const timed = async (command, args, { env, seconds, log, found }) => {
  const started = performance.now();
  // A group of its own, so that what it started ends with it.
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  const end = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended in this moment.
    }
  };
  const timer = setTimeout(end, (seconds + GRACE) * 1000);
  let over = false;
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => (over = true));
  let what;
  while (found !== undefined && what === undefined && !over) {
    await Promise.race([ended, sleep(LOOK_EVERY)]);
    what = await found();
    if (what !== undefined) end();
  }
  const code = await ended;
  clearTimeout(timer);
  return { code, what, seconds: (performance.now() - started) / 1000 };
};

/**
 * Looks at each new artefact once, with nothing but the bug behind the wall switched on; the name of the
 * first that shows it.
 */
const firstBehind = (artefacts, shows) => {
  const seen = new Set();
  return async () => {
    for (const artefact of artefacts()) {
      if (seen.has(artefact)) continue;
      seen.add(artefact);
      if (await shows(artefact)) return artefact;
    }
    return undefined;
  };
};

const statusOf = async (command, args, env) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: 'ignore',
      timeout: 10_000,
    });
    child.once('error', reject);
    child.once('close', resolve);
  });

/** Whether a file ends the driver that has only the bug behind the wall. */
const endsDriver = (driver, behind) => async (file) =>
  (await statusOf(build(driver, 'libfuzzer'), [file], {
    ...{ ASAN_OPTIONS: quiet, UBSAN_OPTIONS: quiet },
    ...behind,
  })) !== 0;

const filesIn = (folder, test) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter(test)
        .map((name) => path.join(folder, name))
    : [];

const some = (folder, test) => filesIn(folder, test).length > 0;

/**
 * Every fuzzer of the bench: which builds it needs, and one run on one bug, which ends with what it
 * found first; with `behind`, the variables that switch the bug behind a wall on alone, with what it
 * found of that. `found` says what that was; undefined when its time was over before. `executions` are
 * those before the finding, where the fuzzer runs more to look into it.
 */
export const fuzzers = {
  vstate: {
    flavours: ['harness'],
    available: () => existsSync(cli),
    async run({ driver, seeds, out, seed, seconds, environment, log, behind }) {
      const variables = Object.entries(environment).flatMap(([name, value]) => [
        '--env',
        `${name}=${value}`,
      ]);
      const shows = async (finding) => {
        const args = [cli, 'replay', finding, '--timeout', `${PATIENCE}`];
        const alone = Object.entries(behind).flatMap(([name, value]) => [
          '--env',
          `${name}=${value}`,
        ]);
        return (await statusOf(process.execPath, [...args, ...alone], {})) === 1;
      };
      const whole = (id) => existsSync(path.join(out, 'findings', id, 'finding.json'));
      const found = behind && firstBehind(() => filesIn(path.join(out, 'findings'), whole), shows);
      const { code, what, ...rest } = await timed(
        process.execPath,
        [
          ...[cli, 'fuzz', '--target', `harness:${build(driver, 'harness')}`, '--format', driver],
          ...(seeds === undefined ? [] : ['--seeds', seeds]),
          ...['--out', out, '--time', `${seconds}s`, '--seed', `${seed}`, '--workers', '1'],
          ...(behind === undefined ? ['--stop-on-first'] : []),
          ...['--timeout', `${PATIENCE}`, ...variables],
        ],
        { env: {}, seconds, log, found },
      );
      if (behind !== undefined) {
        return { ...rest, ...(what === undefined ? {} : findingIn(what)), code };
      }
      return { ...rest, ...(code === 1 ? findingOf(out) : {}), code };
    },
  },
  afl: {
    flavours: ['afl', 'cmplog'],
    available: () => spawnSync('afl-fuzz', ['--version']).error === undefined,
    async run({ driver, seeds, out, seed, seconds, environment, log, behind }) {
      const env = {
        ...environment,
        ...{ AFL_NO_UI: '1', AFL_SKIP_CPUFREQ: '1', AFL_NO_AFFINITY: '1' },
        ...(behind === undefined && { AFL_BENCH_UNTIL_CRASH: '1' }),
        ...{ AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES: '1' },
        ...{ ASAN_OPTIONS: quiet, UBSAN_OPTIONS: quiet },
      };
      const crashes = path.join(out, 'default', 'crashes');
      const crash = (name) => name.startsWith('id:');
      const found =
        behind && firstBehind(() => filesIn(crashes, crash), endsDriver(driver, behind));
      const { code, what, ...rest } = await timed(
        'afl-fuzz',
        [
          ...['-i', seeds, '-o', out, '-s', `${seed}`, '-V', `${seconds}`, '-m', 'none'],
          ...['-t', `${PATIENCE}`, '-G', `${LONGEST}`, '-c', build(driver, 'cmplog')],
          ...['--', build(driver, 'afl')],
        ],
        { env, seconds, log, found },
      );
      const crashed = behind === undefined ? some(crashes, crash) : what !== undefined;
      return { ...rest, found: crashed ? 'crash' : undefined, code };
    },
  },
  libfuzzer: {
    flavours: ['libfuzzer'],
    available: () => spawnSync('clang', ['--version']).error === undefined,
    async run({ driver, seeds, out, seed, seconds, environment, log, behind }) {
      const corpus = path.join(out, 'corpus');
      mkdirSync(corpus, { recursive: true });
      const env = { ...environment, ASAN_OPTIONS: quiet, UBSAN_OPTIONS: quiet };
      const artefact = (name) => /^(?:crash|timeout|oom)-/u.test(name);
      const found = behind && firstBehind(() => filesIn(out, artefact), endsDriver(driver, behind));
      // Only in its fork mode does libFuzzer go on behind a crash.
      const onward =
        behind === undefined
          ? []
          : ['-fork=1', '-ignore_crashes=1', '-ignore_timeouts=1', '-ignore_ooms=1'];
      const { code, what, ...rest } = await timed(
        build(driver, 'libfuzzer'),
        [
          ...[`-seed=${seed}`, `-max_total_time=${seconds}`, `-max_len=${LONGEST}`],
          ...[`-timeout=${Math.ceil(PATIENCE / 1000)}`, '-rss_limit_mb=2048'],
          ...onward,
          ...[`-artifact_prefix=${out}/`, corpus, ...(seeds === undefined ? [] : [seeds])],
        ],
        { env, seconds, log, found },
      );
      if (behind !== undefined) {
        return { ...rest, found: what === undefined ? undefined : 'crash', code };
      }
      const kind = ['crash', 'timeout', 'oom'].find((name) =>
        some(out, (file) => file.startsWith(`${name}-`)),
      );
      return { ...rest, found: kind, code };
    },
  },
};

/** A finding: its id, and how many executions there were before it. */
const findingIn = (folder) => {
  const { id, executions, edits } = JSON.parse(
    readFileSync(path.join(folder, 'finding.json'), 'utf8'),
  );
  return { found: id, executions, edits };
};

/** The first finding of a campaign folder. */
const findingOf = (folder) =>
  filesIn(path.join(folder, 'findings'), () => true)
    .filter((finding) => existsSync(path.join(finding, 'finding.json')))
    .map(findingIn)
    .sort((one, other) => one.executions - other.executions)[0];
