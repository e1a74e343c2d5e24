import { writeLibvirt } from '../container/libvirt-write.ts';
import { writeQemu } from '../container/qemu/write.ts';
import { writeSession } from '../container/session/write.ts';
import { threatTitles } from '../finding/finding.ts';
import type { Format } from '../formats/format.ts';
import { build } from '../layout/build.ts';
import { describe } from '../layout/describe.ts';
import type { FaultCodeOf } from '../layout/node.ts';
import type { Layout, RoleName } from '../layout/types.ts';
import type { Example, Rule } from '../rules/rule.ts';
import { exampleDump } from './example-dump.ts';

/** Which roles can have which fault: what a rule over a fault watches in each format. */
const rolesOf: Readonly<Partial<Record<FaultCodeOf, readonly RoleName[]>>> = {
  'bad-magic': ['magic'],
  'unsupported-version': ['version'],
  'unknown-tag': ['tag'],
  'not-zero': ['reserved', 'padding'],
  'out-of-range': ['within'],
  'undefined-value': ['one-of'],
  'index-out-of-bounds': ['index-into'],
  misaligned: ['iova'],
  overrun: ['length-of', 'count-of'],
  'wrong-length': ['length-of'],
  'wrong-offset': ['offset-of'],
  'bad-checksum': ['checksum-of'],
};

/** The documentation page of a rule, in Markdown; everything in it comes from the rule. */
export const rulePage = (rule: Rule, formats: readonly Format[]): string => {
  const lines = [
    `# ${rule.id}`,
    '',
    `**${rule.title}**`,
    '',
    `Severity ${rule.severity}, confidence ${rule.confidence}, ${rule.cwe}.`,
    '',
    ...rule.threats.map((threat) => `- threat \`${threat}\`: ${threatTitles[threat]}`),
    '',
    '## Why',
    '',
    rule.rationale.trim(),
    '',
    '## What a restore path should do',
    '',
    rule.advice,
    '',
    '## Where this is from',
    '',
    ...rule.sources.map((source) => `- ${source}`),
  ];
  const watched = watchedFields(rule, formats);
  if (watched.length > 0) lines.push('', '## Fields that it watches', '', ...watched);
  const { good, bad } = rule.examples();
  const shown = [
    ...good.map((example) => ['Good', example] as const),
    ...bad.map((example) => ['Bad', example] as const),
  ].flatMap(([title, example]) => {
    const bytes = exampleBytes(example, formats);
    return bytes === undefined ? [] : [{ title, example, bytes }];
  });
  if (shown.length === 0) {
    lines.push('', '## Good and bad', '', 'No bytes show this one: any input can be either.');
  }
  for (const { title, example, bytes } of shown) {
    lines.push('', `## ${title}`, '');
    if ('policy' in example) {
      lines.push(
        'On 2026-01-01, with this policy:',
        '',
        '```yaml',
        example.policy.trimEnd(),
        '```',
        '',
      );
    }
    const others = shown.filter((one) => one.title !== title).map((one) => one.bytes);
    const wanted = Object.entries(example.expect ?? {}).map(([key, value]) => `${key}=${value}`);
    const head = wanted.length === 0 ? [] : [`--expect ${wanted.join(',')}`];
    lines.push(...exampleDump(bytes, others, title === 'Bad', head));
  }
  return `${lines.join('\n')}\n`;
};

const watchedFields = (rule: Rule, formats: readonly Format[]): readonly string[] => {
  const roles = rule.fault === undefined ? undefined : rolesOf[rule.fault];
  if (roles === undefined) return [];
  const wanted = (layout: Layout): boolean =>
    layout.roles?.some(({ is }) => roles.includes(is)) === true;
  return formats.flatMap(({ id, layout }) =>
    describe(layout)
      .filter((row) => wanted(row.layout))
      .map(({ path, layout: { driver } }) =>
        driver === undefined ? `- ${id} \`${path}\`` : `- ${id} \`${path}\`: ${driver}`,
      ),
  );
};

const exampleBytes = (example: Example, formats: readonly Format[]): Uint8Array | undefined => {
  if ('bytes' in example) return example.bytes;
  if ('layout' in example) return build(example.layout, example.draft).bytes;
  if ('container' in example) {
    switch (example.container) {
      case 'qemu':
        return writeQemu(example.draft);
      case 'libvirt':
        return writeLibvirt(example.draft);
      case 'session':
        return writeSession(example.draft);
    }
  }
  const format = formats.find(({ id }) => id === example.format);
  return format === undefined ? undefined : build(format.layout, example.draft).bytes;
};
