import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { digestOf } from './catalogue.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const native = path.join(here, '..', '..', 'native');
const cache = path.join(here, '..', '..', '.cache', 'bugs');
const runtime = path.join(native, 'vstate_harness.c');

const strict = ['-std=c11', '-Wall', '-Wextra', '-Werror', `-I${native}`];
const sanitizers = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const afl = [...sanitizers, '-fsanitize=fuzzer', '-DVSTATE_LIBFUZZER'];

/** Every way in which a driver is compiled: by whom, with which flags, and with what beside it. */
const flavours = {
  /** Carries out scripts; for witnesses. */
  drive: { compiler: 'gcc', flags: sanitizers, beside: [path.join(here, 'drive.c')] },
  harness: {
    compiler: 'clang',
    flags: [...sanitizers, '-fsanitize-coverage=trace-pc-guard,trace-cmp'],
    beside: [runtime],
  },
  libfuzzer: {
    compiler: 'clang',
    flags: [...sanitizers, '-fsanitize=fuzzer', '-DVSTATE_LIBFUZZER'],
    beside: [runtime],
  },
  afl: { compiler: 'afl-clang-fast', flags: afl, beside: [runtime] },
  cmplog: {
    compiler: 'afl-clang-fast',
    flags: afl,
    beside: [runtime],
    environment: { AFL_LLVM_CMPLOG: '1' },
  },
};

const headers = () => [
  path.join(here, 'bugs.h'),
  path.join(here, 'bytes.h'),
  path.join(native, 'vstate_harness.h'),
  ...readdirSync(path.join(here, 'drivers'))
    .filter((name) => name.endsWith('.h'))
    .map((name) => path.join(here, 'drivers', name)),
];

const compile = (compiler, args, environment = {}) => {
  const { status, stderr, error } = spawnSync(compiler, args, {
    encoding: 'utf8',
    env: { ...process.env, AFL_QUIET: '1', ...environment },
  });
  if (status !== 0) throw new Error(`${compiler}: ${error?.message ?? stderr}`);
};

/** The program of a driver, compiled if its sources have changed since it was last. */
export const build = (driver, name) => {
  const { compiler, flags, beside, environment } = flavours[name];
  const canaries = path.join(here, 'bugs.c');
  const sources = [path.join(here, 'drivers', `${driver}.c`), ...beside];
  const digest = digestOf([...sources, canaries, ...headers()], [compiler, ...strict, ...flags]);
  const program = path.join(cache, `${driver}-${name}-${digest}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const draft = `${program}.${process.pid}`;
  try {
    // The canaries are no part of what is tested: no fuzzer is to be guided by them.
    compile(compiler.startsWith('afl') ? 'clang' : compiler, [
      ...[...strict, '-O1', '-c', canaries, '-o', `${draft}.o`],
    ]);
    compile(compiler, [...strict, ...flags, ...sources, `${draft}.o`, '-o', draft], environment);
    renameSync(draft, program);
  } finally {
    rmSync(`${draft}.o`, { force: true });
  }
  return program;
};
