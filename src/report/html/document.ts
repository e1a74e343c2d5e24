import type { CheckedInput } from '../../check/check.ts';
import { counts, threatTitles } from '../../finding/finding.ts';
import type { Rule } from '../../rules/rule.ts';
import { sizeText } from '../escape.ts';
import type { UnreadInput } from '../json.ts';
import { fewer } from '../picture.ts';
import { isUnread, threatsOf, type Report } from '../report.ts';
import { rulesDigest } from '../rules-digest.ts';
import { containerText, plural, talliedFindings } from '../words.ts';
import { fieldPanes, fieldRows } from './fields.ts';
import { findingList } from './findings.ts';
import { streamMap } from './map.ts';
import { markup, type Markup } from './markup.ts';
import { pageOf } from './page.ts';

/** Over all inputs of a page, so that it opens in a second whatever was checked. */
const MOST_LINES = 8_000;
const MOST_FINDINGS = 1_000;
const MOST_STRETCHES = 4_000;
const MOST_INPUTS = 500;
/** Of more inputs, the fields are not printed: paper is for what was found. */
const MOST_PRINTED = 8;

/** The page of one check. */
export const htmlDocument = (report: Report): string => {
  const inputs = report.inputs.slice(0, MOST_INPUTS);
  const title =
    report.inputs.length === 1 ? (report.inputs[0]?.path ?? '') : `${report.inputs.length} inputs`;
  const about = markup`${report.tool.version} · ${report.rules.length} rules, digest <span class="mono">${rulesDigest(report.rules).slice(0, 16)}</span>`;
  const left = report.inputs.length - inputs.length;
  return pageOf(
    title,
    about,
    markup`${verdict(report)}
${contents(inputs)}
<h2 id="threats">By threat</h2>
${threatTable(report)}
${inputs.map((input, index) => inputPart(report, input, index, inputs.length))}
${inputs.length > MOST_PRINTED ? markup`<p class="quiet on-paper">The fields and bytes of each input stand on the page on a screen.</p>` : ''}
${left > 0 ? markup`<p class="quiet">${left} more inputs are left out of this page.</p>` : ''}
${gone(report)}
${unchecked(report)}
${rulePages(report)}`,
  );
};

const verdict = ({ inputs, threshold, expect }: Report): Markup => {
  const failing = inputs.filter(
    (input) =>
      !isUnread(input) &&
      threshold !== undefined &&
      input.findings.some((finding) => counts(finding, threshold)),
  ).length;
  const unread = inputs.filter(isUnread).length;
  const excused = inputs.reduce(
    (sum, input) => sum + (isUnread(input) ? 0 : talliedFindings(input.findings).excused),
    0,
  );
  const good = failing === 0 && unread === 0;
  const told =
    threshold === undefined
      ? 'No severity fails this run.'
      : failing === 0
        ? `No finding at or above ${threshold} that counts.`
        : inputs.length === 1
          ? `Findings at or above ${threshold}.`
          : `${failing} of ${inputs.length} inputs with findings at or above ${threshold}${excused > 0 ? ' that count' : ''}.`;
  const wanted = Object.entries(expect);
  return markup`<p>
      <strong class="${good ? 'word-pass' : 'word-high'}">${told}</strong
      >${unread === 0 ? '' : ` ${unread} could not be read.`}${excused === 0 ? '' : ` ${excused} known or suppressed.`}
    </p>
    ${wanted.length === 0 ? '' : markup`<p>Destination: <span class="mono">${wanted.map(([name, value]) => `${name}=${value}`).join(', ')}</span></p>`}`;
};

