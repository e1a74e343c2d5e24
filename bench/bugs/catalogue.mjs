import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';

const here = path.dirname(fileURLToPath(import.meta.url));

/** What the drivers are called, as files of `drivers/`, folders of `corpus/` and formats. */
export const drivers = ['mtty', 'mlx5', 'qat', 'hisi-acc', 'virtio', 'xe'];

const read = (name) => parse(readFileSync(path.join(here, 'catalogue', `${name}.yaml`), 'utf8'));

export const bugs = drivers.flatMap((driver) => read(driver).map((bug) => ({ driver, ...bug })));
export const walls = read('walls');

/** Ids in the order of bugs.h, which is that of the canaries. */
export const switches = [
  ...readFileSync(path.join(here, 'bugs.h'), 'utf8').matchAll(/^\tX\(\w+, "(?<id>[^"]+)"\)/gm),
].map(({ groups }) => groups.id);

/** One number that changes with any of the sources that are compiled together. */
export const digestOf = (files, flags) => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.update(flags.join('\0')).digest('hex').slice(0, 16);
};
