import type { Finding } from '../../finding/finding.ts';
import { hexBytes, offsetText, sizeText } from '../escape.ts';
import type { Line } from '../picture.ts';
import type { Drawn, Window } from '../report.ts';
import { markup, type Markup } from './markup.ts';

const ROW = 16;

/** The fields of an input beside its bytes; what a finding is about is marked in both. */
export const fieldPanes = (
  id: string,
  drawn: Drawn,
  findings: readonly Finding[],
  most: number,
): Markup => {
  const marked = new Set(
    findings.flatMap(({ device, at }) => at.map(({ path }) => fieldKey(device, path))),
  );
  const shown = drawn.lines.slice(0, most);
  const left = drawn.lines.length - shown.length + drawn.omitted;
  const panes = markup` <div class="panes">
    <div class="fields" tabindex="0" role="region" aria-label="Fields; the arrow keys go from one to the next">
      <table>
        <thead>
          <tr>
            <th scope="col">offset</th>
            <th scope="col">field</th>
            <th scope="col">value</th>
            <th scope="col">set by</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map((line, index) => fieldRow(rowId(id, index), line, marked))}
        </tbody>
      </table>
    </div>
    ${drawn.windows.length === 0 ? markup`<p class="quiet">The bytes could not be read again, so they are not shown.</p>` : hexPane(drawn.windows, findings)}
  </div>`;
  return left === 0
    ? panes
    : markup`${panes}
        <p class="quiet">
          ${left} more fields and items are left out; <code>vstate-check inspect</code> prints them.
        </p>`;
};

/** A field of one of the devices of an input. */
export const fieldKey = (device = '', path: string): string => `${device}\0${path}`;

const rowId = (id: string, index: number): string => `${id}-f${index}`;

/** Which row of the panes shows a field, by `fieldKey`. */
export const fieldRows = (
  id: string,
  { lines }: Drawn,
  most: number,
): ReadonlyMap<string, string> => {
  const rows = new Map<string, string>();
  for (const [index, { device, path }] of lines.slice(0, most).entries()) {
    const name = fieldKey(device, path);
    if (path !== '' && !rows.has(name)) rows.set(name, rowId(id, index));
  }
  return rows;
};

const fieldRow = (id: string, line: Line, marked: ReadonlySet<string>): Markup => {
  const { depth, offset, length, device, path, label, value, bytes, control, faults } = line;
  const bad = faults.length > 0 || (path !== '' && marked.has(fieldKey(device, path)));
  const place =
    offset === undefined || line.file !== undefined || length === 0
      ? markup``
      : markup` data-offset="${offset}" data-length="${length}" tabindex="-1"`;
  const shown = value ?? (bytes.length === 0 ? '' : hexBytes(bytes.subarray(0, 8)));
  const size =
    length > 8 && value === undefined && bytes.length > 0 ? ` … ${sizeText(length)}` : '';
  const notes = faults.map((fault) => ` ! ${fault}`).join('');
  const indent = `padding-left:${0.5 + Math.min(depth, 20)}rem`;
  return markup`<tr id="${id}" ${place}${bad ? markup` class="bad"` : ''}>
    <td class="mono">${offset === undefined ? '' : offsetText(offset)}</td>
    <td style="${indent}">${label}</td>
    <td class="mono">${shown}${size}${notes}</td>
    <td>${control}</td>
  </tr>`;
};

const hexPane = (windows: readonly Window[], findings: readonly Finding[]): Markup => {
  const ranges = findings.flatMap(
    ({ at: [first] }) => first?.ranges.filter(({ file }) => file === undefined) ?? [],
  );
  const inFinding = (at: number): boolean =>
    ranges.some(({ offset, length }) => at >= offset && at < offset + Math.max(length, 1));
  return markup`<pre class="hex" tabindex="0" role="region" aria-label="Bytes">
${windows.map(({ offset, bytes }, index) => markup`${index === 0 ? '' : markup` … `}${rows(offset, bytes, inFinding)}`)}</pre>`;
};

/** Rows of sixteen bytes; runs of bytes that findings are about are marked. */
const rows = (
  start: number,
  bytes: Uint8Array,
  inFinding: (at: number) => boolean,
): readonly Markup[] => {
  const lines: Markup[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = bytes.subarray(at, at + ROW);
    const runs: Markup[] = [];
    for (let from = 0; from < row.length;) {
      const bad = inFinding(start + at + from);
      let to = from + 1;
      while (to < row.length && inFinding(start + at + to) === bad) to += 1;
      const text = hexBytes(row.subarray(from, to));
      const gap = from === 0 ? '' : ' ';
      runs.push(bad ? markup`${gap}<mark>${text}</mark>` : markup`${gap}${text}`);
      from = to;
    }
    const margin = offsetText(start + at).padStart(9);
    lines.push(markup`${margin}  <span data-at="${start + at}">${runs}</span>\n`);
  }
  return lines;
};
