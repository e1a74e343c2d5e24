import { readFileSync } from 'node:fs';

import { switches } from './catalogue.mjs';

/** What bugs.c wrote: how many executions there were, and when the condition of a bug was met first. */
export const readCanary = (file, id) => {
  const bytes = readFileSync(file);
  const word = (index) => Number(bytes.readBigUInt64LE(8 * index));
  const at = 2 + 4 * switches.indexOf(id);
  const met = word(at + 1) > 0;
  return {
    executions: word(0),
    reached: word(at) > 0,
    met: met ? { executions: word(at + 2), seconds: word(at + 3) / 1e9 } : undefined,
  };
};
