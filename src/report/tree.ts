import type { ChalkInstance } from 'chalk';
import type { Observer } from '../check/examine.ts';
import { rawOf, valueText } from '../layout/show.ts';
import { configTree } from '../container/qemu/config-layout.ts';
import type { Node } from '../layout/node.ts';
import { hexBytes, placeText, printable, sizeText } from './escape.ts';
import { depthOf, eventText, faultText } from './words.ts';

/** Where the columns of a line begin. */
const NAME_WIDTH = 30;
const STRIP = 8;

export interface TreeOptions {
  readonly chalk: ChalkInstance;
  /** Lines beyond this are counted, not printed. */
  readonly limit: number;
  /** Only the state of this device. */
  readonly device: string | undefined;
  readonly write: (line: string) => void;
}

/** Prints what an examination tells as it comes: items of the container, then fields of each state. */
export const treePrinter = ({
  chalk,
  limit,
  device,
  write,
}: TreeOptions): Observer & {
  readonly omitted: () => number;
} => {
  let lines = 0;
  let omitted = 0;
  const line = (offset: number | undefined, depth: number, text: string): void => {
    lines += 1;
    if (lines > limit) {
      omitted += 1;
      return;
    }
    const place = offset === undefined ? '' : placeText(offset);
    write(`${chalk.gray(place.padStart(12))}  ${'  '.repeat(depth)}${text}`);
  };
  /** A field and all below it; `placed` gives the offset in the file. */
  const fieldLines = (
    label: string,
    field: Node,
    depth: number,
    placed: (field: Node) => number | undefined,
  ): void => {
    const offset = placed(field);
    const faults = field.faults.map((fault) => chalk.red(` ! ${faultText(fault)}`)).join('');
    if (field.children.length > 0) {
      line(offset, depth, `${chalk.bold(printable(label))}${faults}`);
      for (const inner of field.children) fieldLines(inner.name, inner, depth + 1, placed);
      return;
    }
    const name = printable(label).padEnd(Math.max(NAME_WIDTH - 2 * depth, 1));
    line(offset, depth, `${name} ${leafText(field, chalk)}${faults}`);
  };
  return {
    omitted: () => omitted,
    event: (event) => {
      if (event.kind === 'device-config') {
        const root = configTree(event);
        if (root === undefined || (device !== undefined && device !== event.section.idstr)) return;
        fieldLines('PCIDevice', root, 2, ({ start }) => event.offset + start);
        return;
      }
      if (device !== undefined) return;
      const text = eventText(event);
      if (text !== undefined && 'offset' in event) line(event.offset, depthOf(event), text);
    },
    unit: (unit) => {
      if (device !== undefined && device !== unit.device) return;
      if (unit.device !== '') line(undefined, 0, chalk.cyan(`state of ${printable(unit.device)}`));
      const { root, format } = unit;
      const label = root.name === '' ? format : root.name;
      fieldLines(
        label,
        root,
        unit.device === '' ? 0 : 1,
        (field) => unit.locate(field).ranges[0]?.offset,
      );
    },
  };
};

/** Value, then the first bytes as they stand in the file. */
const leafText = (field: Node, chalk: ChalkInstance): string => {
  const raw = rawOf(field);
  const strip = hexBytes(raw.subarray(0, STRIP));
  const more = field.length > STRIP ? ` … ${sizeText(field.length)}` : '';
  const value = valueText(field);
  const bytes = chalk.gray(`${strip}${more}`);
  return value === undefined ? bytes : `${printable(value).padEnd(20)} ${bytes}`;
};
