import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { openTarget } from '../../src/targets/open.ts';
import type { Target, TargetOptions } from '../../src/targets/target.ts';

const root = path.join(import.meta.dirname, '..', '..');
const native = path.join(root, 'native');
const runtime = path.join(native, 'vstate_harness.c');

type Compiler = 'gcc' | 'clang' | 'afl-clang-fast';

const isThere = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore', timeout: 30_000 }).error === undefined;

/** On a person's machine a test without its compiler is skipped; where CI is set it fails. */
export const lacks = (...compilers: readonly Compiler[]): boolean =>
  process.env.CI === undefined && !compilers.every(isThere);

const strict = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O1', '-g', `-I${native}`];

export const builds = {
  plain: { compiler: 'gcc', flags: [] },
  asan: { compiler: 'gcc', flags: ['-fsanitize=address,undefined'] },
  gcc: {
    compiler: 'gcc',
    flags: ['-fsanitize=address,undefined', '-fsanitize-coverage=trace-pc,trace-cmp'],
  },
  clang: {
    compiler: 'clang',
    flags: ['-fsanitize=address,undefined', '-fsanitize-coverage=trace-pc-guard,trace-cmp'],
  },
  counters: { compiler: 'clang', flags: ['-fsanitize-coverage=inline-8bit-counters,trace-cmp'] },
} as const satisfies Record<string, Build>;

interface Build {
  readonly compiler: Compiler;
  readonly flags: readonly string[];
}

/** Compiles C files with the runtime; the path of the program. */
export const compiled = (
  folder: string,
  name: string,
  source: string,
  { compiler, flags }: Build = builds.plain,
): string => {
  const file = path.join(folder, `${name}.c`);
  const program = path.join(folder, name);
  writeFileSync(file, source);
  const { status, stderr } = spawnSync(
    compiler,
    [...strict, ...flags, '-o', program, file, runtime],
    { encoding: 'utf8', timeout: 60_000 },
  );
  if (status !== 0) throw new Error(`${compiler} did not compile ${name}: ${stderr}`);
  return program;
};

const laboratory: TargetOptions = {
  timeout: 1000,
  memory: 2 ** 31,
  output: 1 << 20,
  environment: {},
  allowDevice: false,
  warn: () => undefined,
};

export const opened = async (
  program: string,
  options: Partial<TargetOptions> = {},
): Promise<Target> => openTarget(`harness:${program}`, { ...laboratory, ...options });
