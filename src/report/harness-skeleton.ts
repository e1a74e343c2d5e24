import type { Format } from '../formats/format.ts';
import {
  roleOf,
  type Condition,
  type Expr,
  type Layout,
  type StructLayout,
  type UintLayout,
} from '../layout/types.ts';
import {
  comment,
  identifier,
  literal,
  lookedAtIn,
  quoted,
  type LookedAt,
} from './harness-skeleton-names.ts';
import { hooks, READ_BYTES, READ_NUMBER } from './harness-skeleton-parts.ts';

/**
 * A harness in C for a format, to be filled in: its fields as structs, functions that read them from
 * bytes, and hooks that gather what is written and read it at the end. It compiles as it is, and
 * takes what the format can hold; what the driver checks and does is left to whoever knows it.
 */
export const harnessSkeleton = (format: Format): string => {
  const writer = new SkeletonWriter(identifier(format.id), format.layout);
  return writer.text(format);
};

/** Where a value goes: into a member of the struct that is read, or a variable of its own. */
interface Place {
  readonly to: string;
  readonly name: string;
  readonly isLocal: boolean;
}

class SkeletonWriter {
  readonly #prefix: string;
  readonly #layout: Layout;
  readonly #lookedAt: LookedAt;
  readonly #names = new Map<StructLayout, string>();
  readonly #taken = new Set<string>();
  readonly #types: string[] = [];
  readonly #prototypes: string[] = [];
  readonly #functions: string[] = [];

  constructor(prefix: string, layout: Layout) {
    this.#prefix = prefix;
    this.#layout = layout;
    this.#lookedAt = lookedAtIn(layout);
  }

