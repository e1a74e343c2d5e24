import type { Draft } from '../layout/draft.ts';
import type { Cuts, Edit, Plan, Repair, SessionPlan } from './plan.ts';

/**
 * A plan as JSON, and back, exactly: numbers of a state are decimal text, bytes are hex. In a draft,
 * whose fields have any name, they are `{ "$number": "18" }` and `{ "$hex": "a0a1" }`.
 */
export const planToJson = (plan: Plan): unknown => ({
  seed: plan.seed,
  edits: plan.edits.map(editToJson),
  repair: plan.repair,
  session: plan.session,
});

/** A plan that was read from a file, which may hold anything; undefined when it is none. */
export const planFromJson = (value: unknown): Plan | undefined => {
  if (!isObject(value) || !Array.isArray(value.edits)) return undefined;
  const { seed } = value;
  const given: readonly unknown[] = value.edits;
  const repair = repairFromJson(value.repair);
  const session = sessionFromJson(value.session);
  if (typeof seed !== 'string' || repair === undefined || session === undefined) return undefined;
  if (given.length > MOST_EDITS) return undefined;
  const edits = given.flatMap((edit) => editFromJson(edit) ?? []);
  return edits.length === given.length ? { seed, edits, repair, session } : undefined;
};

/** Whatever a file says, a plan has no more edits and a draft is not deeper. */
const MOST_EDITS = 4096;
const DEEPEST_DRAFT = 64;

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const editToJson = (edit: Edit): unknown => {
  switch (edit.kind) {
    case 'set':
      return { ...edit, value: edit.value.toString() };
    case 'bytes':
      return { ...edit, bytes: hexOf(edit.bytes) };
    case 'raw':
      return { ...edit, put: hexOf(edit.put) };
    case 'build':
      return { ...edit, draft: draftToJson(edit.draft) };
    default:
      return edit;
  }
};

const editFromJson = (value: unknown): Edit | undefined => {
  if (!isObject(value)) return undefined;
  const { kind } = value;
  if (kind === 'truncate') {
    const at = offsetFrom(value.at);
    return at === undefined ? undefined : { kind, at };
  }
  if (kind === 'raw') {
    const at = offsetFrom(value.at);
    const drop = offsetFrom(value.drop);
    const put = bytesFrom(value.put);
    if (at === undefined || drop === undefined || put === undefined) return undefined;
    return { kind, at, drop, put };
  }
  const { field } = value;
  return typeof field === 'string' ? fieldEditFromJson(value, field) : undefined;
};

const fieldEditFromJson = (value: Fields, field: string): Edit | undefined => {
  const { kind } = value;
  switch (kind) {
    case 'set': {
      const number = numberFrom(value.value);
      return number === undefined ? undefined : { kind, field, value: number };
    }
    case 'bytes': {
      const bytes = bytesFrom(value.bytes);
      return bytes === undefined ? undefined : { kind, field, bytes };
    }
    case 'resize': {
      const size = offsetFrom(value.size);
      return size === undefined ? undefined : { kind, field, size };
    }
    case 'repeat': {
      const times = offsetFrom(value.times);
      return times === undefined ? undefined : { kind, field, times };
    }
    case 'drop':
      return { kind, field };
    case 'swap': {
      const other = value.with;
      return typeof other === 'string' ? { kind, field, with: other } : undefined;
    }
    case 'splice': {
      const { from, part } = value;
      const place = placeFrom(value.place);
      if (typeof from !== 'string' || typeof part !== 'string') return undefined;
      return place === undefined ? undefined : { kind, field, place, from, part };
    }
    case 'build': {
      const place = placeFrom(value.place);
      const draft = draftFromJson(value.draft, DEEPEST_DRAFT);
      if (place === undefined || draft === undefined) return undefined;
      return { kind, field, place, draft };
    }
    default:
      return undefined;
  }
};

