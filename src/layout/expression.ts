import { inScope, nameOf, type Node } from './node.ts';
import type { Condition, Expr } from './types.ts';

/** The number that an expression stands for at this place; undefined when a field of it is missing. */
export const evaluate = (expr: Expr, scope: Node): bigint | undefined => {
  if (typeof expr === 'number') return BigInt(expr);
  const { field, times = 1, plus = 0 } = typeof expr === 'string' ? { field: expr } : expr;
  const value = inScope(scope, field)?.value;
  if (typeof value !== 'bigint') return undefined;
  const result = value * BigInt(times) + BigInt(plus);
  return result < 0n ? 0n : result;
};

/** The field that an expression reads, where it reads one. */
export const fieldOf = (expr: Expr): string | undefined =>
  typeof expr === 'number' ? undefined : typeof expr === 'string' ? expr : expr.field;

/** The key under which a choice looks for its case: the field's name for its value, or the number. */
export const choiceKey = (scope: Node, by: string): string | undefined => {
  const node = inScope(scope, by);
  if (typeof node?.value === 'string') return node.value;
  if (typeof node?.value !== 'bigint') return undefined;
  return nameOf(node.layout, node.value) ?? node.value.toString();
};

/** Whether a condition over earlier fields holds; `remaining` is for the decoder to answer. */
export const holds = (
  condition: Exclude<Condition, { remaining: number }>,
  scope: Node,
): boolean => {
  const node = inScope(scope, condition.field);
  const value = node?.value;
  if (node === undefined || typeof value !== 'bigint') return false;
  if ('is' in condition) {
    const name = nameOf(node.layout, value);
    return condition.is.some((wanted) => wanted === value || wanted === name);
  }
  if ('atLeast' in condition) return value >= condition.atLeast;
  return ((value >> BigInt(condition.bit)) & 1n) === 1n;
};
