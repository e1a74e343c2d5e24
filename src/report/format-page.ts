import type { Format } from '../formats/format.ts';
import { describe, roleText } from '../layout/describe.ts';
import { offsetText } from './escape.ts';

const anyOf = (names: readonly string[]): string => (names.length === 0 ? 'any' : names.join(', '));

/** The documentation page of a format, in Markdown; everything in it comes from the format. */
export const formatPage = (format: Format): string => {
  const lines = [
    `# ${format.id}: ${format.title}`,
    '',
    format.summary.trim(),
    '',
    `Source: ${format.source}`,
    '',
    `Drivers: ${anyOf(format.drivers)}. PCI ids: ${anyOf(format.pci)}.`,
    '',
    '## Fields',
    '',
    'Offsets count from the start of the record or of the state while all before has a fixed size.',
    '',
    '| offset | field | size | type | role | set by |',
    '|---|---|---|---|---|---|',
    ...describe(format.layout).map(({ path, offset, size, type, layout }) =>
      [
        '',
        offset === undefined ? '' : offsetText(offset),
        `\`${path}\``,
        size,
        type,
        [...(layout.roles ?? []).map(roleText), layout.doc ?? ''].filter(Boolean).join('; '),
        layout.control ?? '',
        '',
      ]
        .join(' | ')
        .trim(),
    ),
    '',
    '## Identity',
    '',
    format.identity.trim(),
  ];
  const checks = describe(format.layout).filter(({ layout }) => layout.driver !== undefined);
  if (checks.length > 0) {
    lines.push('', '## What the driver does on restore', '');
    for (const { path, layout } of checks) lines.push(`- \`${path}\`: ${layout.driver ?? ''}`);
  }
  if (format.invariants.length > 0) {
    lines.push('', '## Invariants', '', '| rule | severity | what is wrong |', '|---|---|---|');
    for (const { id, severity, title } of format.invariants) {
      lines.push(`| \`${id}\` | ${severity} | ${title} |`);
    }
  }
  return `${lines.join('\n')}\n`;
};
