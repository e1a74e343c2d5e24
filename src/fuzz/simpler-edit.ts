import type { Draft } from '../layout/draft.ts';
import type { Edit } from './plan.ts';
import { contentOf, type Part, type Skeleton } from './skeleton.ts';

/** Edits that change less, or say better what they change; the simplest first. */
export function* simplerEdits(skeleton: Skeleton, edit: Edit): Generator<Edit> {
  switch (edit.kind) {
    case 'raw':
      yield* simplerRaw(skeleton, edit);
      return;
    case 'truncate':
      for (const at of between(skeleton.bytes.length, edit.at)) yield { ...edit, at };
      return;
    case 'bytes':
      yield* simplerBytes(skeleton, edit);
      return;
    case 'resize': {
      const part = skeleton.byPath.get(edit.field);
      if (part === undefined) return;
      for (const size of between(part.length, edit.size)) yield { ...edit, size };
      return;
    }
    case 'repeat':
      for (const times of between(0, edit.times)) yield { ...edit, times };
      return;
    case 'splice':
      if (edit.place === 'before') yield { kind: 'repeat', field: edit.field, times: 1 };
      else yield { kind: 'drop', field: edit.field };
      return;
    case 'build':
      if (edit.place === 'before') yield { kind: 'repeat', field: edit.field, times: 1 };
      else yield { kind: 'drop', field: edit.field };
      for (const draft of simplerDrafts(edit.draft)) yield { ...edit, draft };
      return;
    case 'set':
    case 'drop':
    case 'swap':
  }
}

/** Whole numbers between what is harmless and what fails: the next one, and then halves. */
function* between(harmless: number, failing: number): Generator<number> {
  const step = failing < harmless ? -1 : 1;
  const far = Math.abs(failing - harmless);
  if (far > 1) yield harmless + step;
  let low = 1;
  while (far - low > 1) {
    const middle = (low + far) >> 1;
    yield harmless + step * middle;
    low = middle;
  }
}

/** As settings of the fields that are changed, if it changes fields; otherwise with fewer bytes. */
function* simplerRaw(skeleton: Skeleton, edit: Extract<Edit, { kind: 'raw' }>): Generator<Edit> {
  const { at, drop, put } = edit;
  if (put.length === drop) {
    for (const part of skeleton.parts) {
      if (part.start >= at + drop) break;
      const set = part.start + part.length > at ? settingOf(skeleton, part, edit) : undefined;
      if (set !== undefined) yield set;
    }
  }
  if (put.length > 0 && drop > 0) {
    yield { ...edit, put: new Uint8Array(0) };
    yield { ...edit, drop: 0 };
  }
  for (const size of halves(drop)) yield { ...edit, drop: size };
  for (const size of halves(put.length)) yield { ...edit, put: put.subarray(0, size) };
  if (put.length === drop && drop > 1) {
    for (const size of halves(drop)) {
      yield { ...edit, drop: size, put: put.subarray(0, size) };
      yield { kind: 'raw', at: at + drop - size, drop: size, put: put.subarray(drop - size) };
    }
  }
}

/** What raw bytes make of a number that they overlap. */
const settingOf = (
  skeleton: Skeleton,
  part: Part,
  { at, put }: Extract<Edit, { kind: 'raw' }>,
): Edit | undefined => {
  const { layout, start, length, value } = part;
  if (layout === 'gap' || layout.kind !== 'uint' || typeof value !== 'bigint') return undefined;
  const bytes = Uint8Array.from(contentOf(skeleton, part));
  for (let place = 0; place < length; place += 1) {
    const changed = put[start + place - at];
    if (start + place >= at && changed !== undefined) bytes[place] = changed;
  }
  const ordered = layout.little ? bytes.reverse() : bytes;
  const set = ordered.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
  return set === value ? undefined : { kind: 'set', field: part.path, value: set };
};

function* halves(size: number): Generator<number> {
  for (let less = size >> 1; less > 0; less >>= 1) yield less;
}

/** Bytes of which fewer differ from the seed's. */
function* simplerBytes(
  skeleton: Skeleton,
  edit: Extract<Edit, { kind: 'bytes' }>,
): Generator<Edit> {
  const part = skeleton.byPath.get(edit.field);
  if (part === undefined) return;
  const own = contentOf(skeleton, part);
  const { field, bytes } = edit;
  if (bytes.length === 0) {
    yield { kind: 'drop', field };
    return;
  }
  if (bytes.length !== own.length) {
    yield { kind: 'resize', field, size: bytes.length };
    for (const size of halves(bytes.length))
      yield { kind: 'bytes', field, bytes: bytes.subarray(0, size) };
    return;
  }
  const differ = [...bytes.keys()].filter((at) => bytes[at] !== own[at]);
  for (const size of halves(differ.length)) {
    for (const kept of [differ.slice(0, size), differ.slice(-size)]) {
      const fewer = Uint8Array.from(own);
      for (const at of kept) fewer[at] = bytes[at] ?? 0;
      yield { kind: 'bytes', field, bytes: fewer };
    }
  }
}

/** A draft that says less. */
function* simplerDrafts(draft: Draft): Generator<Draft> {
  if (draft instanceof Uint8Array) {
    if (draft.length > 0) yield new Uint8Array(0);
    for (const size of halves(draft.length)) yield draft.subarray(0, size);
  } else if (isList(draft)) {
    if (draft.length > 0) yield [];
    if (draft.length > 1) for (const each of draft) yield [each];
    for (const [place, each] of draft.entries()) {
      for (const simpler of simplerDrafts(each))
        yield draft.map((one, at) => (at === place ? simpler : one));
    }
  } else if (typeof draft === 'object') {
    for (const name of Object.keys(draft)) {
      yield Object.fromEntries(Object.entries(draft).filter(([other]) => other !== name));
    }
    for (const [name, field] of Object.entries(draft)) {
      for (const simpler of simplerDrafts(field)) yield { ...draft, [name]: simpler };
    }
  }
}

const isList = (draft: Draft): draft is readonly Draft[] => Array.isArray(draft);
