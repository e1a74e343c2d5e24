import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml';
import { tooMuchYaml } from '../bytes/yaml-size.ts';
import { FormatFileError, keyText, type KeyPath, type Mistake } from './error.ts';

/**
 * Bytes of a file that a person writes: a format file, a policy, an expectation. The largest built-in
 * format takes a third of this, and of the limits below.
 */
export const mostBytes = 1 << 16;
const limits = { items: 4000, line: mostBytes, levels: 40, indent: 120, keys: 1024 } as const;

/** A file as data, with the place of each key. */
export interface FormatDocument {
  readonly data: unknown;
  /** The error that a person sees for a mistake somewhere in the data. */
  located(mistake: Mistake): FormatFileError;
}

/** Reads YAML that nobody vouches for. Throws `FormatFileError`; time and memory are bounded. */
export const readDocument = (
  text: string,
  file: string,
  what = 'a format file',
): FormatDocument => {
  const fail = (line: number, message: string): FormatFileError =>
    new FormatFileError(
      `${file}:${line}: ${message}`,
      `${what} is plain YAML: mappings, lists, numbers and text`,
    );
  measure(text, fail);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    intAsBigInt: true,
    // Looking for a key among all before it takes the square of their number; `plain` does it once.
    uniqueKeys: false,
    prettyErrors: false,
  });
  const lineOf = (node: unknown): number => {
    const at = isRanged(node) ? node.range[0] : 0;
    return lines.linePos(at).line;
  };
  const [problem] = document.errors;
  if (problem !== undefined) {
    const [first = 'not YAML'] = problem.message.split('\n');
    throw fail(lines.linePos(problem.pos[0]).line, first);
  }
  const root = document.contents;
  const data = plain(root, 0, (node, message) => fail(lineOf(node), message));
  return {
    data,
    located: ({ path, message, hint }) => {
      const where = keyText(path);
      const at = lineOf(nodeAt(root, path));
      return new FormatFileError(
        `${file}:${at}: ${where === '' ? '' : `${where}: `}${message}`,
        hint,
      );
    },
  };
};

/** Refuses what would keep a YAML reader busy, before it sees a byte of it. */
const measure = (text: string, fail: (line: number, message: string) => FormatFileError): void => {
  if (text.length > mostBytes) throw fail(1, `larger than ${mostBytes} bytes`);
  const much = tooMuchYaml(text, limits);
  if (much !== undefined) throw fail(Math.max(much.line, 1), much.what);
};

/** The values of a document, without aliases, tags of other types, or a key that stands twice. */
const plain = (
  node: unknown,
  level: number,
  fail: (node: unknown, message: string) => FormatFileError,
): unknown => {
  if (level > limits.levels) throw fail(node, 'nested too deep');
  if (node === null || node === undefined) return undefined;
  if (isAlias(node)) throw fail(node, 'an alias stands here; write the value out');
  if (isScalar(node)) {
    const { value } = node;
    return value === null ? undefined : value;
  }
  if (isSeq(node)) return node.items.map((item) => plain(item, level + 1, fail));
  if (!isMap(node)) throw fail(node, 'not a value of plain YAML');
  const entries = new Map<string, unknown>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : undefined;
    if (name === undefined) throw fail(key, 'a key is a word or a number');
    if (name === '__proto__') throw fail(key, 'a key is not called __proto__');
    if (entries.has(name)) throw fail(key, `the key ${name} stands twice`);
    entries.set(name, plain(value, level + 1, fail));
  }
  // A mapping without a prototype: a key such as `__proto__` is a key.
  return Object.assign(Object.create(null) as object, Object.fromEntries(entries));
};

/** The node at a path, or the last one on the way that is there. */
const nodeAt = (root: unknown, path: KeyPath): unknown => {
  let at = root;
  for (const step of path) {
    let next: unknown;
    if (isMap(at)) {
      const pair = at.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      next = pair?.value ?? pair?.key;
      // The line of a key is where a person looks, not the first line of what it holds.
      if (pair !== undefined && step === path.at(-1)) next = pair.key;
    } else if (isSeq(at)) {
      next = typeof step === 'number' ? at.items[step] : undefined;
    }
    if (next === undefined || next === null) break;
    at = next;
  }
  return at;
};

const isRanged = (node: unknown): node is Node & { readonly range: readonly [number] } =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
