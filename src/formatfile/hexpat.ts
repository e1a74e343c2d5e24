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
} from './foreign.ts';

/** Where the bytes of a frame end, as a local variable of the type in which the frame stands. */
const end = (number: number): string => `frame_end_${number}`;

/** The place in the types where a layout is read. */
interface Place {
  readonly frames: Frames;
  /** The innermost frame: its number, and how many types outwards its variable is. */
  readonly frame: { readonly number: number; readonly levels: number } | undefined;
}

/** A format in the pattern language of ImHex: https://docs.werwolv.net/pattern-language/ */
export const hexpatText = (format: Format): string => {
  const writer = new HexpatWriter();
  const { layout } = format;
  const root =
    layout.kind === 'struct'
      ? layout
      : ({
          kind: 'struct',
          fields: { [layout.kind === 'repeat' ? layout.each : 'state']: layout },
        } as const);
  const name = writer.type(root, 'state', { frames: [], frame: undefined });
  return `${[
    `#pragma description ${oneLine(`${format.id}: ${format.title}`)}`,
    '#pragma endian little',
    '',
    'import std.mem;',
    '',
    ...format.summary
      .trim()
      .split('\n')
      .map((line) => `// ${line}`.trimEnd()),
    `// Source: ${oneLine(format.source)}`,
    '',
    writer.text(),
    `${name} state @ 0x00;`,
  ].join('\n')}\n`;
};

/**
 * Writes every struct where it is used as a type of its own, so that `parent` has one meaning.
 * ImHex has no streams within streams: the end of a frame is a variable, and `$` is moved behind it.
 */
class HexpatWriter {
  readonly #done: string[] = [];
  readonly #lazy = new Map<Layout, string>();
  readonly #nameType = typeNamer();
  #ends = 0;

  text(): string {
    return this.#done.join('\n');
  }

  /** A type for a layout at this place; what is no struct becomes its only field. */
  type(layout: Layout, path: string, place: Place): string {
    if (layout.kind === 'lazy') return this.#once(layout.get(), path);
    const name = typeName(this.#nameType(path));
    this.#write(name, layout, {
      frames: [...place.frames, new Map()],
      frame: place.frame && { ...place.frame, levels: place.frame.levels + 1 },
    });
    return name;
  }

  #once(layout: Layout, path: string): string {
    const before = this.#lazy.get(layout);
    if (before !== undefined) return before;
    const name = typeName(this.#nameType(path));
    this.#lazy.set(layout, name);
    this.#done.push(`using ${name};\n`);
    this.#write(name, layout, { frames: [new Map()], frame: undefined });
    return name;
  }

  #write(name: string, layout: Layout, place: Place): void {
    const fields =
      layout.kind === 'struct' ? Object.entries(layout.fields) : [['value', layout] as const];
    const lines = fields.flatMap(([field, shape]) => this.#field(field, shape, place));
    this.#done.push(`struct ${name} {\n${indented(lines).join('\n')}\n};\n`);
  }

  #field(field: string, layout: Layout, place: Place): readonly string[] {
    const path = foreignName(field);
    const body = (name: string): readonly string[] => this.#lines(layout, name, path, place);
    // Declared behind its own lines: a field cannot read itself.
    const lines = body(nextName(field, place.frames));
    declare(place.frames, field, layout);
    return lines;
  }

  #lines(layout: Layout, name: string, path: string, place: Place): readonly string[] {
    const said = meaning(layout);
    const note = said === '' ? '' : ` [[comment("${escaped(said)}")]]`;
    switch (layout.kind) {
      case 'uint':
        return [`${this.#number(layout, path)} ${name}${byteCount(layout)}${note};`];
      case 'text':
        return [`char ${name}[${layout.size}]${note};`];
      case 'bytes':
        return [
          `u8 ${name}[${layout.size === undefined ? remaining(place) : expression(layout.size, place)}]${note};`,
        ];
      case 'struct':
        return [`${this.type(layout, path, place)} ${name}${note};`];
      case 'lazy':
        return [`${this.type(layout, path, place)} ${name}${note};`];
      case 'array': {
        const element = this.#element(layout.element, path, place);
        return [`${element} ${name}[${expression(layout.count, place)}]${note};`];
      }
      case 'repeat': {
        const { element: each } = layout;
        const conditional = each.kind === 'when' && 'remaining' in each.condition;
        const least = conditional && 'remaining' in each.condition ? each.condition.remaining : 1;
        const element = this.#element(conditional ? each.inner : each, path, place);
        return [`${element} ${name}[while(${remaining(place)} >= ${least})]${note};`];
      }
      case 'framed': {
        this.#ends += 1;
        const number = this.#ends;
        const inner = { ...place, frame: { number, levels: 0 } };
        return [
          `u64 ${end(number)} = $ + ${expression(layout.size, place)};`,
          ...this.#lines(layout.inner, name, path, inner),
          `$ = ${end(number)};`,
        ];
      }
      case 'choice':
        return this.#choice(layout, name, path, place);
      case 'when': {
        const inner = this.#lines(layout.inner, name, path, place);
        return [`if (${conditionOf(layout.condition, place)}) {`, ...indented(inner), '}'];
      }
      default:
        return unreachable(layout);
    }
  }

  #choice(
    layout: Extract<Layout, { kind: 'choice' }>,
    name: string,
    path: string,
    place: Place,
  ): readonly string[] {
    const by = lookUp(place.frames, layout.by);
    const referred = outwards(by.name, by.levels);
    const lines: string[] = [];
    for (const [key, shape] of Object.entries(layout.cases)) {
      const value = valueOf(by.layout, key);
      const test =
        typeof value === 'bigint'
          ? `${referred} == ${value}`
          : // Text is padded with NUL to its size, and compared with all of it.
            `${referred} == "${escaped(value)}${'\\x00'.repeat(Math.max(textSize(by.layout) - value.length, 0))}"`;
      lines.push(
        `${lines.length === 0 ? 'if' : '} else if'} (${test}) {`,
        ...indented(this.#lines(shape, name, `${path}_${foreignName(key)}`, place)),
      );
    }
    const otherwise = this.#lines(layout.otherwise, name, `${path}_other`, place);
    return lines.length === 0 ? otherwise : [...lines, '} else {', ...indented(otherwise), '}'];
  }

  /** What an array repeats is a type. */
  #element(layout: Layout, path: string, place: Place): string {
    return layout.kind === 'uint' && byteCount(layout) === ''
      ? this.#number(layout, path)
      : this.type(layout, path, place);
  }

  /** A number, or an enumeration where its values have names. */
  #number(layout: UintLayout, path: string): string {
    const order = layout.little ? '' : 'be ';
    const number = byteCount(layout) === '' ? `u${layout.bits}` : 'u8';
    if (layout.names === undefined || byteCount(layout) !== '') return `${order}${number}`;
    const name = typeName(this.#nameType(`${path}_values`));
    const values = Object.entries(layout.names).map(
      ([label, value]) => `${label.replaceAll(/\W/gu, '_').replace(/^(?=\d)/u, '_')} = ${value}`,
    );
    this.#done.push(`enum ${name} : ${number} {\n${indented(values).join(',\n')}\n};\n`);
    return `${order}${name}`;
  }
}

