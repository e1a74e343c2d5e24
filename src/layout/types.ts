import type { Control } from '../finding/finding.ts';

/**
 * What bytes mean, as data. A layout is read by decode, encode, build, describe and the fuzzer;
 * none of them knows a vendor, and no layout holds code.
 */
export type Layout =
  | UintLayout
  | TextLayout
  | BytesLayout
  | StructLayout
  | ArrayLayout
  | RepeatLayout
  | FramedLayout
  | ChoiceLayout
  | WhenLayout
  | LazyLayout;

/** What a number or a run of bytes is for. Rules, mutators, drafts and documents key on it. */
export type Role =
  /** Always this value; tells the format. */
  | { readonly is: 'magic'; readonly values: readonly bigint[] }
  /** Values that a reader of today takes. */
  | { readonly is: 'version'; readonly supported: readonly bigint[] }
  /** Selects what follows; its values are the field's `names`. */
  | { readonly is: 'tag' }
  /** Zero as every writer writes it; a later version may give it a meaning. */
  | { readonly is: 'reserved' }
  /** Filler that the compiler or the format puts in; without meaning. */
  | { readonly is: 'padding' }
  /** Bytes of the field `of`, plus `plus`. */
  | { readonly is: 'length-of'; readonly of: string; readonly plus?: number }
  /** Elements of the field `of`. */
  | { readonly is: 'count-of'; readonly of: string }
  /** Where the field `of` begins, counted from the start of the enclosing struct. */
  | { readonly is: 'offset-of'; readonly of: string }
  /** Over the bytes of the named fields, in their order. */
  | { readonly is: 'checksum-of'; readonly of: readonly string[]; readonly algorithm: ChecksumName }
  /** Indexes the field `of`, or anything with `size` elements. */
  | { readonly is: 'index-into'; readonly of: string; readonly size: number }
  | { readonly is: 'within'; readonly min: bigint; readonly max: bigint }
  | { readonly is: 'one-of'; readonly values: readonly bigint[] }
  /** Names the device; must equal the destination's. */
  | { readonly is: 'identity' }
  /** What the source could do; `relation` says how the destination's value must stand to it. */
  | { readonly is: 'compatibility'; readonly relation: 'equal' | 'superset' | 'at-least' }
  /** Means something only on the host that wrote it; must not leave it. */
  | { readonly is: 'host-only' }
  /** A guest address that the device will use for DMA. */
  | { readonly is: 'iova'; readonly align?: bigint };

export type RoleName = Role['is'];
export type ChecksumName = 'crc32' | 'sum8' | 'sum16' | 'sum32';

/** What any layout may say about itself besides its shape. */
export interface Annotation {
  readonly roles?: readonly Role[];
  /** Who decides the value; inherited from the enclosing layout when absent. */
  readonly control?: Control;
  /** What a reader of the dump should know; one sentence. */
  readonly doc?: string;
  /** What the driver itself does about this field on restore, with its citation. */
  readonly driver?: string;
}

export interface UintLayout extends Annotation {
  readonly kind: 'uint';
  readonly bits: 8 | 16 | 24 | 32 | 40 | 48 | 56 | 64;
  readonly little: boolean;
  /** Values by name; a value that is not named is a fault when the role is `tag` or `strict` is set. */
  readonly names?: Readonly<Record<string, bigint>>;
  /** Every value must be named. */
  readonly strict?: boolean;
  /** Bit numbers by name; set bits that have no name are a fault. */
  readonly flags?: Readonly<Record<string, number>>;
  /** What a draft that says nothing gets, where no role derives it. */
  readonly default?: bigint;
  /** Small values, too, are shown in hexadecimal: identifiers, registers, masks. */
  readonly hex?: boolean;
}

/** ASCII, padded with NUL to `size` bytes. */
export interface TextLayout extends Annotation {
  readonly kind: 'text';
  readonly size: number;
  readonly default?: string;
}

/** Bytes without inner structure: `size` of them, or all that the frame still holds. */
export interface BytesLayout extends Annotation {
  readonly kind: 'bytes';
  /** Absent: all that the frame still holds. */
  readonly size?: Expr;
  /** Each byte must be zero. */
  readonly zero?: boolean;
}

export interface StructLayout extends Annotation {
  readonly kind: 'struct';
  readonly fields: Readonly<Record<string, Layout>>;
}

/** A known number of elements. */
export interface ArrayLayout extends Annotation {
  readonly kind: 'array';
  readonly count: Expr;
  readonly element: Layout;
}

/** Elements to the end of the frame, at least one when `some` is set. */
export interface RepeatLayout extends Annotation {
  readonly kind: 'repeat';
  readonly element: Layout;
  /** What one element is called in a path when the repeat is the whole format: `record[3]`. */
  readonly each: string;
}

/** A stretch of exactly `size` bytes; what `inner` leaves of it is a gap. */
export interface FramedLayout extends Annotation {
  readonly kind: 'framed';
  readonly size: Expr;
  readonly inner: Layout;
}

/** One of several shapes, by the named or numeric value of an earlier field. */
export interface ChoiceLayout extends Annotation {
  readonly kind: 'choice';
  readonly by: string;
  readonly cases: Readonly<Record<string, Layout>>;
  readonly otherwise: Layout;
}

/** Present only if the condition holds. */
export interface WhenLayout extends Annotation {
  readonly kind: 'when';
  readonly condition: Condition;
  readonly inner: Layout;
}

/** For layouts that contain themselves. */
export interface LazyLayout extends Annotation {
  readonly kind: 'lazy';
  readonly get: () => Layout;
}

/** A length or count: a constant, an earlier field by name, or a field times and plus constants. */
export type Expr =
  number | string | { readonly field: string; readonly times?: number; readonly plus?: number };

export type Condition =
  /** The frame holds at least this many more bytes; in an unframed stream, the input does. */
  | { readonly remaining: number }
  /** An earlier field has one of these values, by number or name. */
  | { readonly field: string; readonly is: readonly (bigint | string)[] }
  | { readonly field: string; readonly atLeast: bigint }
  | { readonly field: string; readonly bit: number };

export const roleOf = <Name extends RoleName>(
  layout: Layout,
  name: Name,
): Extract<Role, { is: Name }> | undefined =>
  layout.roles?.find((role): role is Extract<Role, { is: Name }> => role.is === name);
