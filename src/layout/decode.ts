import { Extents } from '../bytes/extents.ts';
import type { Feed } from '../bytes/feed.ts';
import { openChecksums } from './checksum.ts';
import { choiceKey, evaluate, holds } from './expression.ts';
import { judgeStruct } from './judge.ts';
import { leastSize, unreachable } from './measure.ts';
import { branch, LeafReader, sizeField, type Budgets, type Ending } from './leaf-reader.ts';
import type { LayoutFault, Node } from './node.ts';
import type { ArrayLayout, FramedLayout, Layout, RepeatLayout, StructLayout } from './types.ts';

export interface DecodeSink {
  /** A unit is complete: one element of a format that is a repeat, or else the whole state. */
  unit(root: Node): void;
  /** A unit that was given early has ended before its end; its faults are new. */
  again?(root: Node): void;
  /** A piece of a leaf too large to keep; borrowed until the call returns. */
  payload?(leaf: Node, piece: Uint8Array): void;
}

/** Shorter payload is waited for: QEMU writes device state in pieces of this length. */
const shortestEarly = 1 << 20;
/** No device has this much memory; a record that claims more is not let go on its word. */
const longestEarly = 2 ** 40;

/**
 * Decodes a device state that is pushed in, in any chunking, in one pass.
 *
 * Any bytes give units whose leaves concatenate to the input; what is wrong is a fault on a field.
 * Resynchronisation: a frame bounds the damage inside it, and decoding goes on behind it; a frame
 * that claims more than its parent holds is cut at its parent's end; where nothing frames the
 * damage, the rest of the state is one gap.
 */
export class Decoder {
  /** Where the state's bytes lie in the user's file. */
  readonly extents = new Extents();
  readonly #leaves: LeafReader;
  /** Of the leaves, at hand because every part asks for it. */
  readonly #feed: Feed;
  readonly #sink: DecodeSink;
  readonly #run: Generator<void, void, void>;
  #units = 0;
  #settled = 0;
  #depth = 0;
  /** Whether a unit is given when only unexplained bytes of it are to come. */
  readonly #early: boolean;
  /** Parts around the field that is being read that have something to read or to sum behind it. */
  #inner = 0;
  /** The unit that is being read has been given. */
  #given = false;

