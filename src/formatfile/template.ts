import { compile, type Allowance, type Formula, type Names, type Variables } from './cel.ts';
import { Mistake, type KeyPath } from './error.ts';

/** A message with formulas in braces: `count is {count}, but {size(entries)} are there`. */
export type Template = (variables: Variables, allowance: Allowance) => string;

const MOST_FORMULAS = 16;
/** Characters of one value that a message shows. */
const SHOWN = 64;

export const compileTemplate = (
  text: string,
  names: Names,
  path: KeyPath,
  trial?: Allowance,
): Template => {
  const parts: (string | Formula)[] = [];
  const pieces = text.split(/[{}]/u);
  if (pieces.length > 2 * MOST_FORMULAS + 1 || pieces.length % 2 === 0) {
    throw new Mistake(path, 'braces do not pair up', 'write {formula} for a value');
  }
  for (const [index, piece] of pieces.entries()) {
    parts.push(index % 2 === 0 ? piece : compile(piece, names, path, trial));
  }
  return (variables, allowance) =>
    parts
      .map((part) => (typeof part === 'string' ? part : shown(part, variables, allowance)))
      .join('');
};

const shown = (formula: Formula, variables: Variables, allowance: Allowance): string => {
  const outcome = formula.evaluate(variables, allowance);
  if (outcome.kind !== 'value') return '?';
  const { value } = outcome;
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.slice(0, SHOWN) : '?';
};
