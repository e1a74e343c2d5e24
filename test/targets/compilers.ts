import { spawnSync } from 'node:child_process';
import process from 'node:process';

const isThere = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** Whether to skip for want of a program; where CI is set, its absence fails the test instead. */
export const lacks = (program: string): boolean => {
  if (isThere(program)) return false;
  if (process.env.CI !== undefined) throw new Error(`${program} is missing; see scripts/bring.sh`);
  return true;
};

/** Compiles C as the project's C is compiled everywhere; throws what the compiler says. */
export const compile = (
  sources: readonly string[],
  program: string,
  more: readonly string[] = [],
): string => {
  const strict = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O1', '-g'];
  const { status, stderr } = spawnSync('gcc', [...strict, ...more, '-o', program, ...sources], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return program;
};
