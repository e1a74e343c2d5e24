import type { z } from 'zod';
import * as vocabulary from '../layout/vocabulary.ts';
import { fieldOf } from '../layout/expression.ts';
import type { Annotation, Expr, Layout, Role, UintLayout } from '../layout/types.ts';
import { Mistake, type KeyPath } from './error.ts';
import { checked, isMapping } from './keys.ts';
import { layoutShapes, type LayoutKey, type roleShapes } from './shapes.ts';

/** Layouts within layouts; deeper than any reader of such a file could follow. */
const MOST_LEVELS = 32;
/** Parts of a layout with every named type written out where it is used. */
const MOST_PARTS = 20_000;

type Notes = z.infer<typeof layoutShapes.lazy>;

/** Numbers by the name of their type. */
const numbers: Readonly<Record<string, Pick<UintLayout, 'bits' | 'little'>>> = {
  u8: { bits: 8, little: true },
  le16: { bits: 16, little: true },
  le24: { bits: 24, little: true },
  le32: { bits: 32, little: true },
  le40: { bits: 40, little: true },
  le48: { bits: 48, little: true },
  le56: { bits: 56, little: true },
  le64: { bits: 64, little: true },
  be16: { bits: 16, little: false },
  be24: { bits: 24, little: false },
  be32: { bits: 32, little: false },
  be40: { bits: 40, little: false },
  be48: { bits: 48, little: false },
  be56: { bits: 56, little: false },
  be64: { bits: 64, little: false },
};

const numberNames: readonly string[] = Object.keys(numbers);

/** A layout of a format file, and every name that a formula may use for one of its fields. */
export interface ReadLayout {
  readonly layout: Layout;
  readonly fields: ReadonlySet<string>;
  /** Names of values: undefined where two fields give one name different values. */
  readonly constants: ReadonlyMap<string, bigint | undefined>;
}

/** Makes a layout from the data of a format file. Throws `Mistake`. */
export const readLayout = (
  given: unknown,
  types: Readonly<Record<string, unknown>>,
): ReadLayout => {
  const reader = new LayoutReader(types);
  const layout = reader.read(given, ['layout'], 0);
  reader.finish();
  return { layout, fields: reader.fields, constants: reader.constants };
};

class LayoutReader {
  readonly fields = new Set<string>();
  readonly constants = new Map<string, bigint | undefined>();
  readonly #types: Readonly<Record<string, unknown>>;
  readonly #made = new Map<string, Layout>();
  readonly #parts = new Map<string, number>();
  readonly #making: string[] = [];
  readonly #referred: (readonly [field: string, path: KeyPath])[] = [];
  #count = 0;

  constructor(types: Readonly<Record<string, unknown>>) {
    this.#types = types;
    for (const name of Object.keys(types)) {
      if (!Object.hasOwn(numbers, name) && name !== 'rest') continue;
      throw new Mistake(['types', name], 'this name is taken', 'give the type another name');
    }
  }

