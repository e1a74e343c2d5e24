import { threatTitles } from '../../finding/finding.ts';
import type { Rule } from '../../rules/rule.ts';
import { printable } from '../escape.ts';
import { markdownText as text } from '../markdown.ts';
import { plural } from '../words.ts';
import type { Audit, AuditPart } from './audit.ts';
import { auditThreats, openQuestions, worstFirst } from './tally.ts';

const MOST = 100;

/** The same audit for those who read it beside code. */
export const auditMarkdown = (audit: Audit, rules: readonly Rule[]): string => {
  const lines = [
    `# ${text(audit.title)}`,
    '',
    '| part | kind | SHA-256 |',
    '| --- | --- | --- |',
    ...audit.parts.map(({ path, kind, sha256 }) => `| ${text(path)} | ${kind} | ${sha256} |`),
    '',
    '## Results by threat',
    '',
    '| threat | passed | failed | undecided | not applicable | found by fuzzing |',
    '| --- | --- | --- | --- | --- | --- |',
    ...auditThreats(audit, rules).map(
      ({ threat, pass, fail, undecided, 'not-applicable': other, fuzzed }) =>
        `| \`${threat}\`: ${threatTitles[threat]} | ${pass} | ${fail} | ${undecided} | ${other} | ${fuzzed} |`,
    ),
    ...audit.parts.flatMap(partLines),
    '',
    '## What was not checked',
    '',
    ...openQuestions(audit).map((question) => `- ${text(question)}`),
  ];
  return `${lines.join('\n')}\n`;
};

const partLines = (part: AuditPart): readonly string[] => {
  const head = ['', `## ${text(part.path)}`, ''];
  switch (part.kind) {
    case 'check':
      return [
        ...head,
        ...part.inputs.flatMap((input) => [
          `- ${text(input.path)}: ${input.error === undefined ? plural(input.findings.length, 'finding') : text(input.error)}`,
          ...worstFirst(input)
            .slice(0, MOST)
            .map(
              ({ severity, rule, message, excused }) =>
                `  - ${severity} ${code(rule)}: ${text(message)}${excused === undefined ? '' : ` (${text(excused)})`}`,
            ),
        ]),
      ];
    case 'campaign':
      return [
        ...head,
        `Restore path ${text(part.target)}, format ${text(part.format)}.`,
        '',
        ...part.findings
          .slice(0, MOST)
          .map(({ severity, id, summary }) => `- ${severity} ${code(id)}: ${text(summary)}`),
      ];
    case 'compat':
      return [
        ...head,
        ...part.rows
          .slice(0, MOST)
          .map(
            ([source, destination, verdict]) =>
              `- ${text(source)} → ${text(destination)}: ${text(verdict)}`,
          ),
      ];
    case 'attestation':
      return [
        ...head,
        `${text(part.predicate)}, ${plural(part.signatures, 'signature')}, not judged here.`,
      ];
  }
};

/** Text as a code span: nothing in it ends the span. */
const code = (raw: string): string => `\`${printable(raw).replaceAll('`', "'")}\``;
