import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { digestOf } from './catalogue.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const native = path.join(here, '..', '..', 'native');
const cache = path.join(here, '..', '..', '.cache', 'bugs');

const warnings = ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', `-I${native}`];
const sanitizers = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Every way in which a driver is compiled: by whom, with which flags, and with what beside it. */
const flavours = {
  /** Carries out scripts; for witnesses. */
  drive: {
    compiler: process.env.CC ?? 'gcc',
    flags: sanitizers,
    beside: [path.join(here, 'drive.c')],
  },
};

const headers = () => [
  path.join(here, 'bugs.h'),
  path.join(here, 'bytes.h'),
  path.join(native, 'vstate_harness.h'),
  ...readdirSync(path.join(here, 'drivers'))
    .filter((name) => name.endsWith('.h'))
    .map((name) => path.join(here, 'drivers', name)),
];

/** The program of a driver, compiled if its sources have changed since it was last. */
export const build = (driver, name) => {
  const { compiler, flags, beside, environment = {} } = flavours[name];
  const sources = [path.join(here, 'drivers', `${driver}.c`), path.join(here, 'bugs.c'), ...beside];
  const digest = digestOf([...sources, ...headers()], [compiler, ...warnings, ...flags]);
  const program = path.join(cache, `${driver}-${name}-${digest}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const draft = `${program}.${process.pid}`;
  const { status, stderr, error } = spawnSync(
    compiler,
    [...warnings, ...flags, ...sources, '-o', draft],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  if (status !== 0) throw new Error(`${compiler} ${driver}: ${error?.message ?? stderr}`);
  renameSync(draft, program);
  return program;
};
