import type { Range } from '../bytes/range.ts';
import type { Finding, Location } from '../finding/finding.ts';
import { hexBytes, offsetText, printable, sizeText } from './escape.ts';
import type { Line, Picture } from './picture.ts';

/**
 * An input as text, one line a field: what reports that know only lines of text files point into.
 * Line numbers count from 1.
 */
export interface Dump {
  readonly text: string;
  /** The line of a field, or of the last line at or before an offset; 1 where there is none. */
  lineOf(path: string, device: string, offset: number): number;
}

const NAME_WIDTH = 36;

/** @param findings get lines of their own where the picture does not show what they are about */
export const dumpOf = (
  title: string,
  { lines, omitted }: Picture,
  findings: readonly Finding[],
): Dump => {
  const header = [
    `# ${printable(title)}`,
    '# Written by vstate-check: offset, field, value, first bytes. One line a field.',
  ];
  const byField = new Map<string, number>();
  const placed: { readonly offset: number; readonly line: number }[] = [];
  const body = lines.map((line, index) => {
    const number = header.length + index + 1;
    if (line.path !== '') {
      const key = fieldKey(line.device, line.path);
      if (!byField.has(key)) byField.set(key, number);
    }
    if (line.offset !== undefined && line.file === undefined) {
      placed.push({ offset: line.offset, line: number });
    }
    return lineText(line);
  });
  if (omitted > 0) body.push(`# ${omitted} more fields are left out`);
  const end = omitted === 0 ? Infinity : Math.max(-1, ...lines.map(({ offset = -1 }) => offset));
  const alone: Line[] = [];
  const before = header.length + body.length + 1;
  for (const { device = '', rule, at } of findings) {
    const [first] = at;
    const [range] = first?.ranges ?? [];
    if (first === undefined || range === undefined || range.file !== undefined) continue;
    const key = fieldKey(device, first.path);
    if (first.path === '' ? range.offset <= end : byField.has(key)) continue;
    alone.push(aloneLine(first, range, device, rule));
    const line = before + alone.length;
    if (first.path !== '') byField.set(key, line);
    placed.push({ offset: range.offset, line });
  }
  if (alone.length > 0) {
    body.push('# Besides, what findings are about:', ...alone.map(lineText));
  }
  placed.sort((a, b) => (a.offset === b.offset ? a.line - b.line : a.offset - b.offset));
  return {
    text: `${[...header, ...body].join('\n')}\n`,
    lineOf: (path, device, offset) =>
      (path === '' ? undefined : byField.get(fieldKey(device, path))) ?? lastAt(placed, offset),
  };
};

const aloneLine = (
  { path, bytes, value }: Location,
  { offset, length }: Range,
  device: string,
  rule: string,
): Line => ({
  depth: 0,
  offset,
  length,
  device,
  path,
  label: [device, path === '' ? rule : path].filter((part) => part !== '').join(' '),
  ...(value === undefined ? {} : { value }),
  bytes,
  faults: [],
});

const fieldKey = (device: string, path: string): string => `${device}\0${path}`;

const lastAt = (
  placed: readonly { readonly offset: number; readonly line: number }[],
  offset: number,
): number => {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((placed[middle]?.offset ?? Infinity) <= offset) low = middle + 1;
    else high = middle;
  }
  return placed[low - 1]?.line ?? 1;
};

const lineText = ({ depth, offset, length, label, value, bytes, faults }: Line): string => {
  const place = (offset === undefined ? '' : offsetText(offset)).padStart(12);
  const name = `${'  '.repeat(Math.min(depth, 16))}${printable(label)}`;
  const strip = hexBytes(bytes.subarray(0, 8));
  const more = length > 8 && bytes.length > 0 ? `… ${sizeText(length)}` : '';
  const parts = [value === undefined ? '' : printable(value), strip, more].filter(
    (part) => part !== '',
  );
  const notes = faults.map((fault) => `! ${printable(fault)}`);
  const tail = [...parts, ...notes].join('  ');
  return tail === '' ? `${place}  ${name}` : `${place}  ${name.padEnd(NAME_WIDTH)} ${tail}`;
};
