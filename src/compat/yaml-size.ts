/** What a YAML reader is given of a descriptor file; larger fleets are written in JSON. */
const MOST_CHARACTERS = 1 << 20;
/** Lines and commas: what such a reader spends its time on. A device has about fifteen. */
const MOST_ITEMS = 20_000;
const LONGEST_LINE = 16_384;
/** Brackets within brackets, and columns that lists within lists take: `- - - -`. */
const MOST_LEVELS = 16;
const MOST_INDENT = 64;
/** Keys of one map: a reader compares each with all before it. */
const MOST_KEYS = 1024;

/** Why YAML is not read, told before a reader sees it; undefined when it is. */
export const tooMuchYaml = (content: string): string | undefined => {
  if (content.length > MOST_CHARACTERS) {
    return `has ${content.length} characters of YAML, and at most ${MOST_CHARACTERS} are read`;
  }
  const seen = { items: 0, keys: new Map<number, number>(), commas: 0, open: 0 };
  let number = 0;
  for (let start = 0; start <= content.length; number += 1) {
    const next = content.indexOf('\n', start);
    const end = next < 0 ? content.length : next;
    const wrong =
      end - start > LONGEST_LINE
        ? `has more than ${LONGEST_LINE} characters`
        : lineWrong(content.slice(start, end), seen);
    if (wrong !== undefined) return `line ${number + 1} ${wrong}`;
    start = end + 1;
    seen.items += 1;
    if (seen.items > MOST_ITEMS) return `has more than ${MOST_ITEMS} lines and commas`;
  }
  return undefined;
};

interface Seen {
  items: number;
  /** By column, the keys of the maps that are open. */
  readonly keys: Map<number, number>;
  commas: number;
  open: number;
}

const beginning = /^[ \t?-]*/u;
const blockKey = /^(?:- *)*(?:[\w.[\]-]+|"[^"]*"|'[^']*') *:(?: |$)/u;

const lineWrong = (line: string, seen: Seen): string | undefined => {
  const indent = beginning.exec(line)?.[0] ?? '';
  if (indent.length > MOST_INDENT) return 'is nested too deep';
  if (line.length === indent.length && !indent.includes('-')) return undefined;
  const dash = indent.indexOf('-');
  // A line that is shallower ends maps, and so does one that begins the next element of a list.
  const ends = dash < 0 ? indent.length : dash;
  for (const column of seen.keys.keys()) if (column > ends) seen.keys.delete(column);
  const keys = (seen.keys.get(indent.length) ?? 0) + 1;
  seen.keys.set(indent.length, keys);
  const isElement = dash >= 0 && !/[:{]/u.test(line);
  if (!isElement && keys > MOST_KEYS) return `is key ${keys} of one map`;
  // Brackets in names and in text need not be closed; a key in a block begins anew.
  if (blockKey.test(line.trimStart())) {
    seen.open = 0;
    seen.commas = 0;
  }
  for (const character of line.slice(indent.length)) {
    if (character === ',') {
      seen.items += 1;
      seen.commas += 1;
    } else if (character === '[' || character === '{') seen.open += 1;
    else if ((character === ']' || character === '}') && seen.open > 0) seen.open -= 1;
    if (seen.open > MOST_LEVELS) return 'is nested too deep';
    if (seen.commas > MOST_KEYS) return `has more than ${MOST_KEYS} commas within brackets`;
  }
  return undefined;
};
