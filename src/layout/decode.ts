import { Extents } from '../bytes/extents.ts';
import { Feed } from '../bytes/feed.ts';
import { openChecksums, type Checksum } from './checksum.ts';
import { choiceKey, evaluate, fieldOf, holds } from './expression.ts';
import { judgeStruct, judgeUint } from './judge.ts';
import { leastSize, unreachable } from './measure.ts';
import { inScope, type BudgetName, type LayoutFault, type Node } from './node.ts';
import { concatenate, readText, readUint } from './read.ts';
import type {
  ArrayLayout,
  BytesLayout,
  FramedLayout,
  Layout,
  RepeatLayout,
  StructLayout,
  TextLayout,
  UintLayout,
} from './types.ts';

/** Limits that no input can exceed; what lies behind one is a gap with a `budget` fault. */
export interface Budgets {
  /** Nesting of branches. */
  readonly depth: number;
  /** Fields in one unit. */
  readonly fields: number;
  /** Units in one state. */
  readonly records: number;
  /** Bytes of one leaf that are kept as its value; longer payloads pass through. */
  readonly keep: number;
  /** Bytes of all leaves of one unit that are kept. */
  readonly hold: number;
}

const defaultBudgets: Budgets = {
  depth: 64,
  fields: 1 << 17,
  records: 1 << 20,
  keep: 1 << 12,
  hold: 1 << 23,
};

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

