import type { Cell, DeviceClass, Row } from '../compat/fleet.ts';
import type { Early } from '../compat/early.ts';
import type { Verdict } from '../compat/judge.ts';
import { printable } from '../report/escape.ts';
import type { Direction, Summary } from './compat.ts';

const marks: Readonly<Record<Verdict, string>> = {
  compatible: 'yes',
  incompatible: 'no',
  'only-the-target-can-tell': 'ask',
};

/** Cells of one row that are explained; the rest is counted. */
const mostCells = 32;
/** Names of equal devices that a document lists. */
const mostNames = 100_000;

const label = ({ descriptor, names }: DeviceClass): string =>
  printable(`${descriptor.name}${names.length > 1 ? ` and ${names.length - 1} like it` : ''}`);

export const rowText = ({ source, cells, otherType, counts }: Row, way: Direction): string => {
  const arrow = way === 'forward' ? '→' : '⇢ (back)';
  const lines: string[] = [];
  for (const { destination, answer } of cells.slice(0, mostCells)) {
    lines.push(
      `${marks[answer.verdict].padEnd(4)} ${label(source)} ${arrow} ${label(destination)}`,
    );
    for (const { message } of answer.reasons) lines.push(`       ${printable(message)}`);
    for (const one of answer.ask) lines.push(`       to ask: ${printable(one)}`);
    if (answer.verdict === 'compatible') {
      lines.push(`       the same: ${printable(answer.agree.join(', '))}`);
    }
  }
  if (cells.length > mostCells) {
    lines.push(`     ${label(source)}: ${cells.length - mostCells} more kinds of destination`);
  }
  if (otherType.devices > 0) {
    lines.push(
      `no   ${label(source)} ${arrow} ${otherType.devices} of ${otherType.classes} other types`,
    );
  }
  if (cells.length + otherType.classes > 1) {
    const { compatible, incompatible } = counts;
    const ask = counts['only-the-target-can-tell'];
    lines.push(`     ${compatible} yes, ${ask} ask, ${incompatible} no`);
  }
  return `${lines.join('\n')}\n`;
};

export const summaryText = (summary: Summary, way: Direction): string => {
  const ask = summary['only-the-target-can-tell'];
  const sources = summary.compatible + summary.incompatible + ask;
  if (sources === 1) return '';
  const what = way === 'forward' ? 'sources' : 'destinations, the other way round';
  return `${sources} ${what}: ${summary.compatible} have a compatible place, for ${ask} a target must be asked, ${summary.incompatible} have none\n`;
};

/** What is said below the rows of an early answer; above the end of the stream they may be fewer. */
export const earlyText = ({ verdict, after, read, ended }: Early): string => {
  if (verdict === undefined) {
    const more = ended ? 'and the stream has ended' : 'give the whole stream, without --early';
    return `not certain after ${read} bytes: ${more}\n`;
  }
  const how = ended ? 'only at the end' : `of ${read} that were read`;
  return `${verdict}: certain after ${after} bytes, ${how}\n`;
};

export const earlyDocument = ({ verdict, after, read, ended }: Early): object => ({
  early: { verdict: verdict ?? null, certain: verdict !== undefined, after, read, ended },
});

const classDocument = ({ descriptor, names }: DeviceClass): object => ({
  name: descriptor.name,
  from: descriptor.from,
  count: names.length,
  names: names.slice(0, mostNames),
});

export const rowDocument = (row: Row, way: Direction): unknown => ({
  direction: way,
  source: classDocument(row.source),
  counts: row.counts,
  otherType: row.otherType,
  destinations: row.cells.map(({ destination, answer }) => ({
    ...classDocument(destination),
    ...answer,
  })),
});

export const csvHeader =
  'direction,source,sources,destination,destinations,verdict,about,message\n';

export const csvLines = (row: Row, way: Direction): string => {
  const { source, cells, otherType } = row;
  const lines = cells.map(({ destination, answer }: Cell) =>
    csvLine([
      way,
      source.descriptor.name,
      source.names.length,
      destination.descriptor.name,
      destination.names.length,
      answer.verdict,
      answer.reasons.map(({ about }) => about).join(' '),
      answer.reasons.map(({ message }) => message).join('; '),
    ]),
  );
  if (otherType.devices > 0) {
    const { name } = source.descriptor;
    const why = `${otherType.classes} kinds of another type`;
    const count = otherType.devices;
    lines.push(csvLine([way, name, source.names.length, '', count, 'incompatible', 'type', why]));
  }
  return lines.map((line) => `${line}\n`).join('');
};

const csvLine = (cells: readonly (string | number)[]): string => cells.map(csvCell).join(',');

/** Quoted where it must be; what a spreadsheet would take for a formula gets an apostrophe. */
const csvCell = (value: string | number): string => {
  const text = printable(String(value));
  const safe = /^[=+\-@]/u.test(text) ? `'${text}` : text;
  return /[",;\s]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
