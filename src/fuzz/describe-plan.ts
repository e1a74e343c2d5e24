import { nameOf } from '../layout/node.ts';
import type { Control } from '../finding/finding.ts';
import type { Edit, Plan, SessionPlan } from './plan.ts';
import { contentOf, elementsOf, type Library, type Part, type Skeleton } from './skeleton.ts';

/** One edit of a plan as a row of a report. Text is from the seed, and not escaped. */
export interface EditRow {
  /** The field that is changed; empty for the state as a whole. */
  readonly path: string;
  /** `length of data`, `index into fifo`; empty where no role explains the field. */
  readonly role: string;
  readonly old: string;
  readonly new: string;
  /** In the seed. */
  readonly offset: number;
  readonly length: number;
  readonly control: Control;
  /** The edit in words. */
  readonly what: string;
}

/** What a plan changes, one row an edit; edits of fields that the seed does not have are left out. */
export const describePlan = (library: Library, plan: Plan): readonly EditRow[] => {
  const skeleton = library.get(plan.seed);
  if (skeleton === undefined) return [];
  return plan.edits.flatMap((edit) => rowOf(skeleton, edit) ?? []);
};

const rowOf = (skeleton: Skeleton, edit: Edit): EditRow | undefined => {
  if (edit.kind === 'truncate' || edit.kind === 'raw') return offsetRow(skeleton, edit);
  const part = skeleton.byPath.get(edit.field);
  if (part === undefined) return undefined;
  return {
    path: part.path,
    role: roleOf(part),
    old: contentText(skeleton, part),
    new: newText(part, edit),
    offset: part.start,
    length: part.length,
    control: part.control,
    what: sentenceOf(part, edit),
  };
};

const offsetRow = (
  skeleton: Skeleton,
  edit: Extract<Edit, { kind: 'truncate' | 'raw' }>,
): EditRow => {
  const { at } = edit;
  const part = fieldAt(skeleton, at);
  const length = edit.kind === 'raw' ? edit.drop : skeleton.bytes.length - at;
  return {
    path: part?.path ?? '',
    role: part === undefined ? '' : roleOf(part),
    old: bytesText(skeleton.bytes.subarray(at, at + length)),
    new: edit.kind === 'raw' ? bytesText(edit.put) : 'nothing',
    offset: at,
    length,
    control: part?.control ?? 'unknown',
    what:
      edit.kind === 'raw'
        ? `${edit.drop} bytes at 0x${at.toString(16)} are replaced by ${edit.put.length}`
        : `the state ends at 0x${at.toString(16)}`,
  };
};

/** The leaf that holds the byte at an offset of the seed. */
const fieldAt = ({ parts }: Skeleton, offset: number): Part | undefined =>
  parts.findLast(
    ({ start, length, children }) =>
      children.length === 0 && start <= offset && offset < start + length,
  );

/** What a part is for, in words. */
const roleOf = ({ layout }: Part): string => {
  if (layout === 'gap') return 'bytes that nothing explains';
  const words = (layout.roles ?? []).map((role): string => {
    switch (role.is) {
      case 'length-of':
        return `length of ${role.of}`;
      case 'count-of':
        return `count of ${role.of}`;
      case 'offset-of':
        return `offset of ${role.of}`;
      case 'checksum-of':
        return `${role.algorithm} of ${role.of.join(', ')}`;
      case 'index-into':
        return `index into ${role.of} of ${role.size}`;
      case 'within':
        return `from ${role.min} to ${role.max}`;
      case 'iova':
        return 'guest address';
      default:
        return role.is;
    }
  });
  return words.join(', ');
};

const MOST_BYTES = 16;

const bytesText = (bytes: Uint8Array): string => {
  if (bytes.length === 0) return 'nothing';
  const digits = Buffer.from(bytes.subarray(0, MOST_BYTES)).toString('hex');
  const shown = digits.replace(/..(?=.)/gu, '$& ');
  return bytes.length > MOST_BYTES ? `${shown} … (${bytes.length} bytes)` : shown;
};

const numberText = ({ layout }: Part, value: bigint): string => {
  const name = nameOf(layout, value);
  if (name !== undefined) return `${value} (${name})`;
  const hex = layout !== 'gap' && layout.kind === 'uint' && layout.hex === true;
  return hex || value > 0xffffn ? `0x${value.toString(16)}` : value.toString();
};

