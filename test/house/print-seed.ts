import type { TestProject } from 'vitest/node';

/** Printed before the first test, because a run that hangs or is killed prints nothing after it. */
export function setup({ config }: TestProject): void {
  const seed = config.env.VSTATE_SEED;
  process.stdout.write(
    `seed ${String(seed)}; VSTATE_SEED=${String(seed)} npm test repeats this run\n`,
  );
}
