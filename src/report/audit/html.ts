import { threatTitles } from '../../finding/finding.ts';
import type { Rule } from '../../rules/rule.ts';
import { offsetText, sizeText } from '../escape.ts';
import { markup, type Markup } from '../html/markup.ts';
import { pageOf } from '../html/page.ts';
import { containerText } from '../words.ts';
import type { Audit, AuditInput, AuditPart, CampaignFinding, CampaignPart } from './audit.ts';
import { curves } from './curves.ts';
import { auditThreats, inputsOf, openQuestions } from './tally.ts';

const MOST_ROWS = 500;

/** An audit as one page: scope, method, results by threat, each part, and what stays open. */
export const auditPage = (audit: Audit, rules: readonly Rule[]): string =>
  pageOf(
    audit.title,
    markup`${audit.tool.version} · audit`,
    markup`<h2>${audit.title}</h2>
${scope(audit)}
<h2>Results by threat</h2>
${threatTable(audit, rules)}
${audit.parts.map(partSection)}
<h2>What was not checked</h2>
<ul>${openQuestions(audit).map((question) => markup`<li>${question}</li>`)}</ul>`,
  );

const kinds = {
  check: 'states checked',
  campaign: 'restore path fuzzed',
  compat: 'devices compared',
  attestation: 'attestation',
} as const;

const scope = ({ parts }: Audit): Markup => markup`<h3>Scope and method</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Parts of this audit"><table>
<thead><tr><th scope="col">part</th><th scope="col">what it is</th><th scope="col">by</th><th scope="col">SHA-256</th></tr></thead>
<tbody>${parts.map((part) => markup`<tr><td>${part.path}</td><td>${kinds[part.kind]}</td><td>${by(part)}</td><td class="mono">${part.sha256}</td></tr>`)}</tbody>
</table></div>`;

const by = (part: AuditPart): string => {
  switch (part.kind) {
    case 'check':
      return part.tool;
    case 'campaign':
      return part.target;
    case 'compat':
      return `${part.rows.length} pairs`;
    case 'attestation':
      return part.predicate;
  }
};

const threatTable = (audit: Audit, rules: readonly Rule[]): Markup =>
  markup`<div class="scroll" tabindex="0" role="region" aria-label="Results by threat"><table>
<thead><tr><th scope="col">threat</th><th scope="col" class="number">passed</th><th scope="col" class="number">failed</th><th scope="col" class="number">not decided</th><th scope="col" class="number">not applicable</th><th scope="col" class="number">found by fuzzing</th></tr></thead>
<tbody>${auditThreats(audit, rules).map(({ threat, pass, fail, undecided, 'not-applicable': other, fuzzed }) => markup`<tr><th scope="row">${threat}<br><span class="quiet">${threatTitles[threat]}</span></th><td class="number word-pass">${pass}</td><td class="number ${fail > 0 ? 'word-high' : ''}">${fail}</td><td class="number ${undecided > 0 ? 'word-medium' : ''}">${undecided}</td><td class="number quiet">${other}</td><td class="number ${fuzzed > 0 ? 'word-high' : ''}">${fuzzed}</td></tr>`)}</tbody></table></div>
<p class="quiet">Rules are counted over ${inputsOf(audit).length} inputs. A threat without passed rules was not looked at.</p>`;

const partSection = (part: AuditPart, index: number): Markup => {
  switch (part.kind) {
    case 'check':
      return markup`<h2>${part.path}</h2>${part.inputs.slice(0, MOST_ROWS).map(inputSection)}`;
    case 'campaign':
      return campaignSection(part, index);
    case 'compat':
      return markup`<h2>${part.path}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Pairs of devices"><table>
<thead><tr><th scope="col">source</th><th scope="col">destination</th><th scope="col">answer</th></tr></thead>
<tbody>${part.rows.slice(0, MOST_ROWS).map(([source, destination, verdict]) => markup`<tr><td>${source}</td><td>${destination}</td><td>${verdict}</td></tr>`)}</tbody></table></div>`;
    case 'attestation':
      return markup`<h2>${part.path}</h2>
<p>${part.predicate}, with ${part.signatures} signatures that were not judged here.</p>
<dl class="facts">${part.subjects.map(([name, sha256]) => markup`<dt>${name}</dt><dd class="mono">${sha256}</dd>`)}</dl>`;
  }
};

const inputSection = (input: AuditInput): Markup => markup`<h3>${input.path}</h3>
<dl class="facts"><dt>holds</dt><dd>${input.error ?? containerText(input.container)}${input.formats.length > 0 ? `; ${input.formats.slice(0, 16).join(', ')}` : ''}</dd>
<dt>size</dt><dd>${sizeText(input.bytes)}</dd>
${input.sha256 === undefined ? '' : markup`<dt>SHA-256</dt><dd class="mono">${input.sha256}</dd>`}</dl>
${
  input.findings.length === 0
    ? markup`<p class="word-pass">Nothing wrong was found.</p>`
    : markup`<div class="scroll" tabindex="0" role="region" aria-label="Findings"><table>
<thead><tr><th scope="col">severity</th><th scope="col">rule</th><th scope="col">where</th><th scope="col">what</th></tr></thead>
<tbody>${input.findings.slice(0, MOST_ROWS).map(({ severity, rule, where, message, excused }) => markup`<tr><td class="word-${severity}">${severity}</td><td>${rule}</td><td class="mono">${where}</td><td>${message}${excused === undefined ? '' : ` (${excused})`}</td></tr>`)}</tbody></table></div>`
}`;

const campaignSection = (part: CampaignPart, index: number): Markup => markup`<h2>${part.path}</h2>
<dl class="facts"><dt>restore path</dt><dd>${part.target}</dd><dt>format</dt><dd>${part.format}</dd>
${part.statistics.map(([name, value]) => markup`<dt>${name.replaceAll('_', ' ')}</dt><dd>${value}</dd>`)}</dl>
${curves(part.curve, part.findings)}
${grammar(part)}
<h3>Findings</h3>
${part.findings.length === 0 ? markup`<p class="word-pass">None.</p>` : part.findings.slice(0, MOST_ROWS).map((finding, at) => fuzzCard(finding, `repro-${index}-${at}`, part))}`;

/** Which fields the findings changed, as a map of heat over their paths. */
const grammar = ({ findings }: CampaignPart): Markup => {
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
<tbody>${rows.map(([field, count]) => markup`<tr><td class="mono">${field}</td><td class="number">${count}</td><td><svg width="200" height="12" aria-hidden="true"><rect width="${Math.round((count / most) * 200)}" height="12" fill="var(--high)"/></svg></td></tr>`)}</tbody></table>`;
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
    : markup`<div class="scroll" tabindex="0" role="region" aria-label="Minimal difference"><table>
<thead><tr><th scope="col">field</th><th scope="col">at</th><th scope="col">role</th><th scope="col">set by</th><th scope="col">seed</th><th scope="col">finding</th></tr></thead>
<tbody>${finding.rows.map(({ path, offset, role, control, old, new: now }) => markup`<tr><td class="mono">${path}</td><td class="mono">${offsetText(offset)}</td><td>${role}</td><td>${control}</td><td class="mono">${old}</td><td class="mono"><mark>${now}</mark></td></tr>`)}</tbody></table></div>`
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