const contents = (inputs: readonly (CheckedInput | UnreadInput)[]): Markup => {
  if (inputs.length < 2) return markup``;
  return markup`<nav aria-label="Inputs">
    <div class="scroll">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">input</th>
            <th scope="col">holds</th>
            <th scope="col">findings</th>
          </tr>
        </thead>
        <tbody>
          ${inputs.map(
            (input, index) =>
              markup`<tr>
                <td><a href="#input-${index}">${input.path}</a></td>
                <td>${isUnread(input) ? input.error : containerText(input.container)}</td>
                <td>${isUnread(input) ? 'not read' : tally(input)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </nav>`;
};

const tally = ({ findings }: CheckedInput): Markup => {
  const { counted, excused } = talliedFindings(findings);
  const parts = counted.map(
    ([severity, count]) => markup`<span class="word-${severity}">${count} ${severity}</span> `,
  );
  if (excused > 0) parts.push(markup`<span class="quiet">${excused} known or suppressed</span>`);
  return parts.length === 0 ? markup`<span class="word-pass">none</span>` : markup`${parts}`;
};

const threatTable = (report: Report): Markup => {
  const rows = threatsOf(report).map((sum) => {
    return markup`<tr>
      <th scope="row">${sum.threat}<br /><span class="quiet">${threatTitles[sum.threat]}</span></th>
      <td class="number ${sum.pass > 0 ? 'word-pass' : ''}">${sum.pass}</td>
      <td class="number ${sum.fail > 0 ? 'word-high' : ''}">${sum.fail}</td>
      <td class="number ${sum.undecided > 0 ? 'word-medium' : ''}">${sum.undecided}</td>
      <td class="number quiet">${sum['not-applicable']}</td>
    </tr>`;
  });
  return markup`<div class="scroll">
      <table class="threats">
        <thead>
          <tr>
            <th scope="col">threat</th>
            <th scope="col" class="number">passed</th>
            <th scope="col" class="number">failed</th>
            <th scope="col" class="number">undecided</th>
            <th scope="col" class="number">not applicable</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <p class="quiet">
      Counted by rule and input. A threat without passed rules was not looked at: its silence says
      nothing.
    </p>`;
};

const inputPart = (
  report: Report,
  input: CheckedInput | UnreadInput,
  index: number,
  all: number,
): Markup => {
  const head = markup`<h2 id="input-${index}">${input.path}</h2>`;
  if (isUnread(input))
    return markup`${head}
      <p class="word-high">Not read: ${input.error}</p>`;
  const drawn = report.pictures.get(input.path);
  const windows = drawn?.windows ?? [];
  const mostLines = Math.max(Math.floor(MOST_LINES / all), 20);
  const rows: ReadonlyMap<string, string> =
    drawn === undefined ? new Map() : fieldRows(`i${index}`, drawn, mostLines);
  const shown = input.devices.slice(0, 64);
  return markup`${head}
    <dl class="facts">
      <dt>container</dt>
      <dd>${containerText(input.container)}</dd>
      <dt>size</dt>
      <dd>${sizeText(input.bytes)}</dd>
      ${
        drawn === undefined
          ? ''
          : markup`<dt>SHA-256</dt>
              <dd class="mono">${drawn.sha256}</dd>`
      }
      ${shown.map(
        ({ name, format, bytes, pci }) =>
          markup`<dt>${name === '' ? 'state' : name}</dt>
            <dd>${format}${pci === undefined ? '' : ` (${pci})`}, ${sizeText(bytes)}</dd>`,
      )}
      ${
        input.devices.length > shown.length
          ? markup`<dt>devices</dt>
              <dd>${input.devices.length - shown.length} more</dd>`
          : ''
      }
    </dl>
    ${drawn === undefined ? '' : streamMap(`map-${index}`, input.bytes, fewer(drawn.stretches, Math.max(Math.floor(MOST_STRETCHES / all), 16)), input.findings)}
    <h3>Findings</h3>
    ${findingList(input.findings, windows, Math.max(Math.floor(MOST_FINDINGS / all), 5), rows)}
    ${Object.entries(input.omitted).map(([rule, count]) => markup`<p class="quiet">${count} more of ${rule} were counted and not listed.</p>`)}
    ${
      drawn === undefined || drawn.lines.length === 0
        ? ''
        : markup`<div class="${all > MOST_PRINTED ? 'on-screen' : ''}">
            <h3>Fields and bytes</h3>
            ${fieldPanes(`i${index}`, drawn, input.findings, mostLines)}
          </div>`
    }`;
};

const gone = ({ gone: list }: Report): Markup =>
  list.length === 0
    ? markup``
    : markup`<h2>Gone since the baseline</h2>
        <ul>
          ${list.slice(0, 200).map(({ path, rule, message }) => markup`<li>${path}: <code>${rule}</code>: ${message}</li>`)}
        </ul>`;

/** What no rule could answer, named: an audit must not take it for passed. */
const unchecked = ({ inputs, rules }: Report): Markup => {
  const open = rules.flatMap(({ id, title }) => {
    const paths = inputs.filter((input) => !isUnread(input) && input.verdicts[id] === 'undecided');
    return paths.length === 0 ? [] : [{ id, title, count: paths.length }];
  });
  const unread = inputs.filter(isUnread);
  if (open.length === 0 && unread.length === 0) {
    return markup`<h2 id="unchecked">What was not checked</h2>
      <p>
        Every rule that is about something in these inputs was decided. Payloads that a format calls
        opaque are not looked into.
      </p>`;
  }
  return markup`<h2 id="unchecked">What was not checked</h2>
    ${unread.map(({ path, error }) => markup`<p>${path}: ${error}</p>`)}
    <details>
      <summary>${plural(open.length, 'rule')} could not be decided on at least one input</summary>
      <ul>
        ${open.map(({ id, title, count }) => markup`<li><code>${id}</code>: ${title} (${plural(count, 'input')})</li>`)}
      </ul>
    </details>`;
};

const rulePages = ({ inputs, rules }: Report): Markup => {
  const found = new Set(
    inputs.flatMap((input) => (isUnread(input) ? [] : input.findings.map(({ rule }) => rule))),
  );
  const pages = rules.filter(({ id }) => found.has(id)).map(rulePage);
  return pages.length === 0
    ? markup``
    : markup`<h2 id="rules">Rules that found something</h2>
        ${pages}`;
};

const rulePage = (rule: Rule): Markup =>
  markup`<section class="rule" id="rule-${rule.id}">
    <h3>${rule.id}</h3>
    <p>
      <strong>${rule.title}</strong>. Severity ${rule.severity}, confidence ${rule.confidence},
      ${rule.cwe}.
    </p>
    <p>${rule.rationale.trim().replaceAll(/\s+/gu, ' ')}</p>
    <p><strong>What a restore path should do.</strong> ${rule.advice}</p>
    <ul class="quiet">
      ${rule.sources.map((source) => markup`<li>${source}</li>`)}
    </ul>
  </section>`;
