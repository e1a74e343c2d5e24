import type { Format } from '../formats/format.ts';

const texts = new WeakMap<Format, string>();

/** Remembers the file that a format was read from: printing it is giving the file back. */
export const rememberOrigin = (format: Format, text: string): Format => {
  texts.set(format, text);
  return format;
};

export const originOf = (format: Format): string | undefined => texts.get(format);
