import type {
  Annotation,
  ArrayLayout,
  BytesLayout,
  ChecksumName,
  ChoiceLayout,
  Condition,
  Expr,
  FramedLayout,
  LazyLayout,
  Layout,
  RepeatLayout,
  Role,
  StructLayout,
  TextLayout,
  UintLayout,
  WhenLayout,
} from './types.ts';

/** How an author annotates a field: one role or several, and what the types do not say. */
type Options<L extends Layout> = Omit<L, 'kind' | 'roles' | 'bits' | 'little'> & {
  readonly role?: Role | readonly Role[];
};

type UintOptions = Partial<Options<UintLayout>>;
type Notes = Omit<Annotation, 'roles'> & { readonly role?: Role | readonly Role[] };

const annotated = <T extends { readonly role?: Role | readonly Role[] }>({ role, ...rest }: T) => ({
  ...rest,
  ...(role === undefined ? {} : { roles: 'is' in role ? [role] : role }),
});

const uint =
  (bits: UintLayout['bits'], little: boolean) =>
  (options: UintOptions = {}): UintLayout => ({
    kind: 'uint',
    bits,
    little,
    ...annotated(options),
  });

export const u8 = uint(8, true);
export const le16 = uint(16, true);
export const le24 = uint(24, true);
export const le32 = uint(32, true);
export const le64 = uint(64, true);
export const be16 = uint(16, false);
export const be24 = uint(24, false);
export const be32 = uint(32, false);
export const be64 = uint(64, false);

export const text = (
  size: number,
  options: Notes & Pick<Partial<TextLayout>, 'default'> = {},
): TextLayout => ({ kind: 'text', size, ...annotated(options) });

export const bytes = (
  size: Expr,
  options: Notes & Pick<Partial<BytesLayout>, 'zero'> = {},
): BytesLayout => ({ kind: 'bytes', size, ...annotated(options) });

/** All that the frame still holds. */
export const rest: BytesLayout = { kind: 'bytes' };
export const restOf = (options: Notes & Pick<Partial<BytesLayout>, 'zero'>): BytesLayout => ({
  kind: 'bytes',
  ...annotated(options),
});

export const struct = (
  fields: Readonly<Record<string, Layout>>,
  options: Notes = {},
): StructLayout => ({ kind: 'struct', fields, ...annotated(options) });

export const array = (count: Expr, element: Layout, options: Notes = {}): ArrayLayout => ({
  kind: 'array',
  count,
  element,
  ...annotated(options),
});

export const repeat = (element: Layout, each = 'record', options: Notes = {}): RepeatLayout => ({
  kind: 'repeat',
  element,
  each,
  ...annotated(options),
});

export const framed = (size: Expr, inner: Layout): FramedLayout => ({
  kind: 'framed',
  size,
  inner,
});

export const choice = (
  by: string,
  cases: Readonly<Record<string, Layout>>,
  otherwise: Layout = rest,
): ChoiceLayout => ({ kind: 'choice', by, cases, otherwise });

export const when = (condition: Condition, inner: Layout): WhenLayout => ({
  kind: 'when',
  condition,
  inner,
});

/** A layout that is made when it is first needed, and once: so that it may contain itself. */
export const lazy = (get: () => Layout): LazyLayout => {
  let made: Layout | undefined;
  return { kind: 'lazy', get: () => (made ??= get()) };
};

export const magic = (...values: readonly bigint[]): Role => ({ is: 'magic', values });
export const version = (...supported: readonly bigint[]): Role => ({ is: 'version', supported });
export const tag: Role = { is: 'tag' };
export const reserved: Role = { is: 'reserved' };
export const padding: Role = { is: 'padding' };
export const identity: Role = { is: 'identity' };
export const hostOnly: Role = { is: 'host-only' };
export const lengthOf = (of: string, plus = 0): Role => ({ is: 'length-of', of, plus });
export const countOf = (of: string): Role => ({ is: 'count-of', of });
export const offsetOf = (of: string): Role => ({ is: 'offset-of', of });
export const indexInto = (of: string, size: number): Role => ({ is: 'index-into', of, size });
export const within = (min: bigint, max: bigint): Role => ({ is: 'within', min, max });
export const oneOf = (...values: readonly bigint[]): Role => ({ is: 'one-of', values });
export const iova = (align?: bigint): Role => ({
  is: 'iova',
  ...(align === undefined ? {} : { align }),
});
export const compatibility = (relation: 'equal' | 'superset' | 'at-least'): Role => ({
  is: 'compatibility',
  relation,
});
export const checksumOf = (algorithm: ChecksumName, ...of: readonly string[]): Role => ({
  is: 'checksum-of',
  of,
  algorithm,
});
