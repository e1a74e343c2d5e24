import { Session } from 'node:inspector';
import { pathToFileURL } from 'node:url';

/** Runs of a block from which on they are told apart no more; below, each class begins at one of these. */
const classes = [1, 2, 3, 4, 8, 16, 32, 128] as const;

/** The script of this thread, which is no part of what is under attack. */
const ownUrl = pathToFileURL(process.argv[1] ?? '').href;

/**
 * The coverage of a JavaScript module, by V8's precise coverage of blocks: what a harness in C learns
 * from its compiler. It costs milliseconds for each look, so it is for parsers that are large or slow.
 */
export class ModuleCoverage {
  readonly #session = new Session();
  readonly #known = new Map<string, number>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /**
   * Features of what ran since the last look, ascending: which blocks of a function were left out, and
   * each block with the class of its count. V8 names a block only where its count is not that of the
   * block around it, so that one ran shows in what was left out beside it.
   */
  take(): Uint32Array {
    const features = new Set<number>();
    // In the thread of the session the answer comes before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error;
      for (const { url, functions } of taken.result) {
        if (!url.startsWith('file:') || url === ownUrl) continue;
        for (const { ranges } of functions) {
          if (ranges[0] === undefined || ranges[0].count === 0) continue;
          let leftOut = `${url} ${ranges[0].startOffset}`;
          for (const { startOffset, endOffset, count } of ranges) {
            if (count === 0) leftOut += ` ${startOffset}`;
            else
              features.add(this.#feature(`${url} ${startOffset} ${endOffset} ${classOf(count)}`));
          }
          features.add(this.#feature(leftOut));
        }
      }
    });
    return Uint32Array.from(features).sort();
  }

  #feature(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const feature = digestOf(name);
    this.#known.set(name, feature);
    return feature;
  }
}

const classOf = (count: number): number => classes.findLastIndex((least) => count >= least);

/** FNV-1a in 32 bits: the same name gives the same feature in every process. */
const digestOf = (name: string): number => {
  let digest = 0x811c_9dc5;
  for (let at = 0; at < name.length; at += 1) {
    digest = Math.imul(digest ^ name.charCodeAt(at), 0x0100_0193);
  }
  return digest >>> 0;
};
