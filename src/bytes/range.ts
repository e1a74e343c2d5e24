/** A run of bytes; offset and length in bytes, both below 2^53. */
export interface Range {
  readonly offset: number;
  readonly length: number;
  /** Path of the file, where it is not the input itself but one of its channels. */
  readonly file?: string;
}
