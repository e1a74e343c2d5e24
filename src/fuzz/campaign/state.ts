import type { Comparison } from '../../targets/target.ts';
import type { SavedBugs } from '../bugs.ts';
import type { CorpusEntry, SavedMemory } from '../memory.ts';
import { planFromJson, planToJson } from '../plan-json.ts';
import type { Cursor } from '../schedule.ts';
import { isCount, isRecord } from './folder.ts';

/** Where a campaign stood at the end of a round. */
export interface State {
  readonly round: number;
  readonly digest: string;
  readonly cursor: Cursor;
  readonly unavailable: number;
  readonly stepped: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly bugs: SavedBugs;
  readonly memory: SavedMemory;
}

export const stateText = (state: State): string =>
  JSON.stringify({
    version: 1,
    ...state,
    memory: {
      ...state.memory,
      entries: state.memory.entries.map(({ parent, ...entry }) => ({
        ...entry,
        plan: planToJson(parent.plan),
        operands: parent.operands.map(({ bytes, left, right }) => [bytes, `${left}`, `${right}`]),
      })),
    },
  });

/** A state from a file that may hold anything; undefined when there is none to go on from. */
export const stateFrom = (value: unknown): State | undefined => {
  if (!isRecord(value) || value.version !== 1) return undefined;
  const { round, digest, cursor, unavailable, stepped, outcomes, memory } = value;
  if (!isCount(round) || typeof digest !== 'string' || !isRecord(cursor)) return undefined;
  const { group, place } = cursor;
  if (!isCount(group) || !isCount(place) || !isCount(unavailable) || !isCount(stepped)) {
    return undefined;
  }
  const saved = memoryFrom(memory);
  if (saved === undefined) return undefined;
  return {
    round,
    digest,
    cursor: { group, place },
    unavailable,
    stepped,
    outcomes: isRecord(outcomes)
      ? Object.fromEntries(
          Object.entries(outcomes).flatMap(([key, count]) =>
            isCount(count) ? [[key, count]] : [],
          ),
        )
      : {},
    bugs: bugsFrom(value.bugs),
    memory: saved,
  };
};

const bugsFrom = (value: unknown): SavedBugs => {
  if (!isRecord(value) || !Array.isArray(value.bugs) || !Array.isArray(value.tried)) {
    return { bugs: [], tried: [] };
  }
  return {
    bugs: value.bugs.flatMap((bug: unknown) => bugFrom(bug) ?? []),
    tried: value.tried.flatMap((pair: unknown) => {
      const both: readonly unknown[] = Array.isArray(pair) ? pair : [];
      const [find, bug] = both;
      return typeof find === 'string' && typeof bug === 'string' ? [[find, bug] as const] : [];
    }),
  };
};

const bugFrom = (value: unknown): SavedBugs['bugs'][number] | undefined => {
  if (!isRecord(value)) return undefined;
  const { id, round, at, hits, nanoseconds } = value;
  if (typeof id !== 'string' || !isCount(round) || !isCount(at) || !isCount(hits)) return undefined;
  if (typeof nanoseconds !== 'number') return undefined;
  const behind: readonly unknown[] = Array.isArray(value.behind) ? value.behind : [];
  const names = behind.filter((name): name is string => typeof name === 'string');
  return { id, round, at, hits, nanoseconds, behind: names };
};

const memoryFrom = (value: unknown): SavedMemory | undefined => {
  if (!isRecord(value) || !isCount(value.executions)) return undefined;
  const { executions, features, signatures, counts, judged, finds, entries } = value;
  if (typeof features !== 'string' || typeof signatures !== 'string') return undefined;
  if (typeof counts !== 'string' || typeof judged !== 'string') return undefined;
  if (!Array.isArray(finds) || !Array.isArray(entries)) return undefined;
  return {
    executions,
    features,
    signatures,
    counts,
    judged,
    finds: finds.filter(isCount),
    entries: entries.flatMap((entry: unknown) => entryFrom(entry) ?? []),
  };
};

const entryFrom = (value: unknown): CorpusEntry | undefined => {
  if (!isRecord(value)) return undefined;
  const { number, file, features, size, drawn, operands } = value;
  const plan = planFromJson(value.plan);
  if (plan === undefined || typeof file !== 'string' || !isCount(number)) return undefined;
  if (!isCount(features) || !isCount(size) || !isCount(drawn)) return undefined;
  const compared = Array.isArray(operands)
    ? operands.flatMap((one: unknown) => comparisonFrom(one) ?? [])
    : [];
  return { number, file, features, size, drawn, parent: { plan, operands: compared } };
};

const comparisonFrom = (value: unknown): Comparison | undefined => {
  const parts: readonly unknown[] = Array.isArray(value) ? value : [];
  const [bytes, left, right] = parts;
  if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8) return undefined;
  if (!isDigits(left) || !isDigits(right)) return undefined;
  return { bytes, left: BigInt(left), right: BigInt(right) };
};

const isDigits = (value: unknown): value is string =>
  typeof value === 'string' && /^-?\d{1,20}$/u.test(value);
