import { TargetSpecError } from './open.ts';

/** Settings in front of a target, `[name=value,…]`, and what follows them. */
export interface Settings {
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly rest: string;
}

export const settingsOf = (text: string, form: string): Settings => {
  const trimmed = text.trim();
  if (!trimmed.startsWith('[')) return { settings: [], rest: trimmed };
  const close = trimmed.indexOf(']');
  if (close === -1) throw new TargetSpecError(`the [ is not closed: ${form}`);
  const settings = trimmed
    .slice(1, close)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const end = equals === -1 ? part.length : equals;
      return [part.slice(0, end).trim(), part.slice(end + 1).trim()] as const;
    });
  return { settings, rest: trimmed.slice(close + 1).trim() };
};

/** Words of a command line; single and double quotes keep spaces, a backslash keeps what follows. */
export const wordsOf = (text: string): readonly string[] => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (quote !== '') {
      if (letter === quote) quote = '';
      else word = (word ?? '') + letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (letter === '\\' && at + 1 < text.length) {
      at += 1;
      word = (word ?? '') + text.charAt(at);
    } else if (/\s/u.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + letter;
    }
  }
  if (quote !== '') throw new TargetSpecError(`a quote is not closed in ${text.trim()}`);
  if (word !== undefined) words.push(word);
  return words;
};
