import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { functions } from './cel-functions.ts';
import { Mistake, type KeyPath } from './error.ts';

/** Steps of one evaluation: one a node that is evaluated, and one an element of a list it gives. */
const MOST_STEPS = 100_000;
/** What a formula that does not loop takes at least, whatever is in it. */
const STEPS_OF_CALL = 4;
/** Steps for trying all formulas of one file without any field at hand. */
const MOST_STEPS_OF_TRIAL = 50_000;
/** Comprehensions within comprehensions. */
const MOST_LOOPS = 3;

/** What the library refuses while it parses, so that no formula is deep or long. */
const limits = {
  maxAstNodes: 400,
  maxDepth: 24,
  maxListElements: 64,
  maxMapEntries: 16,
  maxCallArguments: 4,
};

const loops = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** Functions of the library that a formula may call: none takes a pattern, a date or a text to parse. */
const allowed = new Set([
  ...loops,
  ...['has', 'size', 'int', 'string', 'startsWith', 'endsWith', 'contains', 'at'],
  ...functions.map(({ name }) => name),
]);

/** Words that mean a type wherever they stand alone. */
const types = new Set(
  'string bool int uint double map list bytes null_type type google cel'.split(' '),
);

/** What a formula gave. `missing`: a field that it reads is not there, which another rule judges. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Values by name; without a prototype, so that no name is there that nobody put there. */
export type Variables = Readonly<Record<string, unknown>>;

/** What a formula may name. */
export interface Names {
  readonly variables: ReadonlySet<string>;
  readonly fields: ReadonlySet<string>;
}

/** Steps that are left to several formulas together. */
export interface Allowance {
  left: number;
}

/** For the formulas of one file, while it is read. */
export const trialAllowance = (): Allowance => ({ left: MOST_STEPS_OF_TRIAL });

export interface Formula {
  evaluate(variables: Variables, allowance: Allowance): Outcome;
}

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: true,
  enableOptionalTypes: false,
  limits,
});
for (const { signature, handler } of functions) {
  environment.registerFunction(signature, handler, { async: false });
}

class OutOfSteps extends Error {}
const outOfSteps = new OutOfSteps(`more than ${MOST_STEPS} steps`);

/** Steps left of the evaluation that runs; evaluations do not overlap. */
let left = 0;

const spend = (steps: number): void => {
  left -= steps;
  if (left < 0) throw outOfSteps;
};

/** Compiles a formula of a format file. Throws `Mistake` when it is wrong, or would not end. */
export const compile = (
  text: string,
  names: Names,
  path: KeyPath,
  trial: Allowance = trialAllowance(),
): Formula => {
  const hint = 'formulas are CEL; docs/format-files.md lists what they may use';
  let parsed: ParseResult;
  try {
    parsed = environment.parse(text);
  } catch (error) {
    throw new Mistake(path, summaryOf(error), hint);
  }
  refuseForbidden(parsed.ast, names, path);
  const { valid, error } = parsed.check();
  if (!valid) throw new Mistake(path, summaryOf(error), hint);
  meter(parsed.ast);
  const formula = { evaluate: (variables: Variables, of: Allowance) => run(parsed, variables, of) };
  // Without any field at hand, only loops over the formula's own lists can run: they must end.
  const outcome = formula.evaluate(Object.freeze(Object.create(null) as Variables), trial);
  if (outcome.kind === 'failed' && outcome.reason === outOfSteps.message) {
    throw new Mistake(
      path,
      `the formulas up to here take more than ${MOST_STEPS_OF_TRIAL} steps before any field is read`,
      'loop over fewer elements',
    );
  }
  return formula;
};

const run = (parsed: ParseResult, variables: Variables, of: Allowance): Outcome => {
  const given = Math.min(MOST_STEPS, of.left);
  left = given - STEPS_OF_CALL;
  try {
    const value: unknown = parsed(variables);
    // A loop that swallowed the error of its last step still has to say that it is not done.
    return left < 0 ? failed(outOfSteps) : { kind: 'value', value };
  } catch (error) {
    if (left < 0) return failed(outOfSteps);
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
    if (absent.has(String(code))) return { kind: 'missing' };
    return failed(error);
  } finally {
    of.left -= given - Math.max(left, 0);
  }
};

