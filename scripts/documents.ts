import { rules } from '../src/check/catalogue.ts';
import { descriptorJsonSchema } from '../src/compat/shape.ts';
import { severities, threats, threatTitles } from '../src/finding/finding.ts';
import { formats } from '../src/formats/index.ts';
import { policyJsonSchema } from '../src/policy/shape.ts';
import { formatPage } from '../src/report/format-page.ts';
import { cases } from '../test/compat/cases.ts';
import { judge } from '../src/compat/judge.ts';
import { rulePage } from '../src/report/rule-page.ts';
import { decodeJsonSchema } from '../src/report/schema-decode.ts';
import { checkJsonSchema } from '../src/report/schema.ts';

const note = '<!-- Written by `npm run documents` from the catalogues; do not edit. -->\n\n';

/** Every file that is written from the catalogues, by path in the repository. */
export const documents = (): ReadonlyMap<string, string> =>
  new Map([
    ['schema/check.json', `${JSON.stringify(checkJsonSchema(), null, 2)}\n`],
    ['schema/policy.json', `${JSON.stringify(policyJsonSchema(), null, 2)}\n`],
    ['schema/descriptor.json', `${JSON.stringify(descriptorJsonSchema(), null, 2)}\n`],
    ['schema/decode.json', `${JSON.stringify(decodeJsonSchema(), null, 2)}\n`],
    ['docs/compat-cases.md', `${note}${compatCases()}`],
    ['docs/rules.md', `${note}${ruleIndex()}`],
    ...rules.map(
      (rule) => [`docs/rules/${rule.id}.md`, `${note}${rulePage(rule, formats)}`] as const,
    ),
    ['docs/formats.md', `${note}${formatIndex()}`],
    ...formats.map(
      (format) => [`docs/formats/${format.id}.md`, `${note}${formatPage(format)}`] as const,
    ),
  ]);

const ruleIndex = (): string => {
  const lines = [
    '# Rules',
    '',
    `${rules.length} rules. A rule’s id is never reused; \`vstate-check rules show ID\` prints its page.`,
    '',
    '## By threat',
    '',
  ];
  for (const threat of threats) {
    const answering = rules.filter((rule) => rule.threats.includes(threat));
    lines.push(`### ${threat}`, '', `${threatTitles[threat]}.`, '');
    if (answering.length === 0) lines.push('No rule yet: this needs signed states.');
    for (const severity of severities) {
      for (const rule of answering.filter((one) => one.severity === severity)) {
        lines.push(`- ${severity}: [${rule.id}](rules/${rule.id}.md): ${rule.title}`);
      }
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
};

const formatIndex = (): string => {
  const lines = [
    '# Formats',
    '',
    '| format | device | PCI ids | written down in |',
    '|---|---|---|---|',
    ...formats.map(
      ({ id, title, pci, source }) =>
        `| [${id}](formats/${id}.md) | ${title} | ${pci.join(', ')} | ${source} |`,
    ),
  ];
  return `${lines.join('\n')}\n`;
};

const compatCases = (): string => {
  const rows = cases.map(({ title, source, destination }) => {
    const { verdict, reasons } = judge(source, destination);
    return `| ${title} | ${verdict} | ${reasons.map(({ message }) => message).join('; ')} |`;
  });
  return `${['# The threads’ own cases', '', '| case | answer | why |', '|---|---|---|', ...rows].join('\n')}\n`;
};
