/**
 * Attacks the decoder and the rules of the built library with a campaign for each format, guided by
 * the blocks that V8 saw run: before a release, `npm run fuzz:self -- --time 10m`. Whatever throws or
 * hangs there is a bug of ours. Campaigns are left in `.cache/self`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { formats } from '../dist/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    time: { type: 'string', default: '60s' },
    formats: { type: 'string' },
  },
});
const wanted = flags.formats?.split(',') ?? formats.map(({ id }) => id);
const campaigns = path.join(root, '.cache', 'self');
const corpora = readdirSync(path.join(root, 'corpus'));
rmSync(campaigns, { recursive: true, force: true });
mkdirSync(campaigns, { recursive: true });

const failed = wanted.filter((format) => {
  console.log(`\n== ${format}`);
  const words = [
    ...['fuzz', '--target', `module:[coverage] ${path.join(root, 'scripts', 'own-restore.mjs')}`],
    ...['--format', format, '--time', flags.time, '--out', path.join(campaigns, format)],
    ...(corpora.includes(format) ? ['--seeds', path.join(root, 'corpus', format)] : []),
  ];
  const { status } = spawnSync(process.execPath, [path.join(root, 'dist', 'cli.js'), ...words], {
    stdio: 'inherit',
  });
  return status !== 0;
});
console.log(failed.length === 0 ? '\nno finding' : `\nfindings or failures: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
