export { FormatFileError } from './error.ts';
export { readFormatFiles } from './load.ts';
