/** What the commands of the fuzzer do, with all that they load. */
export { runBisect } from './bisect.ts';
export { runCorpusDictionary, runCorpusExport, runCorpusImport } from './fuzz-corpus.ts';
export { runFuzz, runFuzzWorker } from './fuzz.ts';
export { runMinimise, runReplay } from './replay.ts';
