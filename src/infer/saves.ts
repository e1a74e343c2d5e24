/** One save of the unknown device, as far as it is looked at. */
export interface Save {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type Order = 'le' | 'be';

/** A number at one offset of every save. */
export interface Slot {
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly order: Order;
}

/** The number at a slot; undefined where the bytes end before. */
export const numberAt = (bytes: Uint8Array, { offset, size, order }: Slot): bigint | undefined => {
  if (offset + size > bytes.length) return undefined;
  let value = 0n;
  for (let index = 0; index < size; index += 1) {
    const at = order === 'be' ? offset + index : offset + size - 1 - index;
    value = (value << 8n) | BigInt(bytes[at] ?? 0);
  }
  return value;
};

/** Slots of naturally aligned numbers up to an offset, the widest of each place first. */
export function* slots(end: number): Generator<Slot> {
  for (const size of [8, 4, 2, 1] as const) {
    for (let offset = 0; offset + size <= end; offset += size) {
      yield { offset, size, order: 'le' };
      if (size > 1) yield { offset, size, order: 'be' };
    }
  }
}

export const typeOf = ({ size, order }: Slot): string =>
  size === 1 ? 'u8' : `${order}${size * 8}`;

/** How many leading bytes all of some stretches share. */
export const sharedPrefix = (stretches: readonly Uint8Array[]): number => {
  const [first, ...others] = stretches;
  if (first === undefined) return 0;
  let length = 0;
  while (length < first.length && others.every((one) => one[length] === first[length])) length += 1;
  return length;
};

/** The byte of each column that is the same in all stretches; undefined where it differs. */
export const constants = (
  stretches: readonly Uint8Array[],
  length: number,
): readonly (number | undefined)[] =>
  Array.from({ length }, (_, at) => {
    const byte = stretches[0]?.[at];
    return stretches.every((one) => one[at] === byte) ? byte : undefined;
  });

/** Bits for each byte, to one decimal: 0 for one value, 8 for noise. */
export const entropyOf = (bytes: Uint8Array): number => {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  let bits = 0;
  for (const count of counts) {
    if (count > 0) bits -= (count / bytes.length) * Math.log2(count / bytes.length);
  }
  return Math.round(Math.max(bits, 0) * 10) / 10;
};
