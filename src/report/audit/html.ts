import { threatTitles } from '../../finding/finding.ts';
import type { Rule } from '../../rules/rule.ts';
import { sizeText } from '../escape.ts';
import { markup, type Markup } from '../html/markup.ts';
import { pageOf } from '../html/page.ts';
import { containerText, plural } from '../words.ts';
import type { Audit, AuditInput, AuditPart } from './audit.ts';
import { campaignPieces } from './campaign-html.ts';
import { auditThreats, inputsOf, openQuestions, worstFirst } from './tally.ts';

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
<div class="scroll"><table class="stack">
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
      return plural(part.rows.length, 'pair');
    case 'attestation':
      return part.predicate;
  }
};

const threatTable = (audit: Audit, rules: readonly Rule[]): Markup =>
  markup`<div class="scroll"><table class="threats">
<thead><tr><th scope="col">threat</th><th scope="col" class="number">passed</th><th scope="col" class="number">failed</th><th scope="col" class="number">undecided</th><th scope="col" class="number">not applicable</th><th scope="col" class="number">found by fuzzing</th></tr></thead>
<tbody>${auditThreats(audit, rules).map(({ threat, pass, fail, undecided, 'not-applicable': other, fuzzed }) => markup`<tr><th scope="row">${threat}<br><span class="quiet">${threatTitles[threat]}</span></th><td class="number ${pass > 0 ? 'word-pass' : ''}">${pass}</td><td class="number ${fail > 0 ? 'word-high' : ''}">${fail}</td><td class="number ${undecided > 0 ? 'word-medium' : ''}">${undecided}</td><td class="number quiet">${other}</td><td class="number ${fuzzed > 0 ? 'word-high' : ''}">${fuzzed}</td></tr>`)}</tbody></table></div>
<p class="quiet">${countedOver(inputsOf(audit).length)} A threat without passed rules was not looked at.</p>`;

const countedOver = (inputs: number): string =>
  inputs === 0
    ? 'No part of this audit is a check, so no rule was asked.'
    : `Rules are counted over ${plural(inputs, 'input')}.`;

const partSection = (part: AuditPart, index: number): Markup => {
  switch (part.kind) {
    case 'check':
      return markup`<h2>${part.path}</h2>${part.inputs.slice(0, MOST_ROWS).map(inputSection)}`;
    case 'campaign':
      return markup`<h2>${part.path}</h2>
${campaignPieces(part, index).map(({ content }) => content)}`;
    case 'compat':
      return markup`<h2>${part.path}</h2>
<div class="scroll"><table class="stack">
<thead><tr><th scope="col">source</th><th scope="col">destination</th><th scope="col">answer</th></tr></thead>
<tbody>${part.rows.slice(0, MOST_ROWS).map(([source, destination, verdict]) => markup`<tr><td data-name="source">${source}</td><td data-name="destination">${destination}</td><td data-name="answer">${verdict}</td></tr>`)}</tbody></table></div>`;
    case 'attestation':
      return markup`<h2>${part.path}</h2>
<p>${part.predicate}, ${plural(part.signatures, 'signature')}, not judged here.</p>
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
    : markup`<div class="scroll"><table class="stack">
<thead><tr><th scope="col">severity</th><th scope="col">rule</th><th scope="col">where</th><th scope="col">what</th></tr></thead>
<tbody>${worstFirst(input)
        .slice(0, MOST_ROWS)
        .map(
          ({ severity, rule, where, message, excused }) =>
            markup`<tr><td class="word-${severity}">${severity}</td><td>${rule}</td><td class="mono">${where}</td><td>${message}${excused === undefined ? '' : ` (${excused})`}</td></tr>`,
        )}</tbody></table></div>`
}`;
