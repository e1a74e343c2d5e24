import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const policyName = 'vstate-check.yaml';

/** Where a site puts what holds for the whole host. */
export const hostPolicy = join('/etc', policyName);

/**
 * The policy that an input falls under: the first `vstate-check.yaml` from the folder of the input
 * upwards, not beyond the root of a repository, or else the one in /etc. Undefined where there is none.
 */
export const policyFor = (input: string): string | undefined => {
  let folder = input === '-' ? process.cwd() : resolve(input);
  if (input !== '-' && !isFolder(folder)) folder = dirname(folder);
  for (;;) {
    const candidate = join(folder, policyName);
    if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (existsSync(join(folder, '.git')) || parent === folder) break;
    folder = parent;
  }
  return existsSync(hostPolicy) ? hostPolicy : undefined;
};

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};
