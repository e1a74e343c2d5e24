import type { Breach, Invariant } from '../formats/format.ts';
import type { Draft } from '../layout/draft.ts';
import { child, type Node } from '../layout/node.ts';
import { compile, type Allowance, type Formula, type Names, type Variables } from './cel.ts';
import { readDraft } from './draft.ts';
import { Mistake, type KeyPath } from './error.ts';
import { checked, isMapping } from './keys.ts';
import { runOver } from './run.ts';
import { selected, type Scope } from './scope.ts';
import { invariantShapes } from './shapes.ts';
import { compileTemplate } from './template.ts';

export interface InvariantContext {
  /** Id of the format; ids of its rules begin with it. */
  readonly format: string;
  readonly source: string;
  readonly names: Names;
  /** Constants of the file, and names of values that mean one thing. */
  readonly constants: Variables;
  /** The built-in invariant of an id, for files that name one. */
  readonly builtin: (id: string) => Invariant | undefined;
  /** Steps for trying the formulas of the file; all its invariants share them. */
  readonly trial: Allowance;
}

/** An invariant of a format file. Throws `Mistake`. */
export const readInvariant = (
  given: unknown,
  path: KeyPath,
  context: InvariantContext,
): Invariant => {
  if (!isMapping(given)) {
    throw new Mistake(path, 'an invariant is a mapping', 'with id, title, severity, threat, holds');
  }
  if ('builtin' in given) {
    const { builtin: id } = checked(invariantShapes.builtin, given, path);
    const known = context.builtin(id);
    if (known !== undefined) return known;
    throw new Mistake(
      [...path, 'builtin'],
      `there is no built-in invariant ${id}`,
      'see: vstate-check rules',
    );
  }
  return 'at-end' in given ? ofState(given, path, context) : ofUnit(given, path, context);
};

const readAbout = (
  read: {
    readonly id: string;
    readonly title: string;
    readonly severity: Invariant['severity'];
    readonly confidence?: Invariant['confidence'] | undefined;
    readonly threat: readonly Invariant['threats'][number][];
    readonly cwe: string;
    readonly rationale: string;
    readonly advice?: string | undefined;
    readonly sources?: readonly string[] | undefined;
    readonly examples?:
      { readonly good: readonly unknown[]; readonly bad: readonly unknown[] } | undefined;
  },
  path: KeyPath,
  { format, source }: InvariantContext,
): Omit<Invariant, 'watch'> => {
  const [threat = 'corruption', ...threats] = read.threat;
  // Read now: a mistake in them is one of the file.
  const drafts = (kind: 'good' | 'bad'): readonly Draft[] =>
    (read.examples?.[kind] ?? []).map((draft, index) =>
      readDraft(draft, [...path, 'examples', kind, index]),
    );
  const examples = { good: drafts('good'), bad: drafts('bad') };
  return {
    id: read.id.startsWith(`${format}-`) ? read.id : `${format}-${read.id}`,
    title: read.title,
    severity: read.severity,
    ...(read.confidence === undefined ? {} : { confidence: read.confidence }),
    threats: [threat, ...threats],
    cwe: read.cwe,
    rationale: read.rationale,
    advice: read.advice ?? 'Refuse a state in which this does not hold.',
    sources: read.sources ?? [source],
    examples: () => examples,
  };
};

