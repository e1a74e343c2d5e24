import type { Format, Invariant } from '../formats/format.ts';
import { formats } from '../formats/index.ts';
import { containerRules } from '../rules/container-rules.ts';
import { fileRules } from '../rules/file-rules.ts';
import { sealedRules } from '../rules/sealed-rules.ts';
import { stateRules } from '../rules/index.ts';
import type { Draft } from '../layout/draft.ts';
import { defineRule, type Example, type Rule, type Violation } from '../rules/rule.ts';

/** An invariant of a format, as the rule that it is to everybody else. */
const invariantRule = (format: Format, invariant: Invariant): Rule => {
  const { id, title, severity, confidence, threats, cwe, rationale, advice, sources } = invariant;
  return defineRule({
    id,
    title,
    severity,
    ...(confidence === undefined ? {} : { confidence }),
    threats,
    cwe,
    rationale,
    advice,
    sources,
    applies: { to: 'state', formats: [format.id] },
    examples: () => {
      const { good, bad } = invariant.examples();
      const ofFormat = (draft: Draft): Example => ({ format: format.id, draft });
      return { good: good.map(ofFormat), bad: bad.map(ofFormat) };
    },
    watch: ({ input }) => {
      // Several devices of one input may have this format: each is watched by itself.
      const watchers = new Map<string, ReturnType<Invariant['watch']>>();
      const watcherOf = (device: string): ReturnType<Invariant['watch']> => {
        const known = watchers.get(device);
        if (known !== undefined) return known;
        const made = invariant.watch(input);
        watchers.set(device, made);
        return made;
      };
      return {
        *unit({ root, device, format: is, locate }): Generator<Violation> {
          if (is !== format.id) return;
          for (const breach of watcherOf(device).unit?.(root) ?? []) {
            const { field, against, message, expected } = breach;
            yield {
              message,
              ...(expected === undefined ? {} : { expected }),
              at: [
                locate(field ?? root),
                ...(against === undefined ? [] : [locate(against, 'contradicts this')]),
              ],
            };
          }
        },
        *state({ device, format: is, bytes, units, partial, locate }): Generator<Violation> {
          if (is !== format.id || partial) return;
          for (const breach of watcherOf(device).state?.({ bytes, units }) ?? []) {
            const { message, expected } = breach;
            yield {
              message,
              ...(expected === undefined ? {} : { expected }),
              at: [locate('end')],
            };
          }
          watchers.delete(device);
        },
      };
    },
  });
};

const byId = (a: Rule, b: Rule): number => (a.id < b.id ? -1 : 1);

const rulesFor = (all: readonly Format[]): readonly Rule[] =>
  [
    ...stateRules,
    ...containerRules,
    ...fileRules,
    ...sealedRules,
    ...all.flatMap((format) => format.invariants.map((one) => invariantRule(format, one))),
  ].sort(byId);

/** Every built-in rule, by id in alphabetical order. */
export const rules: readonly Rule[] = rulesFor(formats);

/** What a run knows: formats in the order in which they are tried, and the rules over them. */
export interface Catalogue {
  readonly formats: readonly Format[];
  readonly rules: readonly Rule[];
}

/** A rule that a site adds over the states of one format. */
export interface OwnRule {
  readonly format: string;
  readonly invariant: Invariant;
}

/** The built-in formats behind those that a person described; one of the same id gives way. */
export const catalogueWith = (
  own: readonly Format[],
  ownRules: readonly OwnRule[] = [],
): Catalogue => {
  if (own.length === 0 && ownRules.length === 0) return { formats, rules };
  const others = formats.filter(({ id }) => own.every((format) => format.id !== id));
  const all = [...own, ...others];
  const more = ownRules.flatMap(({ format: id, invariant }) => {
    const format = all.find((one) => one.id === id);
    return format === undefined ? [] : [invariantRule(format, invariant)];
  });
  return { formats: all, rules: [...rulesFor(all), ...more].sort(byId) };
};
