import { MOST_JUDGED } from './lab.ts';
import type { Novel, Parent, Report, Update, Wall } from './work.ts';

/** A plan that showed something new, and what speaks for drawing it. */
export interface CorpusEntry {
  readonly number: number;
  readonly parent: Parent;
  readonly file: string;
  /** Coverage features that it was the first to show. */
  readonly features: number;
  /** Bytes of its state. */
  readonly size: number;
  /** How often it was drawn. */
  readonly drawn: number;
}

/** Limits of what a campaign remembers; all of it together stays below some 100 MB. */
const MOST_FEATURES = 1 << 20;
const MOST_SIGNATURES = 1 << 16;
export const MOST_ENTRIES = 4096;

/**
 * What a campaign has learnt. Reports are merged in the order of their batches, so it does not depend
 * on which worker was quick; what is new since the last round goes to every worker.
 */
export class Memory {
  readonly #features = new Set<number>();
  /** How often each signature was seen; those seen once say how much there is yet to see. */
  readonly #signatures = new Map<number, number>();
  readonly #judged = new Set<number>();
  readonly #entries: CorpusEntry[] = [];
  readonly #walls: Wall[] = [];
  #added: Added = nothingAdded();
  /** Entries that the workers have been told of. */
  #told = 0;
  #executions = 0;
  /** Executions at which the last entries with new features came, newest last. */
  readonly #finds: number[] = [];

  get entries(): readonly CorpusEntry[] {
    return this.#entries;
  }

  get features(): number {
    return this.#features.size;
  }

  get signatures(): number {
    return this.#signatures.size;
  }

  get executions(): number {
    return this.#executions;
  }

