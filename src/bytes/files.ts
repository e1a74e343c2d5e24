import type { Range } from './range.ts';

/** Room for the offsets of one file: 16 TiB. */
const ROOM = 2 ** 44;

/** Files of one input, the first one and its side channels, whose offsets fit below 2^53. */
export const mostFiles = 256;

/**
 * Where the offsets of a file begin when an input has several. Walkers and decoders know of one
 * range of offsets only; each file has its own stretch of it, and the first one begins at 0.
 */
export const fileStart = (file: number): number => file * ROOM;

/** The file that an offset lies in, and the offset in that file. */
export const inFile = (offset: number): { readonly file: number; readonly offset: number } => ({
  file: Math.floor(offset / ROOM),
  offset: offset % ROOM,
});

/**
 * What reports call the files of an input behind its own: its channels, or for an input without any the
 * stream that was unpacked out of it.
 */
export const fileNames = (
  path: string,
  channels: readonly { readonly path: string }[] = [],
): readonly string[] =>
  channels.length > 0 ? channels.map((one) => one.path) : [`${path}:payload`];

/** A range as a report shows it: with the path of its file and the offset in that file. */
export const rangeIn = ({ offset, length }: Range, channels: readonly string[]): Range => {
  const place = inFile(offset);
  const file = place.file === 0 ? undefined : channels[place.file - 1];
  return file === undefined ? { offset, length } : { offset: place.offset, length, file };
};
