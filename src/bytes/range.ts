/** A run of bytes; offset and length in bytes, both below 2^53. */
export interface Range {
  readonly offset: number;
  readonly length: number;
  /** Name of the file, where it is not the input itself but a channel of it or its payload. */
  readonly file?: string;
}
