export { trialAllowance, type Allowance } from './cel.ts';
export { mostBytes, readDocument } from './document.ts';
export { FormatFileError, keyText, Mistake } from './error.ts';
export { readInvariant } from './invariant.ts';
export { checked } from './keys.ts';
export { readFormatFiles } from './load.ts';
export { namesIn } from './names.ts';
