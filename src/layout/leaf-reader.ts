import { Feed } from '../bytes/feed.ts';
import type { Checksum } from './checksum.ts';
import { evaluate, fieldOf } from './expression.ts';
import { judgeUint } from './judge.ts';
import { inScope, type BudgetName, type LayoutFault, type Node } from './node.ts';
import { concatenate, readText, readUint } from './read.ts';
import type { ArrayLayout, BytesLayout, Layout, TextLayout, UintLayout } from './types.ts';

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

/** How a part ended: whole, or cut by its frame or the input with the fault already recorded. */
export type Ending = 'whole' | 'cut';

/** Who is told of what the leaves of a unit are made of. */
export interface LeafSink {
  /** A piece of a leaf too large to keep; borrowed until the call returns. */
  readonly payload: ((leaf: Node, piece: Uint8Array) => void) | undefined;
  /** The bytes of this leaf are to come, so many if the state has them, and then its frame ends. */
  readonly before: (leaf: Node, size: number) => void;
}

/** Reads the leaves of a state from what is fed, within their budgets, and says where they are cut. */
export class LeafReader {
  readonly feed = new Feed();
  readonly budgets: Budgets;
  /** Checksums over fields that are being read. */
  readonly taps = new Set<Checksum>();
  /** The rest of the state is somewhere else. */
  partial = false;
  readonly #sink: LeafSink;
  /** Fields decoded in the current unit. */
  #fields = 0;
  /** Bytes of leaves kept in the current unit. */
  #held = 0;
  /** The state is cut at this offset, and a fault says so already. */
  #saidUntil = -1;
  /** A leaf that takes the next bytes, up to so many in all, and is too long to keep. */
  #flow: { readonly node: Node; readonly most: number } | undefined;

  constructor(sink: LeafSink, budgets: Partial<Budgets>) {
    this.#sink = sink;
    this.budgets = { ...defaultBudgets, ...budgets };
  }

  /** A unit begins: its budgets are whole again. */
  begin(): void {
    this.#fields = 0;
    this.#held = 0;
  }

  /** Whether no more fields of this unit are read. */
  get full(): boolean {
    return this.#fields >= this.budgets.fields;
  }

  *uint(
    layout: UintLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const size = layout.bits >> 3;
    if (limit - this.feed.position < size || !(yield* this.feed.need(size))) {
      return yield* this.#cut(layout, name, parent, size, limit);
    }
    this.#readUint(layout, name, parent);
    return 'whole';
  }

  /** The common case, without a generator: a number whose bytes are all at hand. */
  quick(layout: Layout, name: string, parent: Node, limit: number): boolean {
    if (layout.kind !== 'uint' || this.full) return false;
    const size = layout.bits >> 3;
    if (this.feed.available < size || limit - this.feed.position < size) return false;
    this.#readUint(layout, name, parent);
    return true;
  }

  #readUint(layout: UintLayout, name: string, parent: Node): void {
    const node = this.leaf(layout, name, parent);
    const value = readUint(this.feed, layout);
    node.value = value;
    this.#consume(node, layout.bits >> 3);
    for (const fault of judgeUint(layout, value)) node.faults.push(fault);
  }

  *text(
    layout: TextLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const fits = limit - this.feed.position >= layout.size;
    if (!fits || !(yield* this.feed.need(layout.size))) {
      return yield* this.#cut(layout, name, parent, layout.size, limit);
    }
    const node = this.leaf(layout, name, parent);
    const raw = this.feed.peek(layout.size);
    this.#consume(node, layout.size);
    const string = readText(raw);
    node.value = string ?? raw;
    if (string === undefined) node.faults.push({ code: 'bad-text' });
    return 'whole';
  }

  *bytes(
    layout: BytesLayout,
    name: string,
    parent: Node,
    limit: number,
  ): Generator<void, Ending, void> {
    const wanted = layout.size === undefined ? undefined : (evaluate(layout.size, parent) ?? 0n);
    const room = limit - this.feed.position;
    const most =
      wanted === undefined || wanted > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(wanted);
    const node = this.leaf(layout, name, parent);
    const size = Math.min(most, room);
    const unbroken = room === Infinity || room === size;
    if (unbroken && layout.zero !== true) this.#sink.before(node, size);
    yield* this.passBytes(node, size);
    if (wanted === undefined || BigInt(node.length) === wanted) return 'whole';
    const owner = layout.size === undefined ? undefined : sizeField(layout.size, parent);
    this.say(
      owner ?? node,
      owner === undefined
        ? { code: 'truncated', wanted: Number(wanted), got: node.length }
        : { code: 'overrun', wanted, got: node.length },
      limit,
    );
    return 'cut';
  }

  /** Passes up to `most` bytes into a leaf; keeps them as its value when they are few. */
  *passBytes(node: Node, most: number): Generator<void, void, void> {
    const feed = this.feed;
    const zero = node.layout !== 'gap' && node.layout.kind === 'bytes' && node.layout.zero === true;
    const room = Math.min(this.budgets.keep, this.budgets.hold - this.#held);
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
  flows(): boolean {
    if (this.#flow === undefined) return false;
    const { node, most } = this.#flow;
    const { feed } = this;
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
    const room = Math.min(limit - this.feed.position, wanted);
    const node = this.leaf(layout, name, parent);
    yield* this.passBytes(node, room);
    this.say(node, { code: 'truncated', wanted, got: node.length }, limit);
    return 'cut';
  }

  *overBudget(of: BudgetName, parent: Node, limit: number): Generator<void, Ending, void> {
    if (!(this.feed.position < limit && (yield* this.feed.need(1)))) return 'cut';
    const gap = this.leaf('gap', '(gap)', parent);
    gap.faults.push(this.budget(of));
    yield* this.passBytes(gap, limit - this.feed.position);
    return 'cut';
  }

  budget(of: BudgetName): LayoutFault {
    return { code: 'budget', of, limit: this.budgets[of] };
  }

  /** Records a cut once: what follows it up to the same end is its consequence. */
  say(node: Node, fault: LayoutFault, limit: number): void {
    const where = limit === Infinity ? this.feed.reach : limit;
    if (this.#saidUntil === where || (this.partial && limit === Infinity)) return;
    this.#saidUntil = where;
    node.faults.push(fault);
  }

  #consume(node: Node, count: number): void {
    const feed = this.feed;
    if (this.taps.size > 0) {
      const piece = feed.bytes.subarray(feed.at, feed.at + count);
      for (const sum of this.taps) sum.add(piece);
    }
    feed.take(count);
    node.length += count;
  }

  leaf(layout: Layout | 'gap', name: string, parent: Node): Node {
    this.#fields += 1;
    const node: Node = branch(name, layout, parent, this.feed.position);
    parent.children.push(node);
    return node;
  }
}

export const branch = (
  name: string,
  layout: Layout | 'gap',
  parent: Node | undefined,
  start: number,
): Node => ({ name, layout, parent, start, length: 0, value: undefined, children: [], faults: [] });

/** The field that a size or count is read from. */
export const sizeField = (expr: ArrayLayout['count'], scope: Node): Node | undefined => {
  const field = fieldOf(expr);
  return field === undefined ? undefined : inScope(scope, field);
};
