import { Document, isScalar, visit } from 'yaml';
import type { Format } from '../formats/format.ts';
import { unreachable } from '../layout/measure.ts';
import type { Condition, Expr, Layout, UintLayout } from '../layout/types.ts';
import {
  conditionText,
  declare,
  exprText,
  foreignName,
  lookUp,
  meaning,
  typeNamer,
  valueOf,
  type Frames,
  type Known,
} from './foreign.ts';

type Spec = Record<string, unknown>;

/** A format in the language of Kaitai Struct: https://doc.kaitai.io/ksy_diagram.html */
export const ksyText = (format: Format): string => {
  const { layout } = format;
  const writer = new KsyWriter();
  const root: Frames = [new Map()];
  const seq =
    layout.kind === 'struct'
      ? writer.fields(layout, root)
      : [writer.field(layout.kind === 'repeat' ? layout.each : 'state', layout, root)];
  const document = new Document(
    {
      meta: {
        id: foreignName(format.id),
        title: format.title,
        endian: 'le',
      },
      doc: `${format.summary.trim()}\n`,
      'doc-ref': format.source,
      seq,
      ...(Object.keys(writer.types).length === 0 ? {} : { types: writer.types }),
    },
    { aliasDuplicateObjects: false },
  );
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === 'bigint') node.format = 'HEX';
    },
  });
  return document.toString({ lineWidth: 100 });
};

/**
 * Writes every struct where it is used as a type of its own: what reads a field around it says
 * `_parent`, and that must have one meaning. Only a type that contains itself stands once.
 */
class KsyWriter {
  readonly types: Record<string, Spec> = {};
  readonly #lazy = new Map<Layout, string>();
  readonly #nameType = typeNamer();

  fields(layout: Extract<Layout, { kind: 'struct' }>, frames: Frames): readonly Spec[] {
    return Object.entries(layout.fields).map(([name, field]) => this.field(name, field, frames));
  }

  field(field: string, layout: Layout, frames: Frames): Spec {
    const spec = this.#spec(layout, foreignName(field), frames);
    const doc = meaning(layout);
    return { id: declare(frames, field, layout), ...spec, ...(doc === '' ? {} : { doc }) };
  }

  #spec(layout: Layout, path: string, frames: Frames): Spec {
    switch (layout.kind) {
      case 'uint':
        return { type: numberType(layout) };
      case 'text':
        return { type: 'strz', size: layout.size, encoding: 'ASCII' };
      case 'bytes':
        return layout.size === undefined
          ? { 'size-eos': true }
          : { size: expression(layout.size, frames) };
      case 'struct':
        return { type: this.#type(layout, path, frames) };
      case 'array':
        return {
          ...this.#element(layout.element, path, frames),
          repeat: 'expr',
          'repeat-expr': expression(layout.count, frames),
        };
      case 'repeat':
        return this.#repeat(layout.element, path, frames);
      case 'framed': {
        const size = expression(layout.size, frames);
        const { inner } = layout;
        if (inner.kind === 'bytes' && inner.size === undefined) return { size };
        if (inner.kind === 'choice') return { size, ...this.#choice(inner, path, frames, true) };
        return { size, type: this.#type(inner, path, frames) };
      }
      case 'choice':
        return this.#choice(layout, path, frames, false);
      case 'when': {
        const { if: also, ...spec } = this.#spec(layout.inner, path, frames);
        const condition = conditionOf(layout.condition, frames);
        return {
          ...spec,
          if: typeof also === 'string' ? `(${condition}) and (${also})` : condition,
        };
      }
      case 'lazy':
        return { type: this.#once(layout.get(), path) };
      default:
        return unreachable(layout);
    }
  }

  /** Our repeat ends at an element without bytes; Kaitai's would go on for ever. */
  #repeat(element: Layout, path: string, frames: Frames): Spec {
    if (element.kind !== 'when') {
      return { ...this.#element(element, path, frames), repeat: 'eos' };
    }
    const { condition, inner } = element;
    const spec = { ...this.#element(inner, path, frames), if: conditionOf(condition, frames) };
    if (!('remaining' in condition)) return { ...spec, repeat: 'eos' };
    const until = `_io.size - _io.pos < ${condition.remaining}`;
    return { ...spec, repeat: 'until', 'repeat-until': until };
  }

  /** What is repeated must be one thing of one size or type. */
  #element(layout: Layout, path: string, frames: Frames): Spec {
    const plain =
      ['uint', 'text', 'struct', 'lazy', 'framed'].includes(layout.kind) ||
      (layout.kind === 'bytes' && layout.size !== undefined);
    return plain ? this.#spec(layout, path, frames) : { type: this.#type(layout, path, frames) };
  }

  #choice(
    layout: Extract<Layout, { kind: 'choice' }>,
    path: string,
    frames: Frames,
    framed: boolean,
  ): Spec {
    const by = lookUp(frames, layout.by);
    const cases: Record<string, string> = {};
    for (const [key, shape] of Object.entries(layout.cases)) {
      const value = valueOf(by.layout, key);
      const type = this.#type(shape, `${path}_${key}`, frames);
      cases[typeof value === 'bigint' ? value.toString() : JSON.stringify(value)] = type;
    }
    const { otherwise } = layout;
    // In a frame, what no case takes is read as the bytes that it is.
    if (!framed || otherwise.kind !== 'bytes') {
      cases._ = this.#type(otherwise, `${path}_other`, frames);
    }
    if (Object.keys(cases).length === 0) return {};
    return { type: { 'switch-on': named(by), cases } };
  }

  /** A type for a layout at this place; what is no struct becomes its only field. */
  #type(layout: Layout, path: string, frames: Frames): string {
    if (layout.kind === 'lazy') return this.#once(layout.get(), path);
    const name = this.#nameType(path);
    this.#write(name, layout, [...frames, new Map()]);
    return name;
  }

  #once(layout: Layout, path: string): string {
    const before = this.#lazy.get(layout);
    if (before !== undefined) return before;
    const name = this.#nameType(path);
    this.#lazy.set(layout, name);
    this.#write(name, layout, [new Map()]);
    return name;
  }

  #write(name: string, layout: Layout, frames: Frames): void {
    const type: Spec = {};
    this.types[name] = type; // Its place among the types, before those that it names.
    type.seq =
      layout.kind === 'struct'
        ? this.fields(layout, frames)
        : [this.field('value', layout, frames)];
  }
}

const numberType = ({ bits, little }: UintLayout): string => {
  if (bits === 8) return 'u1';
  const order = little ? 'le' : 'be';
  // Kaitai has whole numbers of 2, 4 and 8 bytes; others are runs of bits.
  return bits === 16 || bits === 32 || bits === 64 ? `u${bits / 8}${order}` : `b${bits}${order}`;
};

const named = ({ name, levels }: Known & { readonly levels: number }): string =>
  `${'_parent.'.repeat(levels)}${name}`;

const expression = (expr: Expr, frames: Frames): string | number =>
  typeof expr === 'number' ? expr : exprText(expr, (field) => named(lookUp(frames, field)));

const conditionOf = (condition: Condition, frames: Frames): string => {
  if ('remaining' in condition) return `_io.size - _io.pos >= ${condition.remaining}`;
  const known = lookUp(frames, condition.field);
  return conditionText(condition, { name: named(known), layout: known.layout }, 'or');
};
