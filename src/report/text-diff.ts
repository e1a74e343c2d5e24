import type { ChalkInstance } from 'chalk';
import type { DeviceDifference, Difference, FieldDifference, Side } from '../states/diff.ts';
import { offsetText, printable, sizeText, wrapped } from './escape.ts';

const WIDTH = 80;

/** A difference for a person, in lines of at most 80 columns but for names and values of the input. */
export const diffText = (
  { a, b, same, container, devices }: Difference & { readonly a: string; readonly b: string },
  chalk: ChalkInstance,
): string => {
  const lines = [chalk.red(`--- ${printable(a)}`), chalk.green(`+++ ${printable(b)}`)];
  for (const { item, change, ...sides } of container) {
    lines.push(`${printable(item)}${change === 'changed' ? '' : `: ${change}`}`);
    if (sides.a !== undefined) lines.push(chalk.red(`  - ${cut(printable(sides.a))}`));
    if (sides.b !== undefined) lines.push(chalk.green(`  + ${cut(printable(sides.b))}`));
  }
  for (const device of devices) lines.push(...deviceLines(device, chalk));
  if (same) lines.push('no difference');
  return `${lines.join('\n')}\n`;
};

const deviceLines = (device: DeviceDifference, chalk: ChalkInstance): readonly string[] => {
  const { name, change, formats, bytes, fields, noise } = device;
  if (change === 'same' && noise.length === 0) return [];
  const title = name === '' ? 'state' : `state of ${printable(name)}`;
  const [fa, fb] = formats;
  const [ba, bb] = bytes;
  if (change === 'added') return [`${title}: added, ${fb ?? ''}, ${sizeText(bb ?? 0)}`];
  if (change === 'removed') return [`${title}: removed, ${fa ?? ''}, ${sizeText(ba ?? 0)}`];
  const format = fa === fb ? (fa ?? '') : `${fa ?? ''} and ${fb ?? ''}`;
  const size = ba === bb ? sizeText(ba ?? 0) : `${sizeText(ba ?? 0)} and ${sizeText(bb ?? 0)}`;
  const lines = [chalk.bold(`${title}: ${format}, ${size}`)];
  for (const field of fields) lines.push(...fieldLines(field, chalk));
  if (noise.length > 0) {
    const list = `masked, because saves of one device differ there: ${noise.map(printable).join(', ')}`;
    lines.push(...wrapped(list, WIDTH - 2).map((line) => chalk.gray(`  ${line}`)));
  }
  return lines;
};

const fieldLines = (
  { path, change, a, b, differs }: FieldDifference,
  chalk: ChalkInstance,
): readonly string[] => {
  const lines = [`  ${printable(path)}${change === 'changed' ? '' : `: ${change}`}`];
  if (a !== undefined) lines.push(chalk.red(`    - ${sideText(a)}`));
  if (b !== undefined) lines.push(chalk.green(`    + ${sideText(b)}`));
  if (differs !== undefined) {
    const places = `${offsetText(differs.a)} and ${offsetText(differs.b)}`;
    const equal = differs.equal === 0 ? '' : `equal for ${sizeText(differs.equal)}, then `;
    lines.push(chalk.gray(`    ${equal}different at ${places}`));
  }
  return lines;
};

const sideText = ({ offset, length, value, sha256, hex }: Side): string => {
  const place = offsetText(offset).padEnd(10);
  if (value !== undefined) return `${place} ${cut(printable(value))}`;
  if (hex !== undefined) return `${place} ${hex}`;
  return `${place} ${sizeText(length)}, sha256 ${(sha256 ?? '').slice(0, 16)}…`;
};

const cut = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 59)}…`);