/** How a part ended: whole, or cut by its frame or the input with the fault already recorded. */
type Ending = 'whole' | 'cut';

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
  readonly #feed = new Feed();
  readonly #budgets: Budgets;
  readonly #sink: DecodeSink;
  readonly #run: Generator<void, void, void>;
  /** Fields decoded in the current unit. */
  #fields = 0;
  /** Bytes of leaves kept in the current unit. */
  #held = 0;
  #units = 0;
  #settled = 0;
  #depth = 0;
  /** The rest of the state is somewhere else. */
  #partial = false;
  /** The state is cut at this offset, and a fault says so already. */
  #saidUntil = -1;
  /** Whether a unit is given when only unexplained bytes of it are to come. */
  readonly #early: boolean;
  /** Parts around the field that is being read that have something to read or to sum behind it. */
  #inner = 0;
  /** The unit that is being read has been given. */
  #given = false;
  /** A leaf that takes the next bytes, up to so many in all, and is too long to keep. */
  #flow: { readonly node: Node; readonly most: number } | undefined;
  /** Checksums over fields that are being read. */
  readonly #taps = new Set<Checksum>();

  constructor(layout: Layout, sink: DecodeSink, budgets: Partial<Budgets> = {}, early = false) {
    this.#early = early;
    this.#budgets = { ...defaultBudgets, ...budgets };
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
    if (!this.#flows()) this.#run.next();
    this.#feed.settle();
  }

  /**
   * The state is complete; what is open is cut here. Where only a part of the state was given, the
   * end of the bytes is nobody's fault, and no fault says so.
   */
  end(part: 'whole' | 'beginning' = 'whole'): void {
    this.#partial = part === 'beginning';
    this.#feed.finish();
    this.#run.next();
  }

  *#state(layout: Layout): Generator<void, void, void> {
    if (layout.kind === 'repeat') {
      while (yield* this.#feed.need(1)) {
        if (this.#units >= this.#budgets.records) {
          yield* this.#remainder(this.#budget('records'));
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
    this.#fields = 0;
    this.#held = 0;
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
    const gap = this.#leaf('gap', '(gap)', holder);
    yield* this.#passBytes(gap, Infinity);
    gap.faults.push(fault ?? { code: 'trailing', got: gap.length });
    this.#deliver(gap);
  }

  *#part(layout: Layout, name: string, parent: Node, limit: number): Generator<void, Ending, void> {
    if (this.#fields >= this.#budgets.fields)
      return yield* this.#overBudget('fields', parent, limit);
    switch (layout.kind) {
      case 'uint':
        return yield* this.#uint(layout, name, parent, limit);
      case 'text':
        return yield* this.#text(layout, name, parent, limit);
      case 'bytes':
        return yield* this.#bytes(layout, name, parent, limit);
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
        if (this.#depth >= this.#budgets.depth)
          return yield* this.#overBudget('depth', parent, limit);
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
    const node = this.#leaf(layout, name, parent);
    const sums = openChecksums(layout);
    const last = this.#early && sums.length === 0 ? Object.keys(layout.fields).at(-1) : undefined;
    let ending: Ending = 'whole';
    for (const field in layout.fields) {
      const shape = layout.fields[field];
      if (shape === undefined) continue;
      for (const { of, sum } of sums) if (of.includes(field)) this.#taps.add(sum);
      if (!this.#quick(shape, field, node, limit)) {
        const more = field === last ? 0 : 1;
        this.#inner += more;
        ending = yield* this.#part(shape, field, node, limit);
        this.#inner -= more;
      }
      for (const { sum } of sums) this.#taps.delete(sum);
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
    const node = this.#leaf(layout, name, parent);
    const count = evaluate(layout.count, parent) ?? 0n;
    let ending: Ending = 'whole';
    for (let index = 0n; index < count && ending === 'whole'; index += 1n) {
      const from = this.#feed.position;
      if (from >= limit || !(yield* this.#feed.need(1))) {
        const wanted = count * BigInt(Math.max(leastSize(layout.element), 1));
        this.#say(
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
    const node = this.#leaf(layout, name, parent);
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
      this.#say(owner, { code: 'overrun', wanted, got: room }, limit);
    }
    // Sizes beyond 2^53 cannot be reached by any input; a number holds every place that can.
    const end = fits ? start + Number(wanted) : limit;
    const more = limit === Infinity || limit === end ? 0 : 1;
    this.#inner += more;
    let ending = yield* this.#part(layout.inner, name, parent, end);
    this.#inner -= more;
    const left = end - this.#feed.position;
    if (left > 0 && (yield* this.#feed.need(1))) {
      const gap = this.#leaf('gap', '(gap)', parent);
      yield* this.#passBytes(gap, left);
      if (ending === 'whole') gap.faults.push({ code: 'trailing', got: gap.length });
    }
    if (this.#feed.position < end) {
      const got = this.#feed.position - start;
      const owner = sizeField(layout.size, parent) ?? parent;
      if (ending === 'whole') this.#say(owner, { code: 'overrun', wanted, got }, Infinity);
      ending = 'cut';
    } else {
      ending = fits ? 'whole' : 'cut';
    }
    return ending;
  }

  *#uint(
    layout: UintLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const size = layout.bits >> 3;
    if (limit - this.#feed.position < size || !(yield* this.#feed.need(size))) {
      return yield* this.#cut(layout, name, parent, size, limit);
    }
    this.#readUint(layout, name, parent);
    return 'whole';
  }

  /** The common case, without a generator: a number whose bytes are all at hand. */
  #quick(layout: Layout, name: string, parent: Node, limit: number): boolean {
    if (layout.kind !== 'uint' || this.#fields >= this.#budgets.fields) return false;
    const size = layout.bits >> 3;
    if (this.#feed.available < size || limit - this.#feed.position < size) return false;
    this.#readUint(layout, name, parent);
    return true;
  }

  #readUint(layout: UintLayout, name: string, parent: Node): void {
    const node = this.#leaf(layout, name, parent);
    const value = readUint(this.#feed, layout);
    node.value = value;
    this.#consume(node, layout.bits >> 3);
    for (const fault of judgeUint(layout, value)) node.faults.push(fault);
  }

  *#text(
    layout: TextLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const fits = limit - this.#feed.position >= layout.size;
    if (!fits || !(yield* this.#feed.need(layout.size))) {
      return yield* this.#cut(layout, name, parent, layout.size, limit);
    }
    const node = this.#leaf(layout, name, parent);
    const raw = this.#feed.peek(layout.size);
    this.#consume(node, layout.size);
    const string = readText(raw);
    node.value = string ?? raw;
    if (string === undefined) node.faults.push({ code: 'bad-text' });
    return 'whole';
  }

  *#bytes(
    layout: BytesLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const wanted = layout.size === undefined ? undefined : (evaluate(layout.size, parent) ?? 0n);
    const room = limit - this.#feed.position;
    const most =
      wanted === undefined || wanted > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(wanted);
    const node = this.#leaf(layout, name, parent);
    const size = Math.min(most, room);
    const unbroken = room === Infinity || room === size;
    if (unbroken && layout.zero !== true) this.#giveEarly(node, size);
    yield* this.#passBytes(node, size);
    if (wanted === undefined || BigInt(node.length) === wanted) return 'whole';
    const owner = layout.size === undefined ? undefined : sizeField(layout.size, parent);
    this.#say(
      owner ?? node,
      owner === undefined
        ? { code: 'truncated', wanted: Number(wanted), got: node.length }
        : { code: 'overrun', wanted, got: node.length },
      limit,
    );
    return 'cut';
  }

  /**
   * Gives a unit of which only the bytes of its last leaf are to come, as it will be when all of them
   * have come. No rule reads bytes that are too many to keep.
   */
  #giveEarly(leaf: Node, size: number): void {
    if (!this.#early || this.#inner > 0 || this.#taps.size > 0) return;
    if (size < Math.max(shortestEarly, this.#budgets.keep + 1) || size > longestEarly) return;
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

  /** Passes up to `most` bytes into a leaf; keeps them as its value when they are few. */
  *#passBytes(node: Node, most: number): Generator<void, void, void> {
    const feed = this.#feed;
    const zero = node.layout !== 'gap' && node.layout.kind === 'bytes' && node.layout.zero === true;
    const room = Math.min(this.#budgets.keep, this.#budgets.hold - this.#held);
    const kept: Uint8Array[] = [];
    let clean = true;
    while (node.length < most) {
      const step = Math.min(most - node.length, feed.available);
      if (step === 0) {
        if (feed.ended) break;
        if (!zero && node.length > room) this.#flow = { node, most };
        yield;
        this.#flow = undefined;
        continue;
      }
      const piece = feed.bytes.subarray(feed.at, feed.at + step);
      if (zero && clean) clean = piece.every((byte) => byte === 0);
      this.#sink.payload?.(node, piece);
      if (node.length + step <= room) kept.push(piece.slice());
      else kept.length = 0;
      this.#consume(node, step);
    }
    if (node.length <= room) {
      node.value = concatenate(kept, node.length);
      this.#held += node.length;
    }
    if (!clean) node.faults.push({ code: 'not-zero', role: 'reserved' });
  }

  /** Takes the bytes at hand where all of them are of a leaf that is not kept; wakes no generator for it. */
  #flows(): boolean {
    if (this.#flow === undefined) return false;
    const { node, most } = this.#flow;
    const feed = this.#feed;
    if (feed.available >= most - node.length) return false;
    this.#sink.payload?.(node, feed.bytes.subarray(feed.at, feed.end));
    this.#consume(node, feed.available);
    return true;
  }

  /** The frame or the input ends inside a fixed-size field: what is there becomes its raw value. */
  *#cut(
    layout: Layout,
    name: string,
    parent: Node,
    wanted: number,
    limit: number,
  ): Generator<void, Ending, void> {
    const room = Math.min(limit - this.#feed.position, wanted);
    const node = this.#leaf(layout, name, parent);
    yield* this.#passBytes(node, room);
    this.#say(node, { code: 'truncated', wanted, got: node.length }, limit);
    return 'cut';
  }

  *#overBudget(of: BudgetName, parent: Node, limit: number): Generator<void, Ending, void> {
    if (!(this.#feed.position < limit && (yield* this.#feed.need(1)))) return 'cut';
    const gap = this.#leaf('gap', '(gap)', parent);
    gap.faults.push(this.#budget(of));
    yield* this.#passBytes(gap, limit - this.#feed.position);
    return 'cut';
  }

  #budget(of: BudgetName): LayoutFault {
    return { code: 'budget', of, limit: this.#budgets[of] };
  }

  /** Records a cut once: what follows it up to the same end is its consequence. */
  #say(node: Node, fault: LayoutFault, limit: number): void {
    const where = limit === Infinity ? this.#feed.reach : limit;
    if (this.#saidUntil === where || (this.#partial && limit === Infinity)) return;
    this.#saidUntil = where;
    node.faults.push(fault);
  }

  #consume(node: Node, count: number): void {
    const feed = this.#feed;
    if (this.#taps.size > 0) {
      const piece = feed.bytes.subarray(feed.at, feed.at + count);
      for (const sum of this.#taps) sum.add(piece);
    }
    feed.take(count);
    node.length += count;
  }

  #leaf(layout: Layout | 'gap', name: string, parent: Node): Node {
    this.#fields += 1;
    const node: Node = branch(name, layout, parent, this.#feed.position);
    parent.children.push(node);
    return node;
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

const branch = (
  name: string,
  layout: Layout | 'gap',
  parent: Node | undefined,
  start: number,
): Node => ({ name, layout, parent, start, length: 0, value: undefined, children: [], faults: [] });

const ownCase = (cases: Readonly<Record<string, Layout>>, key: string): Layout | undefined =>
  Object.hasOwn(cases, key) ? cases[key] : undefined;

const sizeField = (expr: ArrayLayout['count'], scope: Node): Node | undefined => {
  const field = fieldOf(expr);
  return field === undefined ? undefined : inScope(scope, field);
};
