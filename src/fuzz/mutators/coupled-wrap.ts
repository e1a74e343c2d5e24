import type { Edit } from '../plan.ts';
import { elementsOf, type Part } from '../skeleton.ts';
import { numberOf, type Mutator, type NumberPart, type Proposal } from './mutator.ts';

/** Values that are wrong only together: offset plus size that wrap, a count and a length that agree. */
export const coupledWrap: Mutator = {
  id: 'coupled-wrap',
  propose: (part) => {
    const numbers = part.children.flatMap((child) => numberOf(child) ?? []);
    if (numbers.length === 0) return [];
    const lengths = numbers.filter(({ part: { measures } }) =>
      measures.some(({ kind }) => kind === 'length'),
    );
    return [
      ...numbers.flatMap((number) => offsetWraps(number, numbers)),
      ...lengths.flatMap((length) => countAgrees(length, numbers)),
      ...lengths.flatMap(nestedLies),
    ];
  },
};

const set = ({ part }: NumberPart, value: bigint): Edit => ({
  kind: 'set',
  field: part.path,
  value,
});

/** `offset + length` past the type, with a length that is small, or as it is. */
const offsetWraps = (length: NumberPart, numbers: readonly NumberPart[]): readonly Proposal[] => {
  const link = length.part.measures.find(({ kind }) => kind === 'length');
  if (link === undefined) return [];
  return numbers.flatMap((offset): readonly Proposal[] => {
    if (offset === length || offset.bits < 32 || !placesSomething(offset, link.target)) return [];
    const limit = 1n << BigInt(offset.bits);
    const steps = [1n, 8n, 0x1000n];
    return [
      ...[0n, 1n, 8n].map((over) => [set(offset, limit - length.value + over)]),
      ...steps.map((back) => [set(offset, limit - back), set(length, back)]),
      ...steps.map((back) => [set(offset, limit - back), set(length, back + 8n)]),
      [set(offset, 8n), set(length, (1n << BigInt(length.bits)) - 8n)],
    ];
  });
};

/** An offset of the same part, or a number that nothing explains and so may be one. */
const placesSomething = ({ part }: NumberPart, target: Part): boolean => {
  const offset = part.measures.find(({ kind }) => kind === 'offset');
  if (offset !== undefined) return offset.target === target;
  return part.layout !== 'gap' && (part.layout.roles ?? []).length === 0;
};

/** Count and length of one part tell the same lie. */
const countAgrees = (length: NumberPart, numbers: readonly NumberPart[]): readonly Proposal[] => {
  const link = length.part.measures.find(({ kind }) => kind === 'length');
  return numbers.flatMap((count): readonly Proposal[] => {
    const counted = count.part.measures.find(({ kind }) => kind === 'count');
    if (link === undefined || counted?.target !== link.target) return [];
    const element = BigInt(elementsOf(link.target)[0]?.length ?? 1);
    const limit = 1n << BigInt(length.bits);
    return [
      [set(count, count.value + 1n), set(length, length.value + element)],
      [set(count, count.value + 2n), set(length, length.value + 2n * element)],
      [set(count, 1n), set(length, limit - 1n)],
      [set(count, 0n), set(length, 0n)],
      [set(count, (1n << BigInt(count.bits)) - 1n), set(length, limit - 1n)],
    ];
  });
};

/** A length that lies, and each length around it that covers up for it. */
const nestedLies = (length: NumberPart): readonly Proposal[] => {
  const link = length.part.measures.find(({ kind }) => kind === 'length');
  const around: NumberPart[] = [];
  for (let at = link?.target.parent; at !== undefined; at = at.parent) {
    for (const outer of at.measuredBy) {
      const number = outer.kind === 'length' ? numberOf(outer.field) : undefined;
      if (number !== undefined && !around.includes(number)) around.push(number);
    }
  }
  if (around.length === 0) return [];
  return [1n, 8n, -1n, 0x1000n].map((more) =>
    [length, ...around].map((number) =>
      set(number, BigInt.asUintN(number.bits, number.value + more)),
    ),
  );
};
