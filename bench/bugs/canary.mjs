import { readFileSync } from 'node:fs';

import { switches } from './catalogue.mjs';

/**
 * What bugs.c wrote: how many executions there were, and when the condition of a bug was met first;
 * of a driver without a bug only the former.
 */
export const readCanary = (file, id) => {
  const bytes = readFileSync(file);
  const word = (index) => Number(bytes.readBigUInt64LE(8 * index));
  const place = switches.indexOf(id);
  if (place === -1) return { executions: word(0), reached: false, met: undefined };
  const at = 2 + 4 * place;
  const met = word(at + 1) > 0;
  return {
    executions: word(0),
    reached: word(at) > 0,
    met: met ? { executions: word(at + 2), seconds: word(at + 3) / 1e9 } : undefined,
  };
};
