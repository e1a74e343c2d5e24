import { inFile } from '../bytes/files.ts';

/**
 * Characters that a terminal, a log or a reader's eye would take for something else: control
 * codes, line and paragraph separators, direction overrides, zero-width characters, lone surrogates.
 */
const unsafe = /[\p{Cc}\p{Cs}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;

/** Text from the input as it may be shown: what is unsafe becomes `\x1b` or `\u{202e}`. */
export const printable = (text: string): string =>
  text.replaceAll(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });

/** `4e 2c 3e 8c`. */
export const hexBytes = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** An offset as every report writes it. */
export const offsetText = (offset: number): string => `0x${offset.toString(16)}`;

/** An offset over several files: in the second channel that was given `#2 0x4a60`, in a payload `#1 0x8`. */
export const placeText = (offset: number): string => {
  const place = inFile(offset);
  return place.file === 0 ? offsetText(offset) : `#${place.file} ${offsetText(place.offset)}`;
};

/** `142,910 bytes`, `1 byte`; by hand, because the first call of `toLocaleString` loads ICU. */
export const sizeText = (bytes: number): string =>
  `${String(bytes).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',')} byte${bytes === 1 ? '' : 's'}`;

/** Words broken into lines of at most `width` columns; a longer word stands alone. */
export const wrapped = (text: string, width: number): readonly string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/u)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
};

/** `1.4 GiB`, for people. */
export const sizeUnit = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? 'B'}`;
};