  /** Reads types that nothing uses, too, and looks up every field that an expression names. */
  finish(): void {
    for (const name of Object.keys(this.#types)) this.#named(name, ['types', name], 0);
    for (const [field, path] of this.#referred) {
      if (!this.fields.has(field)) throw noField(field, path, [...this.fields]);
    }
  }

  read(given: unknown, path: KeyPath, level: number): Layout {
    if (level > MOST_LEVELS) {
      throw new Mistake(path, 'nested too deep', `at most ${MOST_LEVELS} levels are taken`);
    }
    this.#spend(1, path);
    if (typeof given === 'string') return this.#typed({ type: given }, path, level, path);
    if (given === undefined) {
      throw new Mistake(path, 'a layout is missing', 'such as le32, or { fields: … }');
    }
    const kind = kindOf(given, path);
    switch (kind) {
      case 'type':
        return this.#typed(given, path, level, [...path, 'type']);
      case 'text': {
        const { text: size, default: start, ...notes } = checked(layoutShapes.text, given, path);
        return {
          kind: 'text',
          size,
          ...(start === undefined ? {} : { default: start }),
          ...annotation(notes, given),
        };
      }
      case 'bytes': {
        const { bytes: size, zero, ...notes } = checked(layoutShapes.bytes, given, path);
        this.#refer(size, [...path, 'bytes']);
        return {
          kind: 'bytes',
          size,
          ...(zero === undefined ? {} : { zero }),
          ...annotation(notes, given),
        };
      }
      case 'fields': {
        const { fields, ...notes } = checked(layoutShapes.fields, given, path);
        const made: Record<string, Layout> = {};
        for (const [name, field] of Object.entries(fields)) {
          this.fields.add(name);
          const at = [...path, 'fields', name];
          made[name] = this.read(field, at, level + 1);
          for (const of of partnersOf(made[name])) {
            if (!Object.hasOwn(fields, of)) throw noField(of, at, Object.keys(fields));
          }
        }
        return { kind: 'struct', fields: made, ...annotation(notes, given) };
      }
      case 'array': {
        const { array: count, of, ...notes } = checked(layoutShapes.array, given, path);
        this.#refer(count, [...path, 'array']);
        const element = this.read(of, [...path, 'of'], level + 1);
        return { kind: 'array', count, element, ...annotation(notes, given) };
      }
      case 'repeat': {
        const { repeat, each = 'record', ...notes } = checked(layoutShapes.repeat, given, path);
        const element = this.read(repeat, [...path, 'repeat'], level + 1);
        return { kind: 'repeat', element, each, ...annotation(notes, given) };
      }
      case 'frame': {
        const { frame: size, of, ...notes } = checked(layoutShapes.frame, given, path);
        this.#refer(size, [...path, 'frame']);
        const inner = this.read(of, [...path, 'of'], level + 1);
        return { kind: 'framed', size, inner, ...annotation(notes, given) };
      }
      case 'choice': {
        const {
          choice: by,
          cases,
          otherwise,
          ...notes
        } = checked(layoutShapes.choice, given, path);
        this.#refer(by, [...path, 'choice']);
        const made = Object.entries(cases).map(
          ([key, shape]) => [key, this.read(shape, [...path, 'cases', key], level + 1)] as const,
        );
        return {
          kind: 'choice',
          by,
          cases: Object.fromEntries(made),
          otherwise:
            otherwise === undefined
              ? vocabulary.rest
              : this.read(otherwise, [...path, 'otherwise'], level + 1),
          ...annotation(notes, given),
        };
      }
      case 'when': {
        const { when: condition, then, ...notes } = checked(layoutShapes.when, given, path);
        if ('field' in condition) this.#refer(condition.field, [...path, 'when', 'field']);
        const inner = this.read(then, [...path, 'then'], level + 1);
        return { kind: 'when', condition, inner, ...annotation(notes, given) };
      }
      case 'lazy': {
        const { lazy: name, ...notes } = checked(layoutShapes.lazy, given, path);
        if (!Object.hasOwn(this.#types, name)) throw this.#unknown(name, [...path, 'lazy']);
        const get = (): Layout => this.#named(name, ['types', name], 0);
        return { ...vocabulary.lazy(get), ...annotation(notes, given) };
      }
    }
  }

  /** A number, the rest of the frame, or a type of this file. */
  #typed(given: unknown, path: KeyPath, level: number, named: KeyPath): Layout {
    const read = checked(layoutShapes.type, given, path);
    const { type: name, names, strict, flags, default: start, hex, zero, ...notes } = read;
    const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
    const said = annotation(notes, given);
    const onlyNumber = { names, strict, flags, default: start, hex };
    if (number !== undefined) {
      if (zero !== undefined) throw misplaced([...path, 'zero'], 'bytes', name);
      this.#learn(names);
      return { kind: 'uint', ...number, ...numberOptions(onlyNumber), ...said };
    }
    for (const [key, value] of Object.entries(onlyNumber)) {
      if (value !== undefined) throw misplaced([...path, key], 'numbers', name);
    }
    if (name === 'rest') return { kind: 'bytes', ...(zero === undefined ? {} : { zero }), ...said };
    if (zero !== undefined) throw misplaced([...path, 'zero'], 'bytes', name);
    const layout = this.#named(name, named, level);
    return Object.keys(said).length === 0 ? layout : { ...layout, ...said };
  }

  #named(name: string, path: KeyPath, level: number): Layout {
    const before = this.#made.get(name);
    if (before !== undefined) {
      this.#spend(this.#parts.get(name) ?? 1, path);
      return before;
    }
    if (!Object.hasOwn(this.#types, name)) throw this.#unknown(name, path);
    if (this.#making.includes(name)) {
      throw new Mistake(
        path,
        `the type ${name} contains itself`,
        `write { lazy: ${name} } where it does, behind a condition`,
      );
    }
    this.#making.push(name);
    const from = this.#count;
    const layout = this.read(this.#types[name], ['types', name], level + 1);
    this.#making.pop();
    this.#made.set(name, layout);
    this.#parts.set(name, this.#count - from);
    return layout;
  }

  #unknown(name: string, path: KeyPath): Mistake {
    const known = [...Object.keys(this.#types), ...numberNames, 'rest'];
    return new Mistake(path, `there is no type ${name}`, `known: ${known.join(', ')}`);
  }

  /** A field that an expression reads; it may stand in any layout around this one. */
  #refer(expr: Expr, path: KeyPath): void {
    const field = fieldOf(expr);
    if (field !== undefined) this.#referred.push([field, path]);
  }

  #spend(parts: number, path: KeyPath): void {
    this.#count += parts;
    if (this.#count <= MOST_PARTS) return;
    throw new Mistake(path, `more than ${MOST_PARTS} parts`, 'describe the format in fewer parts');
  }

  #learn(names: Readonly<Record<string, bigint>> | undefined): void {
    for (const [name, value] of Object.entries(names ?? {})) {
      const before = this.constants.get(name);
      const same = !this.constants.has(name) || before === value;
      this.constants.set(name, same ? value : undefined);
    }
  }
}

const kindOf = (given: unknown, path: KeyPath): LayoutKey => {
  const known = Object.keys(layoutShapes);
  const hint = `one of ${known.join(', ')} tells what it is`;
  if (!isMapping(given)) throw new Mistake(path, 'a layout is a name or a mapping', hint);
  // `text` before `type` would be a field of its own; the first key that tells a kind decides.
  const [kind, second] = known.filter(
    (key): key is LayoutKey => Object.hasOwn(given, key) && Object.hasOwn(layoutShapes, key),
  );
  if (kind === undefined) throw new Mistake(path, 'nothing tells what this is', hint);
  if (second === undefined) return kind;
  throw new Mistake([...path, second], `both ${kind} and ${second} tell what this is`, hint);
};

/** Fields that the roles of a field name; they stand beside it. */
const partnersOf = (layout: Layout | undefined): readonly string[] =>
  (layout?.roles ?? []).flatMap((role) => {
    switch (role.is) {
      case 'length-of':
      case 'count-of':
      case 'offset-of':
        return [role.of];
      case 'checksum-of':
        return role.of;
      default:
        return [];
    }
  });

const noField = (field: string, path: KeyPath, known: readonly string[]): Mistake =>
  new Mistake(path, `there is no field ${field}`, `known here: ${known.slice(0, 12).join(', ')}`);

const misplaced = (path: KeyPath, of: string, name: string): Mistake =>
  new Mistake(path, `a key of ${of}, but this is ${name}`, 'take the key away');

type NumberKeys = Pick<
  z.output<typeof layoutShapes.type>,
  'names' | 'strict' | 'flags' | 'default' | 'hex'
>;

const numberOptions = ({ names, strict, flags, default: start, hex }: NumberKeys) => ({
  ...(names === undefined ? {} : { names }),
  ...(strict === undefined ? {} : { strict }),
  ...(flags === undefined ? {} : { flags }),
  ...(start === undefined ? {} : { default: start }),
  ...(hex === undefined ? {} : { hex }),
});

/** Roles in the order in which the file writes them: that is the order of their faults. */
const annotation = (notes: Omit<Notes, 'lazy'>, given: unknown): Annotation => {
  const { control, doc, driver, ...roles } = notes;
  const order = isMapping(given) ? Object.keys(given) : [];
  const made = order.flatMap((key) => roleOf(key, roles));
  return {
    ...(made.length === 0 ? {} : { roles: made }),
    ...(control === undefined ? {} : { control }),
    ...(doc === undefined ? {} : { doc }),
    ...(driver === undefined ? {} : { driver }),
  };
};

type RoleKeys = { readonly [Key in keyof typeof roleShapes]?: z.output<(typeof roleShapes)[Key]> };

const roleOf = (key: string, roles: RoleKeys): readonly Role[] => {
  switch (key) {
    case 'magic':
      return roles.magic === undefined ? [] : [vocabulary.magic(...roles.magic)];
    case 'version':
      return roles.version === undefined ? [] : [vocabulary.version(...roles.version)];
    case 'one-of':
      return roles['one-of'] === undefined ? [] : [vocabulary.oneOf(...roles['one-of'])];
    case 'tag':
    case 'reserved':
    case 'padding':
    case 'identity':
    case 'host-only':
      return [{ is: key }];
    case 'length-of': {
      const length = roles['length-of'];
      return length === undefined ? [] : [vocabulary.lengthOf(length.of, length.plus)];
    }
    case 'count-of':
      return roles['count-of'] === undefined ? [] : [vocabulary.countOf(roles['count-of'])];
    case 'offset-of':
      return roles['offset-of'] === undefined ? [] : [vocabulary.offsetOf(roles['offset-of'])];
    case 'checksum-of': {
      const sum = roles['checksum-of'];
      return sum === undefined ? [] : [vocabulary.checksumOf(sum.algorithm, ...sum.of)];
    }
    case 'index-into': {
      const index = roles['index-into'];
      return index === undefined ? [] : [vocabulary.indexInto(index.of, index.size)];
    }
    case 'within':
      return roles.within === undefined ? [] : [vocabulary.within(...roles.within)];
    case 'compatibility':
      return roles.compatibility === undefined
        ? []
        : [vocabulary.compatibility(roles.compatibility)];
    case 'iova':
      return roles.iova === undefined
        ? []
        : [vocabulary.iova(roles.iova === true ? undefined : roles.iova.align)];
    default:
      return [];
  }
};