/** What the library says when a field or an element is not there. */
const absent = new Set(['no_such_key', 'unknown_variable', 'index_out_of_bounds']);

const failed = (error: unknown): Outcome => ({ kind: 'failed', reason: summaryOf(error) });

const summaryOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return 'not a formula';
  if ('summary' in error && typeof error.summary === 'string') return error.summary;
  const [line = 'not a formula'] = error instanceof Error ? error.message.split('\n') : [];
  return line;
};

/** A node of a parsed formula, as far as this file needs it. */
interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
  setMeta(key: string, value: unknown): unknown;
}

const isNode = (value: unknown): value is CelNode =>
  typeof value === 'object' &&
  value !== null &&
  'op' in value &&
  'args' in value &&
  'meta' in value &&
  'setMeta' in value &&
  typeof value.setMeta === 'function';

/** Names that nothing has and functions that are not for here; loops that stand too deep. */
const refuseForbidden = (
  node: unknown,
  names: Names,
  path: KeyPath,
  bound: readonly string[] = [],
  depth = 0,
): void => {
  if (Array.isArray(node)) {
    for (const inner of node) refuseForbidden(inner, names, path, bound, depth);
    return;
  }
  if (!isNode(node)) return;
  const { op, args } = node;
  if (op === 'id' && typeof args === 'string') {
    if (types.has(args)) {
      throw new Mistake(path, `${args} names a type of CEL`, `write self.${args} for a field`);
    }
    if (!bound.includes(args) && !names.variables.has(args)) throw unknownName(args, names, path);
  } else if ((op === '.' || op === '[]') && Array.isArray(args)) {
    const [of, field] = args as readonly unknown[];
    refuseForbidden(of, names, path, bound, depth);
    if (op === '[]') refuseForbidden(field, names, path, bound, depth);
    else if (!names.fields.has(String(field))) throw unknownName(String(field), names, path);
  } else if (op === 'call' || op === 'rcall') {
    const [name, ...rest] = Array.isArray(args) ? (args as readonly unknown[]) : [];
    if (typeof name !== 'string' || !allowed.has(name)) {
      throw new Mistake(path, `there is no function ${String(name)}`, `known: ${known(allowed)}`);
    }
    if (op === 'rcall' && loops.has(name)) {
      if (depth >= MOST_LOOPS) {
        throw new Mistake(path, 'loops stand too deep', `at most ${MOST_LOOPS} within each other`);
      }
      const [receiver, [variable, ...steps]] = rest as [unknown, readonly unknown[]];
      refuseForbidden(receiver, names, path, bound, depth);
      const own = isNode(variable) && typeof variable.args === 'string' ? [variable.args] : [];
      refuseForbidden(steps, names, path, [...bound, ...own], depth + 1);
      return;
    }
    refuseForbidden(rest, names, path, bound, depth);
  } else {
    refuseForbidden(args, names, path, bound, depth);
  }
};

const known = (names: ReadonlySet<string>): string => [...names].slice(0, 24).join(', ');

const unknownName = (name: string, { variables }: Names, path: KeyPath): Mistake =>
  new Mistake(path, `there is no field or constant ${name}`, `known: ${known(variables)}`);

/** Makes every node of a formula pay for being evaluated, and for the size of what it gives. */
const meter = (node: unknown, seen = new Set<unknown>()): void => {
  if (typeof node !== 'object' || node === null || seen.has(node)) return;
  seen.add(node);
  if (!isNode(node)) {
    for (const inner of Object.values(node)) meter(inner, seen);
    return;
  }
  const evaluate = node.meta.evaluate;
  if (typeof evaluate !== 'function') throw new Error(`a node ${node.op} cannot be metered`);
  node.setMeta('evaluate', (...given: readonly unknown[]): unknown => {
    spend(1);
    const value: unknown = Reflect.apply(evaluate, undefined, given);
    if (typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array) {
      spend(value.length);
    }
    return value;
  });
  meter(node.args, seen);
  meter(node.meta.alternate, seen);
  meter(node.meta.macro, seen);
};
