import type { z } from 'zod';
import { keyText, Mistake, type KeyPath } from './error.ts';

/** Checks one mapping of a format file against its schema; throws the first `Mistake`. */
export const checked = <Shape extends z.ZodType>(
  shape: Shape,
  given: unknown,
  path: KeyPath,
): z.output<Shape> => {
  const result = shape.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = 'shape' in shape ? Object.keys(shape.shape as object) : [];
    throw new Mistake(
      [...path, key],
      'there is no such key',
      known.length > 0 ? `keys here: ${known.join(', ')}` : 'see docs/format-files.md',
    );
  }
  const inner = (issue?.path ?? []).filter((step) => typeof step !== 'symbol');
  const where = [...path, ...inner];
  const missing = issue?.code === 'invalid_type' && valueAt(given, inner) === undefined;
  throw new Mistake(
    where,
    missing ? 'this key is missing' : (issue?.message ?? 'not understood'),
    `what ${keyText(where) === '' ? 'a format file' : String(where.at(-1))} takes stands in docs/format-files.md`,
  );
};

const valueAt = (given: unknown, path: KeyPath): unknown => {
  let at = given;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.entries(at).find(([key]) => key === String(step))?.[1];
  }
  return at;
};

export const isMapping = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === 'object' && given !== null && !Array.isArray(given);