  text(format: Format): string {
    const prefix = this.#prefix;
    const unit = this.#layout.kind === 'repeat' ? this.#layout.each : 'state';
    const body = this.#part(this.#layout, { to: '', name: identifier(unit), isLocal: true }, 1);
    const code = [...this.#functions, ...body].join('\n');
    const seen = [...this.#lookedAt.looked].sort();
    return [
      '/*',
      ` * ${comment(format.title)}: a harness of vstate-check, to be filled in.`,
      ` * The layout is that of ${comment(format.source)}.`,
      ' * Each FILL IN is a place where the driver does something that no layout says.',
      ' */',
      '#include "vstate_harness.h"',
      '',
      '#include <errno.h>',
      '#include <stdbool.h>',
      '#include <stdint.h>',
      '#include <stdlib.h>',
      '#include <string.h>',
      '',
      '/* Bytes that one restore session may write. */',
      `#define MOST_BYTES ((size_t)64 << 20)`,
      '',
      `struct ${prefix}_device {`,
      '\t/* FILL IN: what the device keeps. */',
      '\tunsigned char *written;',
      '\tsize_t size;',
      '\tbool resuming;',
      '};',
      '',
      'struct reader {',
      '\tconst unsigned char *at;',
      '\tsize_t left;',
      ...(seen.length > 0 ? ['\t/* Numbers that say how to read what follows. */'] : []),
      ...seen.map((name) =>
        this.#lookedAt.texts.has(name)
          ? `\tconst unsigned char *seen_${identifier(name)};`
          : `\tuint64_t seen_${identifier(name)};`,
      ),
      '};',
      '',
      ...(code.includes('read_number(') ? READ_NUMBER : []),
      ...(code.includes('read_bytes(') ? READ_BYTES : []),
      ...this.#types,
      ...this.#prototypes,
      '',
      ...this.#functions,
      `static int read_state(struct ${prefix}_device *device, struct reader *reader)`,
      '{',
      ...(this.#layout.kind === 'struct' ? [] : ['\t(void)device;']),
      ...body,
      '\treturn reader->left == 0 ? 0 : -EMSGSIZE;',
      '}',
      '',
      ...hooks(prefix, comment(format.title).replace(/["\\]/gu, ' ')),
    ].join('\n');
  }

  /** Statements that read one part. */
  #part(layout: Layout, place: Place, depth: number): readonly string[] {
    const tabs = '\t'.repeat(depth);
    const block = (lines: readonly string[], head = ''): readonly string[] => [
      `${tabs}${head}{`,
      ...lines,
      `${tabs}}`,
    ];
    const inner = `${tabs}\t`;
    switch (layout.kind) {
      case 'uint':
        return this.#number(layout, place, depth);
      case 'text':
        return this.#bytes(`${layout.size}`, place, depth);
      case 'bytes':
        return this.#bytes(this.#expr(layout.size), place, depth);
      case 'struct': {
        const name = this.#struct(layout, place.name);
        if (!place.isLocal) return call(tabs, `read_${name}(device, reader, &${place.to})`);
        return block([
          `${inner}struct ${name} ${place.name};`,
          '',
          ...call(inner, `read_${name}(device, reader, &${place.name})`),
          `${inner}/* FILL IN: what the driver does with it. */`,
          `${inner}(void)${place.name};`,
        ]);
      }
      case 'array':
        return block(
          this.#inside(layout.element, element(place), depth),
          `for (uint64_t left = ${this.#expr(layout.count)}; left > 0; left--) `,
        );
      case 'repeat':
        return block(
          this.#inside(layout.element, element(place), depth),
          'while (reader->left > 0) ',
        );
      case 'framed':
        return block([
          `${inner}struct reader rest = *reader;`,
          `${inner}uint64_t size = ${this.#expr(layout.size)};`,
          '',
          `${inner}if (size > reader->left)`,
          `${inner}\treturn -EMSGSIZE;`,
          `${inner}reader->left = (size_t)size;`,
          ...this.#part(layout.inner, place, depth + 1),
          `${inner}rest.at += size;`,
          `${inner}rest.left -= (size_t)size;`,
          `${inner}*reader = rest;`,
        ]);
      case 'choice':
        return this.#choice(layout, place, depth);
      case 'when':
        return block(
          this.#inside(layout.inner, place, depth),
          `if (${this.#condition(layout.condition)}) `,
        );
      case 'lazy':
        return this.#part(layout.get(), { ...place, isLocal: true }, depth);
    }
  }

  /** What stands between braces that are there already. */
  #inside(layout: Layout, place: Place, depth: number): readonly string[] {
    const lines = this.#part(layout, place, depth + 1);
    const tabs = '\t'.repeat(depth + 1);
    const isBlock = lines[0] === `${tabs}{` && lines.indexOf(`${tabs}}`) === lines.length - 1;
    return isBlock ? lines.slice(1, -1).map((line) => line.replace(/^\t/u, '')) : lines;
  }

  #choice(
    layout: Extract<Layout, { kind: 'choice' }>,
    place: Place,
    depth: number,
  ): readonly string[] {
    const tabs = '\t'.repeat(depth);
    const lines: string[] = [];
    for (const [key, inner] of Object.entries(layout.cases)) {
      lines.push(
        `${lines.length === 0 ? tabs : ''}if (${this.#is(layout.by, key)}) {`,
        ...this.#inside(inner, { to: '', name: identifier(key), isLocal: true }, depth),
        `${tabs}} else `,
      );
    }
    const last = this.#inside(layout.otherwise, { ...place, isLocal: true }, depth);
    const joined = [...lines, `${lines.length === 0 ? tabs : ''}{`, ...last, `${tabs}}`];
    return joined.join('\n').replaceAll('else \n', 'else ').split('\n');
  }

  #number(layout: UintLayout, { to, name, isLocal }: Place, depth: number): readonly string[] {
    const tabs = `${'\t'.repeat(depth)}\t`;
    const type = `uint${width(layout)}_t`;
    const magic = roleOf(layout, 'magic')?.values ?? [];
    const lines = [
      `${tabs}uint64_t number;`,
      '',
      ...call(tabs, `read_number(reader, ${layout.bits / 8}, ${layout.little}, &number)`),
      ...(magic.length > 0
        ? [
            `${tabs}if (${magic.map((value) => `number != ${literal(value)}`).join(' && ')})`,
            `${tabs}\treturn -EINVAL;`,
          ]
        : []),
      ...(isLocal
        ? [`${tabs}/* FILL IN: what the driver does with this ${type}. */`]
        : [`${tabs}${to} = (${type})number;`]),
      ...(this.#lookedAt.looked.has(name) ? [`${tabs}${this.#seen(name)} = number;`] : []),
    ];
    return ['\t'.repeat(depth) + '{', ...lines, `${'\t'.repeat(depth)}}`];
  }

  #bytes(size: string, { to, name, isLocal }: Place, depth: number): readonly string[] {
    const tabs = '\t'.repeat(depth);
    if (!isLocal) {
      return [
        `${tabs}${to}_size = ${size};`,
        ...call(tabs, `read_bytes(reader, ${to}_size, &${to})`),
        ...(this.#lookedAt.looked.has(name) ? [`${tabs}${this.#seen(name)} = ${to};`] : []),
      ];
    }
    return [
      `${tabs}{`,
      `${tabs}\tconst unsigned char *bytes;`,
      '',
      ...call(`${tabs}\t`, `read_bytes(reader, ${size}, &bytes)`),
      `${tabs}\t/* FILL IN: what the driver does with these bytes. */`,
      `${tabs}}`,
    ];
  }

  /** The struct and its function, written once; its name. */
  #struct(layout: StructLayout, wanted: string): string {
    const known = this.#names.get(layout);
    if (known !== undefined) return known;
    const name = this.#unused(`${this.#prefix}_${wanted}`);
    this.#names.set(layout, name);
    const members: string[] = [];
    const body: string[] = [];
    const used = new Set<string>();
    for (const [field, inner] of Object.entries(layout.fields)) {
      const member = unusedIn(used, identifier(field));
      const isLocal = !isStored(inner);
      const place = { to: `to->${member}`, name: isLocal ? member : field, isLocal };
      body.push(...this.#part(inner, place, 1));
      if (!isLocal) members.push(...this.#members(inner, member, field));
    }
    const stored = members.length > 0 ? members : ['\tunsigned char nothing;'];
    this.#types.push(`struct ${name} {`, ...stored, '};', '');
    const head = `static int read_${name}(struct ${this.#prefix}_device *device, struct reader *reader, struct ${name} *to)`;
    this.#prototypes.push(`${head};`);
    this.#functions.push(
      head,
      '{',
      '\t(void)device;',
      '\t(void)reader;',
      '\tmemset(to, 0, sizeof *to);',
      ...body,
      '\t/* FILL IN: what the driver checks here. */',
      '\treturn 0;',
      '}',
      '',
    );
    return name;
  }

  #members(layout: Layout, member: string, field: string): readonly string[] {
    const said = [layout.doc, layout.driver].filter((text) => text !== undefined).join('; ');
    const note = said === '' ? [] : [`\t/* ${comment(said)} */`];
    switch (layout.kind) {
      case 'uint':
        return [...note, `\tuint${width(layout)}_t ${member};`];
      case 'text':
      case 'bytes':
        return [...note, `\tconst unsigned char *${member};`, `\tsize_t ${member}_size;`];
      case 'struct':
        return [...note, `\tstruct ${this.#struct(layout, identifier(field))} ${member};`];
      case 'framed':
      case 'when':
        return this.#members(layout.inner, member, field);
      case 'array':
      case 'repeat':
      case 'choice':
      case 'lazy':
        return [];
    }
  }

  #unused(wanted: string): string {
    return unusedIn(this.#taken, wanted);
  }

  #seen(name: string): string {
    return `reader->seen_${identifier(name)}`;
  }

  #expr(expr: Expr | undefined): string {
    if (expr === undefined) return 'reader->left';
    if (typeof expr === 'number') return `${expr}`;
    if (typeof expr === 'string') return this.#seen(expr);
    const { field, times = 1, plus = 0 } = expr;
    const sum = plus === 0 ? '' : plus > 0 ? ` + ${plus}` : ` - ${-plus}`;
    return `${this.#seen(field)}${times === 1 ? '' : ` * ${times}`}${sum}`;
  }