  /** Merges one report; gives what it showed that none before it did. */
  merge(report: Report): readonly { readonly novel: Novel; readonly features: number }[] {
    this.#executions += report.executions;
    const fresh = report.novel.flatMap((novel) => {
      const before = this.#features.size;
      for (const feature of novel.features) this.#feature(feature);
      const features = this.#features.size - before;
      const unseen = !this.#signatures.has(novel.signature);
      if (unseen) this.#signature(novel.signature, 0);
      if (features > 0) this.#finds.push(this.#executions);
      return features > 0 || unseen ? [{ novel, features }] : [];
    });
    if (this.#finds.length > 1024) this.#finds.splice(0, 512);
    for (const [signature, count] of report.signatures) this.#signature(signature, count);
    for (const key of report.judged) {
      if (this.#judged.size >= MOST_JUDGED || this.#judged.has(key)) continue;
      this.#judged.add(key);
      this.#added.judged.push(key);
    }
    for (const place of report.drawn) {
      const entry = this.#entries[place];
      if (entry !== undefined) this.#entries[place] = { ...entry, drawn: entry.drawn + 1 };
    }
    return fresh;
  }

  add(entry: CorpusEntry): void {
    if (this.#entries.length >= MOST_ENTRIES) return;
    this.#entries.push(entry);
    this.#added.entries.push(entry.parent);
  }

  addWall(wall: Wall): void {
    this.#added.walls.push(wall);
  }

  /** What is new since the last call, for the workers. */
  update(): Update {
    const added = this.#added;
    this.#added = nothingAdded();
    this.#walls.push(...added.walls);
    this.#told = this.#entries.length;
    return this.#updateOf(added);
  }

  /** Everything that `update` has given so far, for a worker that begins now, and no more: the rest comes. */
  everything(): Update {
    return this.#updateOf({
      entries: this.#entries.slice(0, this.#told).map(({ parent }) => parent),
      features: [...this.#features],
      signatures: [...this.#signatures.keys()],
      judged: [...this.#judged],
      walls: this.#walls,
    });
  }

  #updateOf({ entries, features, signatures, judged, walls }: Added): Update {
    return {
      entries,
      weights: Float64Array.from(this.#entries.slice(0, this.#told), weightOf),
      features: Uint32Array.from(features),
      signatures: Uint32Array.from(signatures),
      judged: Uint32Array.from(judged),
      walls,
    };
  }

  /**
   * The chance that one more execution shows something new: the share of signatures seen once (Good
   * and Turing), or the rate at which coverage grew over the last half of the campaign, if larger.
   */
  chanceOfNew(): number {
    const total = this.#executions;
    if (total === 0) return 1;
    let once = 0;
    for (const count of this.#signatures.values()) if (count === 1) once += 1;
    const half = total / 2;
    const late = this.#finds.filter((at) => at > half).length;
    return Math.min(1, Math.max(once / total, late / half, 1 / (total + 2)));
  }

  /** Everything, as plain data for `state.json`. */
  saved(): SavedMemory {
    return {
      executions: this.#executions,
      features: packed(this.#features),
      signatures: packed(this.#signatures.keys()),
      counts: packed(this.#signatures.values()),
      judged: packed(this.#judged),
      finds: [...this.#finds],
      entries: this.#entries,
    };
  }

  /** Takes up what was saved; all of it is news to the workers. */
  restore(saved: SavedMemory): void {
    this.#executions = saved.executions;
    for (const feature of unpacked(saved.features)) this.#feature(feature);
    const counts = unpacked(saved.counts);
    for (const [at, signature] of unpacked(saved.signatures).entries()) {
      this.#signature(signature, counts[at] ?? 1);
    }
    for (const key of unpacked(saved.judged)) {
      this.#judged.add(key);
      this.#added.judged.push(key);
    }
    this.#finds.push(...saved.finds);
    for (const entry of saved.entries) this.add(entry);
  }

  #feature(feature: number): void {
    if (this.#features.size >= MOST_FEATURES || this.#features.has(feature)) return;
    this.#features.add(feature);
    this.#added.features.push(feature);
  }

  #signature(signature: number, count: number): void {
    const before = this.#signatures.get(signature);
    if (before === undefined) {
      if (this.#signatures.size >= MOST_SIGNATURES) return;
      this.#added.signatures.push(signature);
    }
    this.#signatures.set(signature, (before ?? 0) + count);
  }
}

export interface SavedMemory {
  readonly executions: number;
  /** Numbers of 32 bits in base64. */
  readonly features: string;
  readonly signatures: string;
  readonly counts: string;
  readonly judged: string;
  readonly finds: readonly number[];
  readonly entries: readonly CorpusEntry[];
}

interface Added {
  readonly entries: Parent[];
  readonly features: number[];
  readonly signatures: number[];
  readonly judged: number[];
  readonly walls: Wall[];
}

const nothingAdded = (): Added => ({
  entries: [],
  features: [],
  signatures: [],
  judged: [],
  walls: [],
});

/**
 * How often an entry is drawn: more for much that was new and for being small, less for each time that
 * it was drawn before. One that only answered in a new way counts half of one that reached new code.
 * Its cost is its size and its writes and not the time it took: a clock would draw others in every
 * run. What costs as much as many small ones is drawn less, so that a campaign does not become slower
 * the more of it there is.
 */
const weightOf = ({ features, size, drawn, parent }: CorpusEntry): number => {
  const news = features === 0 ? 0.5 : 1 + Math.log2(1 + features);
  const { cuts } = parent.plan.session;
  const writes = cuts.kind === 'every' ? size / Math.max(cuts.size, 1) : 1;
  const cost = size + WRITE * writes;
  return news / Math.log2(64 + size) / Math.sqrt((1 + cost / DEAR) * (1 + drawn / 64));
};

/** Bytes that a target takes as long for as for one write more. */
const WRITE = 64;
/** Bytes from which on an entry counts as dear. */
const DEAR = 4096;

const packed = (numbers: Iterable<number>): string => {
  const words = Uint32Array.from(numbers);
  return Buffer.from(words.buffer).toString('base64');
};

const unpacked = (text: string): Uint32Array => {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
};
