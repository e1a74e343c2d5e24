import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');
export const cli = join(root, 'dist', 'cli.js');

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** Runs the built program in a clean environment, from the root of the project. */
export const run = (
  args: readonly string[],
  {
    input,
    env = {},
    cwd = root,
  }: { readonly input?: Uint8Array; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Ran => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    cwd,
    env: { PATH: process.env.PATH, ...env },
    input: input ?? new Uint8Array(0),
    maxBuffer: 1 << 28,
  });
  return { stdout, stderr, status };
};