/** ImHex has no numbers of five and seven bytes; they are shown as bytes. */
const byteCount = ({ bits }: UintLayout): string =>
  bits === 40 || bits === 56 ? `[${bits / 8}]` : '';

const nextName = (field: string, frames: Frames): string =>
  declare([new Map(frames.at(-1))], field, { kind: 'bytes' });

const typeName = (name: string): string =>
  name
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('_');

const outwards = (name: string, levels: number): string => `${'parent.'.repeat(levels)}${name}`;

/** Bytes to the end of the innermost frame, or of the file. */
const remaining = ({ frame }: Place): string =>
  frame === undefined ? 'std::mem::size() - $' : `${outwards(end(frame.number), frame.levels)} - $`;

const expression = (expr: Expr, { frames }: Place): string =>
  exprText(expr, (field) => {
    const { name, levels } = lookUp(frames, field);
    return outwards(name, levels);
  });

const conditionOf = (condition: Condition, place: Place): string => {
  if ('remaining' in condition) return `${remaining(place)} >= ${condition.remaining}`;
  const { name, levels, layout } = lookUp(place.frames, condition.field);
  return conditionText(condition, { name: outwards(name, levels), layout }, '||');
};

const textSize = (layout: Layout): number => (layout.kind === 'text' ? layout.size : 0);

const indented = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => `    ${line}`);

const oneLine = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim();

const escaped = (text: string): string =>
  oneLine(text)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`);
