import { nameOf, pathOf, walk, type Node } from '../layout/node.ts';
import type { Expectation } from './rule.ts';

/** Keys that speak of the whole destination and not of one field. */
export const generalKeys = ['format', 'device', 'driver', 'capacity', 'windows'] as const;

/**
 * What is expected of one key of one device's state. `device[0000:00:02.0/vfio].nr_ports` speaks
 * of that device alone and wins over `nr_ports`, which speaks of all.
 */
export const expected = (expect: Expectation, device: string, key: string): string | undefined => {
  const own = `device[${device}].${key}`;
  if (Object.hasOwn(expect, own)) return expect[own];
  return Object.hasOwn(expect, key) ? expect[key] : undefined;
};

export interface Expected {
  readonly field: Node;
  readonly wanted: string;
}

/** The path of a field inside its unit: the same in every record of a state. */
export const localPath = (field: Node, root: Node): string => {
  const path = pathOf(field);
  const prefix = pathOf(root);
  return prefix !== '' && path.startsWith(`${prefix}.`) ? path.slice(prefix.length + 1) : path;
};

const lastNames = new WeakMap<Expectation, ReadonlySet<string>>();

/** Names of fields that some key may speak of: a look at one costs less than the path of a field. */
const namesIn = (expect: Expectation): ReadonlySet<string> => {
  const known = lastNames.get(expect);
  if (known !== undefined) return known;
  const names = new Set(Object.keys(expect).map((key) => key.slice(key.lastIndexOf('.') + 1)));
  lastNames.set(expect, names);
  return names;
};

/** The fields of a unit that the user said something about, by path or by name. */
export function* expectedFields(
  root: Node,
  device: string,
  expect: Expectation,
): Generator<Expected> {
  const names = namesIn(expect);
  if (names.size === 0) return;
  for (const field of walk(root)) {
    if (field.children.length > 0 || !names.has(field.name)) continue;
    if (field.name.startsWith('[') || field.name === '') continue;
    const wanted =
      expected(expect, device, pathOf(field)) ??
      expected(expect, device, localPath(field, root)) ??
      expected(expect, device, field.name);
    if (wanted !== undefined) yield { field, wanted };
  }
}

/** A number as users write it: decimal, `0x…`, or with underscores; undefined when it is none. */
export const parseNumber = (text: string): bigint | undefined => {
  const plain = text.trim().replaceAll('_', '');
  return /^(?:0x[0-9a-f]+|[0-9]+)$/iu.test(plain) ? BigInt(plain) : undefined;
};

/** Whether a field holds one of the values that the user listed with `|`. */
export const meets = ({ field, wanted }: Expected): boolean =>
  wanted.split('|').some((option) => {
    const text = option.trim();
    if (typeof field.value === 'string') return field.value === text;
    if (typeof field.value !== 'bigint') return false;
    return parseNumber(text) === field.value || nameOf(field.layout, field.value) === text;
  });
