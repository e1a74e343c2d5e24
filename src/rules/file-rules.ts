import fileOwnerUntrusted from './file-owner-untrusted.ts';
import filePathUntrusted from './file-path-untrusted.ts';
import fileWritableByOthers from './file-writable-by-others.ts';
import type { Rule } from './rule.ts';

/** Rules over who may change the file that an input is read from. */
export const fileRules: readonly Rule[] = [
  fileOwnerUntrusted,
  filePathUntrusted,
  fileWritableByOthers,
];
