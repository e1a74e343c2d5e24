import type { Format } from '../formats/format.ts';
import { describe, roleText } from '../layout/describe.ts';
import type { Layout } from '../layout/types.ts';
import { offsetText } from './escape.ts';

const anyOf = (names: readonly string[]): string => (names.length === 0 ? 'any' : names.join(', '));

const fieldTable = (layout: Layout): readonly string[] => [
  '| offset | field | size | type | role | set by |',
  '|---|---|---|---|---|---|',
  ...describe(layout).map(({ path, offset, size, type, layout: shape }) =>
    [
      '',
      offset === undefined ? '' : offsetText(offset),
      `\`${path}\``,
      size,
      type,
      [...(shape.roles ?? []).map(roleText), shape.doc ?? ''].filter(Boolean).join('; '),
      shape.control ?? '',
      '',
    ]
      .join(' | ')
      .trim(),
  ),
];

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
    ...fieldTable(format.layout),
    ...(format.forms ?? []).flatMap(({ title, layout }) => [
      '',
      `## Fields of ${title}`,
      '',
      ...fieldTable(layout),
    ]),
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
