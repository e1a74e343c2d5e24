import assert from 'node:assert/strict';

import fc from 'fast-check';

import { decode, Decoder } from '../../src/layout/decode.ts';
import type { Budgets } from '../../src/layout/leaf-reader.ts';
import { encode } from '../../src/layout/encode.ts';
import { leaves, pathOf, walk, type Node } from '../../src/layout/node.ts';
import type { Layout } from '../../src/layout/types.ts';

/** Everything of a unit that may not depend on how its bytes arrived. */
export interface Shape {
  readonly name: string;
  readonly start: number;
  readonly length: number;
  readonly value: Node['value'];
  readonly faults: Node['faults'];
  readonly children: readonly Shape[];
}

const shapeOf = ({ name, start, length, value, faults, children }: Node): Shape => ({
  name,
  start,
  length,
  // A value may be a view of a larger buffer; what it holds is what counts.
  value: value instanceof Uint8Array ? Uint8Array.from(value) : value,
  faults,
  children: children.map(shapeOf),
});

export const keepAll: Partial<Budgets> = { keep: Infinity, hold: Infinity };

/** Decodes bytes that arrive in pieces of these sizes, over and over; zero-length pieces are pushed too. */
export const decodeInPieces = (
  layout: Layout,
  bytes: Uint8Array,
  sizes: readonly number[],
  budgets: Partial<Budgets> = {},
): readonly Shape[] => {
  const units: Shape[] = [];
  const decoder = new Decoder(layout, { unit: (root) => units.push(shapeOf(root)) }, budgets);
  // A piece is borrowed while it is pushed: what the decoder keeps of it must be a copy.
  const scratch = new Uint8Array(Math.max(1, ...sizes));
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at);
    scratch.set(bytes.subarray(at, at + size));
    decoder.push(scratch.subarray(0, size));
    scratch.fill(0xee);
    at += size;
  }
  decoder.end();
  return units;
};

/** Sizes of pieces, of which at least one is not zero. */
export const pieceSizes: fc.Arbitrary<readonly number[]> = fc
  .array(fc.oneof(fc.constantFrom(0, 1, 2, 3, 7, 8, 16, 24), fc.nat(4096)), {
    minLength: 1,
    maxLength: 8,
  })
  .filter((sizes) => sizes.some((size) => size > 0));

/** The leaves of the units stand one behind the other and cover the input. */
export const assertTiles = (units: readonly Node[], length: number): void => {
  let at = 0;
  for (const unit of units) {
    assert.equal(unit.start, at, `${unit.name} begins where the one before it ended`);
    for (const leaf of leaves(unit)) {
      assert.equal(leaf.start, at, `${leaf.name} begins where the one before it ended`);
      at += leaf.length;
    }
    assert.equal(unit.start + unit.length, at, `${unit.name} ends with its last leaf`);
  }
  assert.equal(at, length);
};

/** Bytes by their hex digits, which may be set apart by spaces. */
export const bytesOf = (digits: string): Uint8Array =>
  Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'));

export const digitsOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** `path code`, for every fault, in byte order; the state itself is `.`. */
export const faultsIn = (
  layout: Layout,
  digits: string,
  budgets: Partial<Budgets> = {},
): string[] => {
  const bytes = bytesOf(digits);
  const units = decode(layout, bytes, budgets);
  assertTiles(units, bytes.length);
  assert.equal(digitsOf(encode(units)), digitsOf(bytes));
  return units.flatMap((unit) =>
    [...walk(unit)].flatMap((node) =>
      node.faults.map(({ code }) => `${pathOf(node) === '' ? '.' : pathOf(node)} ${code}`),
    ),
  );
};
