/** Our own decoder and rules as a restore path, for `scripts/fuzz-self.mjs`: sound states are taken. */
import { check, memorySource } from '../dist/index.js';

export const restore = async (bytes) => {
  const { findings } = await check(memorySource('state', bytes));
  return findings.every(({ severity }) => severity !== 'high' && severity !== 'critical');
};
