/** What `decode` writes and `encode` reads. Within `version` 1 keys are added, never renamed. */
export interface StateDocument {
  readonly document: typeof documentMark;
  readonly version: 1;
  readonly container: string;
  /** Bytes of the input. */
  readonly bytes: number;
  readonly devices: readonly DeviceDocument[];
  /** The input in order: stretches of the container, and of the states; absent for a bare state. */
  readonly pieces?: readonly PieceDocument[];
}

export interface DeviceDocument {
  readonly name: string;
  readonly instance: number;
  readonly format: string;
  readonly bytes: number;
  readonly fields: readonly FieldDocument[];
}

export type FieldDocument =
  NumberDocument | TextDocument | (HexDocument & Named) | (FileDocument & Named) | BranchDocument;

interface Named {
  readonly name: string;
  /** Bytes that the format does not explain. */
  readonly gap?: boolean;
}

export interface NumberDocument extends Named {
  /** `u8`, `le16` … `be64`. */
  readonly type: string;
  /** A JSON number up to 2^53 − 1; else text, decimal or `0x…`. */
  readonly value: number | string;
  /** The name of the value; for the reader, `encode` looks at `value` alone. */
  readonly means?: string;
}

export interface TextDocument extends Named {
  /** Bytes of the field; NUL fills what the text leaves. */
  readonly size: number;
  readonly text: string;
}

export interface HexDocument {
  readonly hex: string;
}

/** Bytes that stand in a file of the payload directory. */
export interface FileDocument {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface BranchDocument extends Named {
  readonly fields: readonly FieldDocument[];
}

export type PieceDocument = HexDocument | FileDocument | StatePieceDocument;

/** Bytes of a device's state: `bytes` of them from `at` on. */
export interface StatePieceDocument {
  /** Index in `devices`. */
  readonly device: number;
  readonly at: number;
  readonly bytes: number;
  readonly as?: 'base64';
}

export const documentMark = 'vstate-check decode';

/** What keeps a document, written by anybody, from taking more memory than a state is worth. */
export const documentLimits = {
  /** Bytes of JSON text. */
  text: 96 << 20,
  /** Values, names included. */
  values: 3 << 19,
  /** Brackets within brackets. */
  depth: 200,
  /** Members of one object; those of a document have about ten. */
  members: 1024,
  /** Elements of one list; all values are counted, so this bounds nothing more. */
  elements: 1 << 22,
  run: 1 << 16,
  /** A payload is one string. */
  long: { name: 'hex', run: 96 << 20 },
  /** Bytes of NUL behind texts that are shorter than their fields. */
  filled: 16 << 20,
  /** Fields that `decode` lists; what lies behind is one stretch of bytes. */
  fields: 1 << 18,
  /** Bytes of an input that fit into a document without a payload directory. */
  inline: 32 << 20,
} as const;

/** A document that `encode` cannot take, in one line. */
export class DocumentError extends Error {}

/** The type of a number field, as documents name it, and back. */
export const numberTypes: Readonly<
  Record<string, { readonly size: number; readonly little: boolean }>
> = Object.freeze(
  Object.fromEntries([
    ['u8', { size: 1, little: true }],
    ...[16, 24, 32, 40, 48, 56, 64].flatMap((bits) => [
      [`le${bits}`, { size: bits / 8, little: true }],
      [`be${bits}`, { size: bits / 8, little: false }],
    ]),
  ]) as Record<string, { readonly size: number; readonly little: boolean }>,
);
