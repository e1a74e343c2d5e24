/**
 * How many plans a second one core makes and applies, from the random numbers to the execution, on
 * states of about 4 KiB and on small ones; and how large the mutants are. Prints one JSON document,
 * and a table on standard error.
 *
 *   node bench/plans.mjs [--rounds 5] [--milliseconds 1000]
 *
 * Rates are by processor time of this process, which is what one core does when nothing else wants
 * it, and by the clock on the wall.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';

import { inTurns, rounded, summary } from './measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: flags } = parseArgs({
  options: { rounds: { type: 'string' }, milliseconds: { type: 'string' } },
});
const rounds = Number(flags.rounds ?? 5);
const milliseconds = Number(flags.milliseconds ?? 1000);

const folder = mkdtempSync(path.join(os.tmpdir(), 'vstate-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const { applyPlan, formatById, layoutBuild, lengthOf, libraryOf, Random, randomPlan, skeletonOf } =
  await library();

const image = (length, byte) => ({ tag: 'FW_DATA', data: new Uint8Array(length).fill(byte) });
const states = {
  'qat, 4096 bytes': ['qat', (sample) => sample],
  'mlx5, 4096 bytes': ['mlx5', (sample) => [...sample, image(2004, 0xa5), image(2004, 0x5a)]],
  'virtio, 147 bytes': ['virtio', (sample) => sample],
  'mtty, 60 bytes': ['mtty', (sample) => sample],
};
const runs = Object.fromEntries(
  Object.entries(states).map(([name, [id, draft]]) => {
    const format = formatById(id);
    const seed = skeletonOf(format, layoutBuild(format.layout, draft(format.sample)).bytes);
    return [name, { seed, seeds: libraryOf([seed]), random: new Random(1), rates: [], walls: [] }];
  }),
);
// Proposals are made once for a seed, and code is compiled: what is measured is a long run.
for (const run of Object.values(runs)) once(run, milliseconds);
for (const run of Object.values(runs)) Object.assign(run, { rates: [], walls: [] });
await inTurns(
  rounds,
  Object.fromEntries(
    Object.entries(runs).map(([name, run]) => [name, async () => once(run, milliseconds)]),
  ),
);

const plans = Object.entries(runs).map(([state, { seed, rates, walls, sizes, fit, drawn }]) => ({
  state,
  bytes: seed.bytes.length,
  fields: seed.parts.length,
  plansPerCpuSecond: summary(rates),
  plansPerSecond: summary(walls),
  meanBytesOfMutant: rounded(sizes / fit),
  fit: rounded(fit / drawn),
}));
console.error(
  'plans, made and applied     per second of one core      by the clock     mean mutant',
);
for (const { state, plansPerCpuSecond, plansPerSecond, meanBytesOfMutant } of plans) {
  const [core, wall] = [plansPerCpuSecond, plansPerSecond].map(({ median }) =>
    Math.round(median).toString(),
  );
  console.error(
    `${state.padEnd(28)}${core.padStart(22)}${wall.padStart(18)}${`${Math.round(meanBytesOfMutant)} bytes`.padStart(16)}`,
  );
}
console.log(JSON.stringify({ version: 1, node: process.version, rounds, plans }, undefined, 2));

/** One run: half of the plans are new, half are changes of the one before. */
function once(run, wanted) {
  const { seeds, random } = run;
  const cpu = process.cpuUsage();
  const started = performance.now();
  let parent;
  let drawn = 0;
  let fit = 0;
  let sizes = 0;
  while (performance.now() - started < wanted) {
    for (let turn = 0; turn < 1000; turn += 1) {
      const plan = randomPlan(random, seeds, parent);
      parent = parent === undefined ? plan : undefined;
      const execution = applyPlan(seeds, plan);
      drawn += 1;
      if (execution === undefined) continue;
      fit += 1;
      sizes += lengthOf(execution.inputs[0]);
    }
  }
  const spent = process.cpuUsage(cpu);
  run.rates.push(drawn / ((spent.user + spent.system) / 1e6));
  run.walls.push(drawn / ((performance.now() - started) / 1e3));
  run.drawn = (run.drawn ?? 0) + drawn;
  run.fit = (run.fit ?? 0) + fit;
  run.sizes = (run.sizes ?? 0) + sizes;
}

/** The parts of the fuzzer that make plans, which the published library does not have. */
async function library() {
  const entry = [
    "export { applyPlan } from './src/fuzz/apply.ts';",
    "export { libraryOf, skeletonOf } from './src/fuzz/skeleton.ts';",
    "export { Random } from './src/fuzz/random.ts';",
    "export { randomPlan } from './src/fuzz/search-plan.ts';",
    "export { formatById } from './src/formats/index.ts';",
    "export { build as layoutBuild } from './src/layout/build.ts';",
    "export { lengthOf } from './src/targets/target.ts';",
  ];
  const outfile = path.join(folder, 'plans.mjs');
  await build({
    stdin: { contents: entry.join('\n'), resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}
