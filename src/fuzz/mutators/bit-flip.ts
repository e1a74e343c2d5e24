import { numberOf, setTo, type Mutator } from './mutator.ts';

/** Flags, masks and what must be zero: each bit that has a name, some that have none, all. */
export const bitFlip: Mutator = {
  id: 'bit-flip',
  propose: (part) => {
    const number = numberOf(part);
    if (number === undefined || part.layout === 'gap' || part.layout.kind !== 'uint') return [];
    const { flags, roles = [], hex } = part.layout;
    const quiet = roles.some(({ is }) => is === 'reserved' || is === 'padding');
    const compared = roles.some(({ is }) => is === 'compatibility' || is === 'identity');
    if (flags === undefined && !quiet && !compared && hex !== true) return [];
    const { bits, value } = number;
    const all = (1n << BigInt(bits)) - 1n;
    const named = Object.values(flags ?? {});
    const places = new Set([...named, 0, 1, 2, 4, 7, bits / 2, bits - 2, bits - 1]);
    const flips = [...places].map((place) => value ^ (1n << BigInt(place)));
    const lowestClear = value | (value + 1n);
    const lowestSet = value & (value - 1n);
    return setTo(number, [...flips, lowestClear, lowestSet, 0n, all, all ^ value, all ^ 1n]);
  },
};