/** Judged at each unit, or at each of some fields of it. */
const ofUnit = (given: unknown, path: KeyPath, context: InvariantContext): Invariant => {
  const read = checked(invariantShapes.holds, given, path);
  const about = readAbout(read, path, context);
  const guard =
    read.if === undefined
      ? undefined
      : compile(read.if, context.names, [...path, 'if'], context.trial);
  const holds = compile(read.holds, context.names, [...path, 'holds'], context.trial);
  const { names, trial } = context;
  const message = compileTemplate(read.message, names, [...path, 'message'], trial);
  const expected = optionalTemplate(read.expected, names, [...path, 'expected'], trial);
  const judge = function* (
    node: Node,
    root: Node,
    scope: Scope,
    steps: Allowance,
  ): Generator<Breach> {
    const variables = scope.variables(node, root, context.constants);
    const applies = guard === undefined ? true : verdictOf(guard, variables, steps);
    if (applies === false || applies === undefined) return;
    const verdict = applies === true ? verdictOf(holds, variables, steps) : applies;
    if (verdict === true || verdict === undefined || steps.left <= 0) return;
    const against = read.against === undefined ? undefined : child(node, read.against);
    const place = {
      field: (read.at === undefined ? undefined : child(node, read.at)) ?? node,
      ...(against === undefined ? {} : { against }),
    };
    if (typeof verdict === 'string') yield { ...place, message: `cannot be judged: ${verdict}` };
    else {
      yield {
        ...place,
        message: message(variables, steps),
        ...(expected === undefined ? {} : { expected: expected(variables, steps) }),
      };
    }
  };
  return {
    ...about,
    watch: (input) => {
      const run = runOver(input);
      let stopped = false;
      return {
        *unit(root) {
          const scope = run.scopeOf(root);
          if (stopped) return;
          const nodes = read.each === undefined ? [root] : selected(root, read.each, run);
          for (const node of nodes) {
            if (run.spent() === undefined) yield* judge(node, root, scope, run);
          }
          const spent = run.spent();
          if (spent === undefined) return;
          stopped = true;
          yield unjudged(spent, root);
        },
      };
    },
  };
};

/** Judged once, when the state has ended; `counted` is the number of units that `count` holds for. */
const ofState = (given: unknown, path: KeyPath, context: InvariantContext): Invariant => {
  const read = checked(invariantShapes['at-end'], given, path);
  const about = readAbout(read, path, context);
  const facts = new Set(['length', 'units', 'counted', ...Object.keys(context.constants)]);
  const names = { variables: facts, fields: new Set<string>() };
  const { trial } = context;
  const holds = compile(read['at-end'], names, [...path, 'at-end'], trial);
  const count =
    read.count === undefined
      ? undefined
      : compile(read.count, context.names, [...path, 'count'], trial);
  const message = compileTemplate(read.message, names, [...path, 'message'], trial);
  const expected = optionalTemplate(read.expected, names, [...path, 'expected'], trial);
  return {
    ...about,
    watch: (input) => {
      const run = runOver(input);
      let counted = 0n;
      return {
        // eslint-disable-next-line require-yield -- The answer comes with the last unit.
        *unit(root) {
          if (count === undefined) return;
          const variables = run.scopeOf(root).variables(root, root, context.constants);
          if (verdictOf(count, variables, run) === true) counted += 1n;
        },
        *state({ bytes, units }) {
          // What was not counted is not judged by its count.
          const spent = run.spent();
          if (spent !== undefined) {
            yield unjudged(spent);
            return;
          }
          const variables = { length: BigInt(bytes), units: BigInt(units), counted };
          const all = Object.assign(Object.create(null) as object, context.constants, variables);
          const verdict = verdictOf(holds, all, run);
          if (verdict === true || verdict === undefined) return;
          if (typeof verdict === 'string') yield { message: `cannot be judged: ${verdict}` };
          else {
            yield {
              message: message(all, run),
              ...(expected === undefined ? {} : { expected: expected(all, run) }),
            };
          }
        },
      };
    },
  };
};

/** Whether a formula holds; undefined where a field is missing, and a reason where it fails. */
const verdictOf = (
  formula: Formula,
  variables: Variables,
  steps: Allowance,
): boolean | string | undefined => {
  const outcome = formula.evaluate(variables, steps);
  if (outcome.kind === 'failed') return outcome.reason;
  if (outcome.kind === 'missing') return undefined;
  return typeof outcome.value === 'boolean' ? outcome.value : 'the formula gives no true or false';
};

const optionalTemplate = (
  text: string | undefined,
  names: Names,
  path: KeyPath,
  trial: Allowance,
) => (text === undefined ? undefined : compileTemplate(text, names, path, trial));

/** Said once by each rule that had more to judge. */
const unjudged = (spent: string, field?: Node): Breach => ({
  field,
  message: `cannot be judged: ${spent}`,
});
