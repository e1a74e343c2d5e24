import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FuzzFlags } from './fuzz-program.ts';

/** Beside the sources and beside what is built of them. */
const native = fileURLToPath(new URL('../../native', import.meta.url));

/** Enough to find every mistake of the example, and a few seconds. */
const EXECUTIONS = 20_000;
const SECONDS = 20;

const compilers: readonly (readonly [string, readonly string[]])[] = [
  ['clang', ['-fsanitize-coverage=trace-pc-guard,trace-cmp']],
  ['gcc', ['-fsanitize-coverage=trace-pc,trace-cmp']],
  ['cc', []],
];

/** The flags of the demonstration: the example driver, compiled with what is there. */
export const demoFlags = async (flags: FuzzFlags): Promise<FuzzFlags> => {
  const folder = mkdtempSync(join(tmpdir(), 'vstate-check-demo-'));
  const say = (line: string): void => {
    if (flags.json !== true) process.stdout.write(`${line}\n`);
  };
  const program = compiled(folder, say);
  const target =
    program === undefined ? `module:${join(native, 'example_serial.mjs')}` : `harness:${program}`;
  if (program === undefined) say('no C compiler is here: the example runs in JavaScript');
  return {
    ...flags,
    target,
    format: 'mtty',
    seed: flags.seed ?? 1,
    out: flags.out ?? join(folder, 'campaign'),
    executions: flags.executions ?? EXECUTIONS,
    time: flags.time ?? SECONDS,
  };
};

/** The example as a program; undefined where no compiler makes one. */
const compiled = (folder: string, say: (line: string) => void): string | undefined => {
  const program = join(folder, 'example_serial');
  const sources = [join(native, 'example_serial.c'), join(native, 'vstate_harness.c')];
  for (const [compiler, coverage] of compilers) {
    for (const sanitizers of [['-fsanitize=address,undefined'], []]) {
      const args = ['-std=c11', '-g', '-O1', '-fno-omit-frame-pointer', ...sanitizers, ...coverage];
      const { status } = spawnSync(compiler, [...args, `-I${native}`, '-o', program, ...sources], {
        stdio: 'ignore',
        timeout: 60_000,
      });
      if (status !== 0) continue;
      say(
        `compiled native/example_serial.c with ${compiler}${sanitizers.length > 0 ? ', address and undefined-behaviour sanitizers' : ''}`,
      );
      return program;
    }
  }
  return undefined;
};