  #condition(condition: Condition): string {
    if ('remaining' in condition) return `reader->left >= ${condition.remaining}`;
    const { field } = condition;
    if ('is' in condition) {
      return condition.is.map((value) => this.#is(field, value)).join(' || ');
    }
    if ('atLeast' in condition) return `${this.#seen(field)} >= ${literal(condition.atLeast)}`;
    return `(${this.#seen(field)} >> ${condition.bit} & 1) != 0`;
  }

  /** Whether a number has this value, by name or number, or a text these letters. */
  #is(field: string, value: bigint | string): string {
    const size = this.#lookedAt.texts.get(field);
    if (size === undefined) return `${this.#seen(field)} == ${this.#value(field, value)}`;
    const letters = Buffer.from(`${value}`, 'latin1').subarray(0, size);
    const compared = Math.min(letters.length + 1, size);
    const seen = this.#seen(field);
    return `${seen} != NULL && memcmp(${seen}, "${quoted(letters)}", ${compared}) == 0`;
  }

  /** A value by name or number. */
  #value(field: string, value: bigint | string): string {
    if (typeof value === 'bigint') return literal(value);
    const named = this.#lookedAt.numbers.get(field)?.names?.[value];
    if (named !== undefined) return literal(named);
    return /^(?:\d{1,20}|0x[0-9a-f]{1,16})$/iu.test(value) ? literal(BigInt(value)) : '0';
  }
}

const element = ({ name }: Place): Place => ({ to: '', name, isLocal: true });

/** Whether the struct around it has a member for it. */
const isStored = (layout: Layout): boolean => {
  if (layout.kind === 'framed' || layout.kind === 'when') return isStored(layout.inner);
  return (
    layout.kind === 'uint' ||
    layout.kind === 'text' ||
    layout.kind === 'bytes' ||
    layout.kind === 'struct'
  );
};

const unusedIn = (taken: Set<string>, wanted: string): string => {
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}_${number}`;
  taken.add(name);
  return name;
};

const width = ({ bits }: UintLayout): number =>
  bits <= 8 ? 8 : bits <= 16 ? 16 : bits <= 32 ? 32 : 64;

const call = (tabs: string, expression: string): readonly string[] => [
  `${tabs}if (${expression} < 0)`,
  `${tabs}\treturn -EINVAL;`,
];
