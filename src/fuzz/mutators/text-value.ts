import type { Layout } from '../../layout/types.ts';
import { contentOf, type Part } from '../skeleton.ts';
import type { Mutator } from './mutator.ts';

/** Names: those that select something else, cut short, not padded, not printable, empty. */
export const textValue: Mutator = {
  id: 'text-value',
  propose: (part, skeleton) => {
    const { layout, length } = part;
    if (layout === 'gap' || layout.kind !== 'text' || length === 0) return [];
    const own = contentOf(skeleton, part);
    const texts = [...namesFor(part)].map((name) => padded(name, length));
    const lower = own.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte));
    const cut = Uint8Array.from(own);
    cut[Math.max(own.indexOf(0), 1) - 1] = 0;
    const behindNul = Uint8Array.from(own);
    behindNul[length - 1] = 0x41;
    const odd = Uint8Array.from(own);
    odd[0] = 0xff;
    const values = [
      ...texts,
      lower,
      cut,
      behindNul,
      odd,
      new Uint8Array(length).fill(0x41),
      new Uint8Array(length),
    ];
    return values
      .filter((bytes) => bytes.some((byte, at) => byte !== own[at]))
      .map((bytes) => [{ kind: 'bytes', field: part.path, bytes }]);
  },
};

const padded = (name: string, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set(new TextEncoder().encode(name).subarray(0, length));
  return bytes;
};

/** What the text could be so that something else follows it, and what its neighbours are called. */
const namesFor = (part: Part): ReadonlySet<string> => {
  const names = new Set<string>();
  const parent = part.parent;
  const struct = parent?.layout;
  if (parent === undefined || struct === undefined || struct === 'gap') return names;
  if (struct.kind === 'struct') {
    for (const field of Object.values(struct.fields)) collect(field, part.name, names);
  }
  for (const beside of parent.parent?.children ?? []) {
    const other = beside.children.find(({ name }) => name === part.name)?.value;
    if (typeof other === 'string') names.add(other);
  }
  return names;
};

const collect = (layout: Layout, by: string, names: Set<string>): void => {
  if (layout.kind === 'framed' || layout.kind === 'when') collect(layout.inner, by, names);
  else if (layout.kind === 'choice') {
    if (layout.by === by) for (const name of Object.keys(layout.cases)) names.add(name);
    for (const shape of Object.values(layout.cases)) {
      if (shape.kind === 'choice' || shape.kind === 'framed') collect(shape, by, names);
    }
  }
};
