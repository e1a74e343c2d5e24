import type { Comparison } from '../targets/target.ts';
import type { Edit } from './plan.ts';
import type { Random } from './random.ts';
import type { Part, Skeleton } from './skeleton.ts';

/** What a target has told that may be worth writing into a state. */
export interface Hints {
  /** Strings and numbers of the layout and the target. */
  readonly dictionary: readonly Uint8Array[];
  /** Operands of comparisons that failed while the parent ran. */
  readonly operands: readonly Comparison[];
}

/**
 * An edit that a target asked for: of two operands that it compared, one stands in the state, and is
 * replaced by the other; or a word of the dictionary is put where a field or a payload begins.
 */
export const guidedEdit = (random: Random, skeleton: Skeleton, hints: Hints): Edit | undefined => {
  const { operands, dictionary } = hints;
  const drawn = random.below(operands.length + dictionary.length);
  const operand = operands[drawn];
  if (operand !== undefined) return towards(random, skeleton, operand);
  const word = dictionary[drawn - operands.length];
  const part = random.pick(skeleton.parts);
  if (word === undefined || part === undefined) return undefined;
  if (part.length === word.length && part.children.length === 0) {
    return { kind: 'bytes', field: part.path, bytes: word };
  }
  const drop = random.oneIn(4) ? 0 : word.length;
  return { kind: 'raw', at: part.start, drop, put: word };
};

const byValue = new WeakMap<Skeleton, ReadonlyMap<bigint, readonly Part[]>>();

/** Number fields by their value. */
const fieldsWith = (skeleton: Skeleton, value: bigint): readonly Part[] => {
  let known = byValue.get(skeleton);
  if (known === undefined) {
    const map = new Map<bigint, Part[]>();
    for (const part of skeleton.parts) {
      if (typeof part.value !== 'bigint') continue;
      const same = map.get(part.value);
      if (same === undefined) map.set(part.value, [part]);
      else same.push(part);
    }
    known = map;
    byValue.set(skeleton, known);
  }
  return known.get(value) ?? [];
};

/** One operand in the state becomes the other, or one more or less. */
const towards = (
  random: Random,
  skeleton: Skeleton,
  { bytes, left, right }: Comparison,
): Edit | undefined => {
  const [seen, wanted] = random.oneIn(2) ? [left, right] : [right, left];
  const near = random.oneIn(2) ? wanted : wanted + (random.oneIn(2) ? 1n : -1n);
  const field = random.pick(fieldsWith(skeleton, seen)) ?? numberOfSize(random, skeleton, bytes);
  if (field?.value === seen) {
    return { kind: 'set', field: field.path, value: BigInt.asUintN(field.length * 8, near) };
  }
  const little = random.oneIn(4) ? false : true;
  const at = Buffer.from(
    skeleton.bytes.buffer,
    skeleton.bytes.byteOffset,
    skeleton.bytes.byteLength,
  ).indexOf(bytesOfNumber(seen, bytes, little));
  if (at >= 0) return { kind: 'raw', at, drop: bytes, put: bytesOfNumber(near, bytes, little) };
  if (field === undefined) return undefined;
  return { kind: 'set', field: field.path, value: BigInt.asUintN(field.length * 8, near) };
};

/** Any number as wide as the comparison: the operand may be computed from it. */
const numberOfSize = (random: Random, { parts }: Skeleton, bytes: number): Part | undefined => {
  for (let turn = 0; turn < 8; turn += 1) {
    const part = random.pick(parts);
    if (part?.length === bytes && typeof part.value === 'bigint') return part;
  }
  return undefined;
};

const bytesOfNumber = (value: bigint, size: number, little: boolean): Uint8Array => {
  const raw = new Uint8Array(size);
  for (let index = 0; index < size; index += 1) {
    const place = little ? index : size - 1 - index;
    raw[place] = Number((value >> BigInt(8 * index)) & 0xffn);
  }
  return raw;
};