const contentText = (skeleton: Skeleton, part: Part): string => {
  if (typeof part.value === 'bigint') return numberText(part, part.value);
  if (typeof part.value === 'string') return `"${part.value}"`;
  const elements = elementsOf(part).length;
  if (elements > 0) return elements === 1 ? '1 element' : `${elements} elements`;
  return part.children.length > 0 ? `${part.length} bytes` : bytesText(contentOf(skeleton, part));
};

const newText = (part: Part, edit: Exclude<Edit, { kind: 'truncate' | 'raw' }>): string => {
  switch (edit.kind) {
    case 'set':
      return numberText(part, edit.value);
    case 'bytes':
      return bytesText(edit.bytes);
    case 'resize':
      return `${edit.size} bytes`;
    case 'repeat':
      return `${edit.times + 1} times`;
    case 'drop':
      return 'nothing';
    case 'swap':
      return edit.with;
    case 'splice':
      return `${edit.part} of ${edit.from.slice(0, 12)}`;
    case 'build':
      return draftText(edit.draft);
  }
};

const sentenceOf = (part: Part, edit: Exclude<Edit, { kind: 'truncate' | 'raw' }>): string => {
  const name = part.path === '' ? 'the state' : part.path;
  switch (edit.kind) {
    case 'set': {
      const old = typeof part.value === 'bigint' ? numberText(part, part.value) : undefined;
      const from = old === undefined ? '' : `, not ${old}`;
      return `${name} is ${numberText(part, edit.value)}${from}`;
    }
    case 'bytes':
      return `${name} is ${edit.bytes.length} other bytes`;
    case 'resize':
      return `${name} has ${edit.size} bytes, not ${part.length}`;
    case 'repeat':
      return `${name} stands ${edit.times + 1} times`;
    case 'drop':
      return `${name} is left out`;
    case 'swap':
      return `${name} and ${edit.with} change places`;
    case 'splice': {
      const place = edit.place === 'before' ? 'in front of' : 'in place of';
      return `${edit.part} of ${edit.from.slice(0, 12)} stands ${place} ${name}`;
    }
    case 'build': {
      const place = edit.place === 'before' ? 'in front of' : 'in place of';
      return `${draftText(edit.draft)} stands ${place} ${name}`;
    }
  }
};

const MOST_TEXT = 120;

/** A draft in one line, its numbers as they are and its bytes by their length. */
const draftText = (draft: unknown): string => {
  const text = JSON.stringify(draft, (_, value: unknown) => {
    if (typeof value === 'bigint') return Number(value);
    return value instanceof Uint8Array ? `${value.length} bytes` : value;
  });
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
};

/** How the bytes are given, in words; empty for a loader that does what the specification says. */
export const describeSession = (session: SessionPlan): string => {
  const { cuts, onRefusal, shape, leaveAt, good } = session;
  const state = good === undefined ? 'the good state' : `the good state ${good.slice(0, 12)}`;
  const words: string[] = [];
  if (cuts.kind === 'every') words.push(`in writes of ${cuts.size} bytes`);
  if (cuts.kind === 'at') words.push(`in two writes, cut at ${cuts.offset}`);
  if (cuts.kind === 'headers') {
    const { before } = cuts;
    const where =
      before === 0 ? 'at' : before > 0 ? `${before} bytes before` : `${-before} bytes into`;
    words.push(`cut ${where} each header`);
  }
  if (onRefusal === 'go-on') words.push('going on after a refusal');
  switch (shape) {
    case 'plain':
      break;
    case 'leave-early':
      words.push(`leaving RESUMING ${leaveAt === undefined ? 'half way' : `at byte ${leaveAt}`}`);
      break;
    case 'reset-between':
      words.push(`with a reset half way, then ${state}`);
      break;
    case 'reset-behind':
      words.push(`then a reset, then ${state}`);
      break;
    case 'cancel-then-good':
      words.push(`leaving RESUMING half way, then ${state}`);
      break;
    case 'twice':
      words.push('restored twice');
      break;
    case 'then-good':
      words.push(`then ${state}`);
      break;
    case 'good-then':
      words.push(`behind ${state}`);
      break;
    case 'save-restore-save':
      words.push('saved, restored and saved again');
  }
  return words.join(', ');
};