  constructor(layout: Layout, sink: DecodeSink, budgets: Partial<Budgets> = {}, early = false) {
    this.#early = early;
    this.#leaves = new LeafReader(
      {
        payload: sink.payload?.bind(sink),
        before: (leaf, size) => this.#giveEarly(leaf, size),
      },
      budgets,
    );
    this.#feed = this.#leaves.feed;
    this.#sink = sink;
    this.#run = this.#state(layout);
  }

  /** Bytes of the state taken so far. */
  get length(): number {
    return this.#feed.reach;
  }

  get units(): number {
    return this.#units;
  }

  /** Bytes of the state before which every unit has been given away; its payload counts as it comes. */
  get settled(): number {
    return this.#given ? this.#feed.position : this.#settled;
  }

  /**
   * Feeds the next bytes of the state, which lie at `offset` in the user's file; `packed` when the
   * file holds them as base64.
   */
  push(bytes: Uint8Array, offset = this.#feed.reach, packed?: true): void {
    if (bytes.length === 0) return;
    this.extents.append(offset, bytes.length, packed);
    this.#feed.push(bytes);
    if (!this.#leaves.flows()) this.#run.next();
    this.#feed.settle();
  }

  /**
   * The state is complete; what is open is cut here. Where only a part of the state was given, the
   * end of the bytes is nobody's fault, and no fault says so.
   */
  end(part: 'whole' | 'beginning' = 'whole'): void {
    this.#leaves.partial = part === 'beginning';
    this.#feed.finish();
    this.#run.next();
  }

  *#state(layout: Layout): Generator<void, void, void> {
    if (layout.kind === 'repeat') {
      while (yield* this.#feed.need(1)) {
        if (this.#units >= this.#leaves.budgets.records) {
          yield* this.#remainder(this.#leaves.budget('records'));
          return;
        }
        const name = `${layout.each}[${this.#units}]`;
        const ending = yield* this.#unit(layout.element, name);
        if (ending === 'cut') break;
      }
    } else if (yield* this.#feed.need(1)) {
      yield* this.#unit(layout, '');
    }
    if (yield* this.#feed.need(1)) yield* this.#remainder(undefined);
  }

  *#unit(layout: Layout, name: string): Generator<void, Ending, void> {
    this.#leaves.begin();
    const from = this.#feed.position;
    const holder: Node = branch('', layout, undefined, from);
    const ending = yield* this.#part(layout, name, holder, Infinity);
    for (const root of holder.children) {
      if (!this.#given) this.#deliver(root);
      else if (ending === 'cut') this.#sink.again?.(root);
    }
    this.#given = false;
    this.#settled = this.#feed.position;
    this.extents.forget(this.#feed.position);
    return this.#feed.position === from ? 'cut' : ending;
  }

  #deliver(root: Node): void {
    this.#units += 1;
    this.#sink.unit(root);
  }

  /** All that is left of the state, as one unit that is a gap. */
  *#remainder(fault: LayoutFault | undefined): Generator<void, void, void> {
    const holder = branch('', { kind: 'struct', fields: {} }, undefined, this.#feed.position);
    const gap = this.#leaves.leaf('gap', '(gap)', holder);
    yield* this.#leaves.passBytes(gap, Infinity);
    gap.faults.push(fault ?? { code: 'trailing', got: gap.length });
    this.#deliver(gap);
  }

  *#part(layout: Layout, name: string, parent: Node, limit: number): Generator<void, Ending, void> {
    if (this.#leaves.full) return yield* this.#leaves.overBudget('fields', parent, limit);
    switch (layout.kind) {
      case 'uint':
        return yield* this.#leaves.uint(layout, name, parent, limit);
      case 'text':
        return yield* this.#leaves.text(layout, name, parent, limit);
      case 'bytes':
        return yield* this.#leaves.bytes(layout, name, parent, limit);
      case 'when':
        if ('remaining' in layout.condition) {
          const wanted = layout.condition.remaining;
          const there = limit - this.#feed.position >= wanted && (yield* this.#feed.need(wanted));
          return there ? yield* this.#part(layout.inner, name, parent, limit) : 'whole';
        }
        return holds(layout.condition, parent)
          ? yield* this.#part(layout.inner, name, parent, limit)
          : 'whole';
      case 'choice': {
        const key = choiceKey(parent, layout.by);
        const shape =
          (key === undefined ? undefined : ownCase(layout.cases, key)) ?? layout.otherwise;
        return yield* this.#part(shape, name, parent, limit);
      }
      case 'lazy':
      case 'framed':
      case 'struct':
      case 'array':
      case 'repeat': {
        if (this.#depth >= this.#leaves.budgets.depth)
          return yield* this.#leaves.overBudget('depth', parent, limit);
        this.#depth += 1;
        const ending = yield* this.#nested(layout, name, parent, limit);
        this.#depth -= 1;
        return ending;
      }
      default:
        return unreachable(layout);
    }
  }

  /** Not a generator of its own: one less to resume for every branch. */
  #nested(
    layout: Extract<Layout, { kind: 'lazy' | 'framed' | 'struct' | 'array' | 'repeat' }>,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    switch (layout.kind) {
      case 'lazy':
        return this.#part(layout.get(), name, parent, limit);
      case 'framed':
        return this.#framed(layout, name, parent, limit);
      case 'struct':
        return this.#struct(layout, name, parent, limit);
      case 'array':
        return this.#array(layout, name, parent, limit);
      case 'repeat':
        return this.#repeat(layout, name, parent, limit);
      default:
        return unreachable(layout);
    }
  }

  *#struct(
    layout: StructLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const node = this.#leaves.leaf(layout, name, parent);
    const sums = openChecksums(layout);
    const last = this.#early && sums.length === 0 ? Object.keys(layout.fields).at(-1) : undefined;
    let ending: Ending = 'whole';
    for (const field in layout.fields) {
      const shape = layout.fields[field];
      if (shape === undefined) continue;
      for (const { of, sum } of sums) if (of.includes(field)) this.#leaves.taps.add(sum);
      if (!this.#leaves.quick(shape, field, node, limit)) {
        const more = field === last ? 0 : 1;
        this.#inner += more;
        ending = yield* this.#part(shape, field, node, limit);
        this.#inner -= more;
      }
      for (const { sum } of sums) this.#leaves.taps.delete(sum);
      if (ending === 'cut') break;
    }
    node.length = this.#feed.position - node.start;
    if (ending === 'whole' && !this.#given) judgeStruct(layout, node, sums);
    return ending;
  }

  *#array(
    layout: ArrayLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const node = this.#leaves.leaf(layout, name, parent);
    const count = evaluate(layout.count, parent) ?? 0n;
    let ending: Ending = 'whole';
    for (let index = 0n; index < count && ending === 'whole'; index += 1n) {
      const from = this.#feed.position;
      if (from >= limit || !(yield* this.#feed.need(1))) {
        const wanted = count * BigInt(Math.max(leastSize(layout.element), 1));
        this.#leaves.say(
          sizeField(layout.count, parent) ?? node,
          {
            code: 'overrun',
            wanted,
            got: from - node.start,
          },
          limit,
        );
        ending = 'cut';
        break;
      }
      this.#inner += 1;
      ending = yield* this.#part(layout.element, `[${index}]`, node, limit);
      this.#inner -= 1;
      if (this.#feed.position === from) break; // An element without bytes: more of them say nothing.
    }
    node.length = this.#feed.position - node.start;
    return ending;
  }

  *#repeat(
    layout: RepeatLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const node = this.#leaves.leaf(layout, name, parent);
    let ending: Ending = 'whole';
    for (let index = 0; this.#feed.position < limit && ending === 'whole'; index += 1) {
      if (!(yield* this.#feed.need(1))) break;
      const from = this.#feed.position;
      this.#inner += 1;
      ending = yield* this.#part(layout.element, `[${index}]`, node, limit);
      this.#inner -= 1;
      if (this.#feed.position === from) break;
    }
    node.length = this.#feed.position - node.start;
    return ending;
  }

  *#framed(
    layout: FramedLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const start = this.#feed.position;
    const wanted = evaluate(layout.size, parent) ?? 0n;
    const room = limit - start;
    const fits = room === Infinity || wanted <= BigInt(room);
    if (!fits) {
      const owner = sizeField(layout.size, parent) ?? parent;
      this.#leaves.say(owner, { code: 'overrun', wanted, got: room }, limit);
    }
    // Sizes beyond 2^53 cannot be reached by any input; a number holds every place that can.
    const end = fits ? start + Number(wanted) : limit;
    const more = limit === Infinity || limit === end ? 0 : 1;
    this.#inner += more;
    let ending = yield* this.#part(layout.inner, name, parent, end);
    this.#inner -= more;
    const left = end - this.#feed.position;
    if (left > 0 && (yield* this.#feed.need(1))) {
      const gap = this.#leaves.leaf('gap', '(gap)', parent);
      yield* this.#leaves.passBytes(gap, left);
      if (ending === 'whole') gap.faults.push({ code: 'trailing', got: gap.length });
    }
    if (this.#feed.position < end) {
      const got = this.#feed.position - start;
      const owner = sizeField(layout.size, parent) ?? parent;
      if (ending === 'whole') this.#leaves.say(owner, { code: 'overrun', wanted, got }, Infinity);
      ending = 'cut';
    } else {
      ending = fits ? 'whole' : 'cut';
    }
    return ending;
  }

  /**
   * Gives a unit of which only the bytes of its last leaf are to come, as it will be when all of them
   * have come. No rule reads bytes that are too many to keep.
   */
  #giveEarly(leaf: Node, size: number): void {
    if (!this.#early || this.#inner > 0 || this.#leaves.taps.size > 0) return;
    if (size < Math.max(shortestEarly, this.#leaves.budgets.keep + 1) || size > longestEarly)
      return;
    leaf.length = size;
    let root = leaf;
    for (let at = leaf.parent; at?.parent !== undefined; at = at.parent) {
      root = at;
      at.length = leaf.start + size - at.start;
      if (at.layout !== 'gap' && at.layout.kind === 'struct') judgeStruct(at.layout, at, []);
    }
    this.#deliver(root);
    this.#given = true;
    leaf.length = 0;
  }
}

/** Decodes bytes that are all at hand, and keeps every leaf: the units tile the input. */
export const decode = (
  layout: Layout,
  bytes: Uint8Array,
  budgets: Partial<Budgets> = {},
): readonly Node[] => {
  const units: Node[] = [];
  const decoder = new Decoder(
    layout,
    { unit: (root) => units.push(root) },
    { keep: Infinity, hold: Infinity, ...budgets },
  );
  decoder.push(bytes);
  decoder.end();
  return units;
};

const ownCase = (cases: Readonly<Record<string, Layout>>, key: string): Layout | undefined =>
  Object.hasOwn(cases, key) ? cases[key] : undefined;
