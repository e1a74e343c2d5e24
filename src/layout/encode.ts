import { leaves, type Node } from './node.ts';

/**
 * The bytes that a tree stands for: the inverse of decoding, for sound and damaged input alike.
 * Throws when a leaf's bytes were too large to keep; decode with `keep: Infinity` to encode.
 */
export const encode = (units: readonly Node[]): Uint8Array => {
  const length = units.reduce((sum, unit) => sum + unit.length, 0);
  const out = new Uint8Array(length);
  let at = 0;
  for (const unit of units) {
    for (const leaf of leaves(unit)) {
      writeLeaf(out, at, leaf);
      at += leaf.length;
    }
  }
  return out;
};

const writeLeaf = (out: Uint8Array, at: number, leaf: Node): void => {
  const { value, layout, length } = leaf;
  if (typeof value === 'bigint') {
    const little = layout !== 'gap' && layout.kind === 'uint' && layout.little;
    writeUint(out, at, length, value, little);
  } else if (typeof value === 'string') {
    for (let index = 0; index < value.length; index += 1) out[at + index] = value.charCodeAt(index);
  } else if (value !== undefined) {
    out.set(value, at);
  } else if (length > 0) {
    throw new Error(`the ${length} bytes of ${leaf.name} were not kept`);
  }
};

/** Writes the low `size` bytes of a number; higher bits are dropped. */
export const writeUint = (
  out: Uint8Array,
  at: number,
  size: number,
  value: bigint,
  little: boolean,
): void => {
  let rest = BigInt.asUintN(size * 8, value);
  for (let index = 0; index < size; index += 1) {
    out[little ? at + index : at + size - 1 - index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
};
