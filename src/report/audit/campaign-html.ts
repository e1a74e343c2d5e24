import { offsetText } from '../escape.ts';
import { markup, type Markup } from '../html/markup.ts';
import type { CampaignFinding, CampaignPart } from './audit.ts';
import { curves } from './curves.ts';
import { heatMap } from './heat.ts';

const MOST_FINDINGS = 500;

/** A part of the drawing of a campaign that changes by itself while the campaign runs. */
export interface Piece {
  readonly name: string;
  readonly content: Markup;
}

/** Everything that is drawn of a campaign, top to bottom; the audit and the dashboard show the same. */
export const campaignPieces = (part: CampaignPart, index: number): readonly Piece[] => [
  { name: 'facts', content: facts(part) },
  { name: 'curves', content: curves(part.curve, part.findings) },
  { name: 'grammar', content: heatMap(part.grammar) },
  { name: 'fields', content: brokenFields(part) },
  {
    name: 'count',
    content: markup`<h3>Findings</h3>
${part.findings.length === 0 ? markup`<p class="word-pass">None.</p>` : ''}`,
  },
  ...part.findings.slice(0, MOST_FINDINGS).map((finding) => ({
    name: `finding-${finding.id}`,
    content: fuzzCard(finding, `repro-${index}-${finding.id}`, part),
  })),
];

/** What `fuzzer_stats` calls it, what it is called here, and how its value is told. */
const told: readonly (readonly [key: string, name: string, text?: (value: string) => string])[] = [
  ['start_time', 'started', timeOfDay],
  ['last_update', 'last written', timeOfDay],
  ['run_time', 'run time', (value) => `${grouped(value)} s`],
  ['seed', 'seed number'],
  ['execs_done', 'executions', grouped],
  ['execs_per_sec', 'executions a second', (value) => grouped(value.replace(/\.\d*$/u, ''))],
  ['corpus_imported', 'corpus entries to begin with', grouped],
  ['corpus_found', 'states that showed something new', grouped],
  ['systematic_done', 'plans of the grammar tried', grouped],
  ['systematic_total', 'plans that the grammar has', grouped],
  ['edges_found', 'coverage features', grouped],
  ['signatures', 'different outcomes', grouped],
  ['saved_crashes', 'crashes', grouped],
  ['saved_hangs', 'hangs', grouped],
  ['stability', 'same outcome when run again'],
  ['stepped_around', 'plans left out for a known finding', grouped],
  ['unavailable', 'executions that the harness lost', grouped],
  ['workers', 'processes that run the restore path'],
  ['chance_of_new', 'chance that the next shows something new'],
];

const facts = ({ target, format, statistics }: CampaignPart): Markup => {
  const values = new Map(statistics);
  const rows = told.flatMap(([key, name, text = (value: string) => value]) => {
    const value = values.get(key);
    return value === undefined ? [] : [markup`<dt>${name}</dt><dd>${text(value)}</dd>`];
  });
  return markup`<dl class="facts pairs"><dt>restore path</dt><dd>${target}</dd><dt>format</dt><dd>${format}</dd>
${rows}</dl>`;
};

function timeOfDay(value: string): string {
  const seconds = Number(value);
  if (!(seconds > 0 && seconds < 2 ** 33)) return value;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function grouped(value: string): string {
  return /^\d+$/u.test(value) ? value.replaceAll(/\B(?=(?:\d{3})+$)/gu, ',') : value;
}

/** Which fields the findings changed, the one that breaks most first. */
const brokenFields = ({ findings }: CampaignPart): Markup => {
  const heat = new Map<string, number>();
  for (const { rows } of findings) {
    for (const { path } of rows) {
      const field = path.replaceAll(/\[\d+\]/gu, '[]');
      heat.set(field, (heat.get(field) ?? 0) + 1);
    }
  }
  if (heat.size === 0) return markup``;
  const most = Math.max(...heat.values());
  const rows = [...heat]
    .sort((a, b) => (a[1] === b[1] ? (a[0] < b[0] ? -1 : 1) : b[1] - a[1]))
    .slice(0, 64);
  return markup`<h3>Fields that break the restore path</h3>
<table><thead><tr><th scope="col">field</th><th scope="col" class="number">findings</th><th scope="col">share</th></tr></thead>
<tbody>${rows.map(([field, count]) => markup`<tr><td class="mono">${field === '' ? 'the state as a whole' : field}</td><td class="number">${count}</td><td><svg viewBox="0 0 200 12" preserveAspectRatio="none" style="width:100%;height:12px" aria-hidden="true"><rect width="${Math.round((count / most) * 200)}" height="12" fill="var(--high)"/></svg></td></tr>`)}</tbody></table>`;
};

const fuzzCard = (finding: CampaignFinding, id: string, { walls }: CampaignPart): Markup => {
  const wall = walls.find((one) => one.id === finding.id);
  return markup`<article class="finding ${finding.severity}">
<h4><span class="word-${finding.severity}">${finding.severity}</span> ${finding.title}</h4>
<p>${finding.summary}</p>
${finding.expected === '' ? '' : markup`<p>expected ${finding.expected}</p>`}
${
  finding.rows.length === 0
    ? ''
    : markup`<div class="scroll"><table class="stack">
<thead><tr><th scope="col">field</th><th scope="col">at</th><th scope="col">role</th><th scope="col">set by</th><th scope="col">seed</th><th scope="col">finding</th></tr></thead>
<tbody>${finding.rows.map(({ path, offset, role, control, old, new: now }) => markup`<tr><td class="mono">${path}</td><td class="mono" data-name="at">${offsetText(offset)}</td><td data-name="role">${role}</td><td data-name="set by">${control}</td><td class="mono" data-name="seed">${old}</td><td class="mono" data-name="finding"><mark>${now}</mark></td></tr>`)}</tbody></table></div>`
}
${finding.session === '' ? '' : markup`<p>How it was written: ${finding.session}.</p>`}
${
  finding.stack.length === 0
    ? ''
    : markup`<pre>${finding.stack.map(
        (frame) => markup`${frame}
`,
      )}</pre>`
}
<p class="quiet">${[
    finding.id,
    finding.rule === undefined ? '' : `rule ${finding.rule}`,
    finding.outcome,
    `shown in ${finding.shown} of ${finding.runs} runs`,
    `after ${finding.executions} executions`,
    wall === undefined ? '' : `cost ${(wall.share * 100).toFixed(1)} % of the executions`,
    wall === undefined || wall.behind.length === 0 ? '' : `behind it: ${wall.behind.join(', ')}`,
  ]
    .filter((text) => text !== '')
    .join(' · ')}</p>
<p>${finding.rationale.trim().replaceAll(/\s+/gu, ' ')}</p>
${
  finding.reproducer === ''
    ? ''
    : markup`<details><summary>Reproducer</summary><button type="button" data-copy="${id}" hidden>copy</button><pre id="${id}">${finding.reproducer
        .split('\n')
        .map(
          (line) => markup`${line}
`,
        )}</pre></details>`
}
</article>`;
};