const placeFrom = (value: unknown): 'before' | 'instead' | undefined =>
  value === 'before' || value === 'instead' ? value : undefined;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const bytesFrom = (value: unknown): Uint8Array | undefined => {
  if (typeof value !== 'string' || value.length % 2 !== 0) return undefined;
  // Buffer stops at the first digit that is none, so the length tells.
  const bytes = Uint8Array.from(Buffer.from(value, 'hex'));
  return bytes.length * 2 === value.length ? bytes : undefined;
};

const numberFrom = (value: unknown): bigint | undefined =>
  typeof value === 'string' && /^-?\d{1,40}$/u.test(value) ? BigInt(value) : undefined;

const offsetFrom = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

const draftToJson = (draft: Draft): unknown => {
  if (typeof draft === 'bigint') return { $number: draft.toString() };
  if (draft instanceof Uint8Array) return { $hex: hexOf(draft) };
  if (typeof draft !== 'object') return draft;
  if (isDrafts(draft)) return draft.map(draftToJson);
  return Object.fromEntries(
    Object.entries(draft).map(([name, field]) => [name, draftToJson(field)]),
  );
};

const isDrafts = (draft: Draft): draft is readonly Draft[] => Array.isArray(draft);

const draftFromJson = (value: unknown, depth: number): Draft | undefined => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (depth === 0) return undefined;
  if (Array.isArray(value)) {
    const drafts = value.flatMap((each: unknown) => draftFromJson(each, depth - 1) ?? []);
    return drafts.length === value.length ? drafts : undefined;
  }
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, '$number')) return numberFrom(value.$number);
  if (Object.hasOwn(value, '$hex')) return bytesFrom(value.$hex);
  const fields = Object.entries(value).flatMap(([name, field]) => {
    const draft = draftFromJson(field, depth - 1);
    return draft === undefined ? [] : [[name, draft] as const];
  });
  return fields.length === Object.keys(value).length ? Object.fromEntries(fields) : undefined;
};

const repairFromJson = (value: unknown): Repair | undefined => {
  if (!isObject(value)) return undefined;
  const { kind, field } = value;
  if (kind === 'all' || kind === 'none') return { kind };
  return kind === 'all-but' && typeof field === 'string' ? { kind, field } : undefined;
};

const shapes: readonly SessionPlan['shape'][] = [
  'plain',
  'leave-early',
  'reset-between',
  'reset-behind',
  'cancel-then-good',
  'twice',
  'then-good',
  'good-then',
  'save-restore-save',
];

const sessionFromJson = (value: unknown): SessionPlan | undefined => {
  if (!isObject(value)) return undefined;
  const { onRefusal, good } = value;
  const cuts = cutsFromJson(value.cuts);
  const shape = shapes.find((known) => known === value.shape);
  if (cuts === undefined || shape === undefined) return undefined;
  if (onRefusal !== 'stop' && onRefusal !== 'go-on') return undefined;
  if (good !== undefined && typeof good !== 'string') return undefined;
  const leaveAt = value.leaveAt === undefined ? undefined : offsetFrom(value.leaveAt);
  if (leaveAt === undefined && value.leaveAt !== undefined) return undefined;
  return {
    cuts,
    onRefusal,
    shape,
    ...(leaveAt === undefined ? {} : { leaveAt }),
    ...(good === undefined ? {} : { good }),
  };
};

const cutsFromJson = (value: unknown): Cuts | undefined => {
  if (!isObject(value)) return undefined;
  const { kind, before } = value;
  if (kind === 'whole') return { kind };
  if (kind === 'every') {
    const size = offsetFrom(value.size);
    return size === undefined ? undefined : { kind, size };
  }
  if (kind === 'at') {
    const offset = offsetFrom(value.offset);
    return offset === undefined ? undefined : { kind, offset };
  }
  if (kind !== 'headers' || typeof before !== 'number') return undefined;
  return Number.isSafeInteger(before) ? { kind, before } : undefined;
};
