import { severities, type Finding, type Location } from '../../finding/finding.ts';
import { hexBytes, offsetText, sizeText } from '../escape.ts';
import type { Window } from '../report.ts';
import { fieldKey } from './fields.ts';
import { markup, type Markup } from './markup.ts';

const ROW = 16;

/**
 * The findings of one input, worst first, and those that do not count behind the others.
 *
 * @param rows where the page shows a field, by `fieldKey`
 */
export const findingList = (
  findings: readonly Finding[],
  windows: readonly Window[],
  most: number,
  rows: ReadonlyMap<string, string>,
): Markup => {
  if (findings.length === 0) return markup`<p class="word-pass">Nothing wrong was found.</p>`;
  const rank = ({ severity, excused }: Finding): number =>
    severities.indexOf(severity) + (excused === undefined ? 0 : severities.length);
  const sorted = [...findings].sort((a, b) => rank(a) - rank(b));
  const left = sorted.length - Math.min(sorted.length, most);
  return markup`${sorted.slice(0, most).map((finding) => card(finding, windows, rows))}${
    left === 0 ? '' : markup`<p class="quiet">${left} more findings are left out.</p>`
  }`;
};

const card = (
  finding: Finding,
  windows: readonly Window[],
  rows: ReadonlyMap<string, string>,
): Markup => {
  const { rule, severity, message, expected, device, threats, at, confidence } = finding;
  const [first] = at;
  const where = first?.ranges[0];
  const path = first?.path ?? '';
  const row = path === '' ? undefined : rows.get(fieldKey(device, path));
  return markup` <article class="finding ${severity}${finding.excused === undefined ? '' : ' excused'}">
    <h4><span class="word-${severity}">${severity}</span> <a href="#rule-${rule}">${rule}</a></h4>
    <p>${message}</p>
    ${expected === undefined ? '' : markup`<p>expected ${expected}</p>`}
    ${at.slice(0, 4).map((location) => strip(location, windows))}
    <p class="quiet">
      ${row === undefined ? '' : markup`<a href="#${row}">${path}</a> · `}${[
        row === undefined ? path : '',
        device === undefined ? '' : `of ${device}`,
        where === undefined
          ? ''
          : `at ${offsetText(where.offset)}, ${sizeText(where.length)}${where.file === undefined ? '' : ` of ${where.file}`}`,
        first?.control === undefined || first.control === 'unknown'
          ? ''
          : `set by the ${first.control}`,
        `threats: ${threats.join(', ')}`,
        confidence === 'certain' ? '' : `confidence ${confidence}`,
      ]
        .filter((part) => part !== '')
        .join(' · ')}
    </p>
    ${excuse(finding)}
  </article>`;
};

const excuse = ({ excused }: Finding): Markup => {
  if (excused === undefined) return markup``;
  if (excused.kind === 'known') return markup`<p>Known: it stands in the baseline.</p>`;
  const until = excused.expires === undefined ? '' : ` until ${excused.expires}`;
  return markup`<p>Suppressed${until}: ${excused.reason}</p>`;
};

/** The row of bytes that a place lies in, with its bytes marked. */
const strip = ({ ranges, bytes, note }: Location, windows: readonly Window[]): Markup => {
  const [range] = ranges;
  if (range === undefined) return markup``;
  const aligned = range.offset - (range.offset % ROW);
  const window =
    range.file === undefined
      ? windows.find(
          ({ offset, bytes: held }) => aligned >= offset && aligned < offset + held.length,
        )
      : undefined;
  const from = window === undefined ? range.offset : aligned;
  const row =
    window === undefined
      ? bytes.subarray(0, ROW)
      : window.bytes.subarray(aligned - window.offset, aligned - window.offset + ROW);
  if (row.length === 0) return markup``;
  const start = range.offset - from;
  const end = Math.min(start + Math.max(range.length, 1), row.length);
  const remark = note === undefined ? '' : `  ${note}`;
  return markup`<pre class="strip">
${offsetText(from).padStart(9)}  ${hexBytes(row.subarray(0, start))}${start > 0 ? ' ' : ''}<mark>${hexBytes(row.subarray(start, end))}</mark>${end < row.length ? ' ' : ''}${hexBytes(row.subarray(end))}${remark}</pre>`;
};
