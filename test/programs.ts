import { spawnSync } from 'node:child_process';

/**
 * Whether the tests of something that needs programs run: where they are there, and always where `CI`
 * is set, so that a part that is missing fails there and is not passed over.
 */
export const canRun = (...programs: readonly string[]): boolean =>
  (process.env.CI ?? '') !== '' ||
  programs.every((program) => spawnSync(program, ['--version']).error === undefined);
