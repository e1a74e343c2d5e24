/**
 * Everything that must hold before a change lands: format, lint, types, dead code, tests. One that
 * fails does not keep the others from saying what they found.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {Promise<boolean>} whether the script of package.json succeeded */
async function passes(script, { quiet }) {
  const started = performance.now();
  // `shell` because npm is a batch file on Windows; the names are the literals below.
  const child = spawn(`npm run --silent ${script}`, {
    cwd: root,
    shell: true,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
  });
  const output = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr?.on('data', (chunk) => output.push(chunk));
  const passed = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${script} (${seconds} s)`);
  if (!passed) process.stdout.write(Buffer.concat(output));
  return passed;
}

const results = await Promise.all(
  ['format:check', 'lint', 'types', 'dead-code'].map((script) => passes(script, { quiet: true })),
);
// By itself and aloud: its output is the one that people wait for, and load makes tests slow.
results.push(await passes('test', { quiet: false }));

process.exitCode = results.every(Boolean) ? 0 : 1;
