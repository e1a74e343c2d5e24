/** What YAML of unknown origin may have; each is counted before a reader sees a byte of it. */
export interface YamlLimits {
  /** Lines and commas: what a reader spends its time on. */
  readonly items: number;
  /** Characters of one line. */
  readonly line: number;
  /** Brackets within brackets, and columns that lists within lists take: `- - - -`. */
  readonly levels: number;
  readonly indent: number;
  /** Keys of one map, and commas within one bracket. */
  readonly keys: number;
}

/** Why YAML is not read: the line, counted from 1, and what is wrong with it or, for 0, with all. */
export interface TooMuch {
  readonly line: number;
  readonly what: string;
}

/** Why YAML is not read, told before a reader sees it; undefined when it is. */
export const tooMuchYaml = (content: string, limits: YamlLimits): TooMuch | undefined => {
  const seen = { items: 0, keys: new Map<number, number>(), open: [] as number[], left: 0 };
  let line = 0;
  for (let start = 0; start <= content.length;) {
    line += 1;
    const next = content.indexOf('\n', start);
    const end = next < 0 ? content.length : next;
    const what =
      end - start > limits.line
        ? `has more than ${limits.line} characters`
        : lineWrong(content.slice(start, end), seen, limits);
    if (what !== undefined) return { line, what };
    start = end + 1;
    seen.items += 1;
    if (seen.items > limits.items) {
      return { line: 0, what: `has more than ${limits.items} lines and commas` };
    }
  }
  return undefined;
};

interface Seen {
  items: number;
  /** By column, the keys of the maps that are open. */
  readonly keys: Map<number, number>;
  /** Of each bracket that is open, the commas in it. */
  open: number[];
  /** Keys that began while a bracket was open. */
  left: number;
}

/** `[0, 16)` in many messages is no attack. */
const mostLeft = 256;

const beginning = /^[ \t?-]*/u;
const blockKey = /^(?:- *)*(?:[\w.[\]-]+|"[^"]*"|'[^']*') *:(?: |$)/u;

const lineWrong = (
  line: string,
  seen: Seen,
  { levels, indent: mostIndent, keys: mostKeys }: YamlLimits,
): string | undefined => {
  const indent = beginning.exec(line)?.[0] ?? '';
  if (indent.length > mostIndent) return 'is nested too deep';
  if (line.length === indent.length && !indent.includes('-')) return undefined;
  if (line[indent.length] === '#') return undefined;
  const dash = indent.indexOf('-');
  // A line that is shallower ends maps, and so does one that begins the next element of a list.
  const ends = dash < 0 ? indent.length : dash;
  for (const column of seen.keys.keys()) if (column > ends) seen.keys.delete(column);
  const keys = (seen.keys.get(indent.length) ?? 0) + 1;
  seen.keys.set(indent.length, keys);
  const isElement = dash >= 0 && !/[:{]/u.test(line);
  if (!isElement && keys > mostKeys) return `is key ${keys} of one map`;
  // Brackets in names and in text need not be closed; a key in a block begins anew. Where they were no
  // text, a reader takes all that follows to be in them.
  if (seen.open.length > 0 && blockKey.test(line.trimStart())) {
    seen.open = [];
    seen.left += 1;
    if (seen.left > mostLeft) return `leaves bracket ${seen.left} open`;
  }
  const { open } = seen;
  for (const character of line.slice(indent.length)) {
    if (character === ',') {
      seen.items += 1;
      const commas = open.pop();
      if (commas === mostKeys) return `has more than ${mostKeys} commas within brackets`;
      if (commas !== undefined) open.push(commas + 1);
    } else if (character === '[' || character === '{') open.push(0);
    else if (character === ']' || character === '}') open.pop();
    if (open.length > levels) return 'is nested too deep';
  }
  return undefined;
};
