/** How the destination's value must stand to the source's. */
export const relationNames = [
  'equal',
  /** Every bit, or every word of a list, that the source has. */
  'subset',
  'at-least',
  /** The destination gives MIN..MAX, and the source lies in it. */
  'within',
  /** `major.minor`: the same major, and a minor that is not smaller. */
  'same-major',
  /** Values that differ are for the destination to judge. */
  'target',
] as const;

export type Relation = (typeof relationNames)[number];
export type Related = 'meets' | 'fails' | 'target';

/**
 * Holds one value of the source against the destination's. The same text always meets: a vendor whose
 * driver does not take what it wrote itself has nothing to declare. What a relation cannot read is
 * for the destination.
 */
export const relate = (relation: Relation, source: string, destination: string): Related => {
  if (source === destination) return 'meets';
  const had = numberOf(source);
  const has = numberOf(destination);
  switch (relation) {
    case 'equal':
      return had !== undefined && had === has ? 'meets' : 'fails';
    case 'subset':
      if (had !== undefined && has !== undefined) return answer((had & ~has) === 0n);
      return answer(words(source).every((word) => words(destination).includes(word)));
    case 'at-least':
      if (had !== undefined && has !== undefined) return answer(has >= had);
      return dotted(source, destination, (from, to) => notSmaller(from, to));
    case 'within': {
      const [, least, most] = /^(.{1,40})\.\.(.{1,40})$/u.exec(destination) ?? [];
      const [min, max] = [numberOf(least ?? ''), numberOf(most ?? '')];
      if (had === undefined || min === undefined || max === undefined) {
        return had !== undefined && had === has ? 'meets' : 'target';
      }
      return answer(had >= min && had <= max);
    }
    case 'same-major':
      return dotted(
        source,
        destination,
        (from, to) => from[0] === to[0] && (to[1] ?? 0n) >= (from[1] ?? 0n),
      );
    case 'target':
      return 'target';
  }
};

const answer = (holds: boolean): Related => (holds ? 'meets' : 'fails');

/** Decimal or `0x…`, with underscores; undefined when it is none, or wider than any mask. */
const numberOf = (text: string): bigint | undefined => {
  const plain = text.replaceAll('_', '');
  return /^(?:0x[0-9a-f]{1,128}|[0-9]{1,128})$/iu.test(plain) ? BigInt(plain) : undefined;
};

const words = (text: string): readonly string[] => text.split(/[\s,]+/u).filter(Boolean);

/** Compares `2.10.1` by its numbers; texts that are none are for the destination. */
const dotted = (
  source: string,
  destination: string,
  holds: (from: readonly bigint[], to: readonly bigint[]) => boolean,
): Related => {
  const from = numbersOf(source);
  const to = numbersOf(destination);
  return from === undefined || to === undefined ? 'target' : answer(holds(from, to));
};

const numbersOf = (text: string): readonly bigint[] | undefined =>
  /^\d{1,18}(?:\.\d{1,18}){0,7}$/u.test(text) ? text.split('.').map(BigInt) : undefined;

const notSmaller = (from: readonly bigint[], to: readonly bigint[]): boolean => {
  for (let at = 0; at < Math.max(from.length, to.length); at += 1) {
    const [a, b] = [from[at] ?? 0n, to[at] ?? 0n];
    if (a !== b) return b > a;
  }
  return true;
};
