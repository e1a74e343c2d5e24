import { randomInt } from 'node:crypto';
import process from 'node:process';

import { defineConfig } from 'vitest/config';

const seed = process.env.VSTATE_SEED ?? String(randomInt(2 ** 31));

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // One for each of two cores; by itself vitest leaves one core out.
    maxWorkers: 2,
    // Files share what they import: nothing in src/ holds state, and loading it anew for each of
    // them took half of the processor time of a run (47 s of it became 25 s over twenty files).
    isolate: false,
    env: { VSTATE_SEED: seed },
    globalSetup: ['test/house/print-seed.ts'],
    setupFiles: ['test/house/use-seed.ts'],
    // Property tests on two cores shared with a build take seconds; a hang takes for ever.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // A closed pipe, a full disk or an escaped rejection is a failure like any other.
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
    reporters: process.env.CI === undefined ? ['default'] : ['default', 'json'],
    outputFile: { json: process.env.VSTATE_TEST_REPORT ?? '.cache/vitest.json' },
  },
});
