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
import { hexBytes, offsetText } from './escape.ts';

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

const MOST_BYTES = 96;

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
  const [first] = shown;
  for (const { title, example, bytes } of shown) {
    const from = windowStart(bytes, title === 'Bad' ? first?.bytes : shown.at(-1)?.bytes);
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
    lines.push(...exampleDump(bytes, from, example.expect ?? {}));
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

/** Where to begin a dump, so that a long example shows the place at which it differs. */
const windowStart = (bytes: Uint8Array, other: Uint8Array | undefined): number => {
  if (bytes.length <= MOST_BYTES || other === undefined) return 0;
  const differs = bytes.findIndex((byte, at) => byte !== other[at]);
  return differs < MOST_BYTES - 32 ? 0 : differs - (differs % 16) - 32;
};

/** An example as bytes, in rows of sixteen. */
const exampleDump = (
  bytes: Uint8Array,
  from: number,
  expect: Readonly<Record<string, string>>,
): readonly string[] => {
  const wanted = Object.entries(expect).map(([key, value]) => `${key}=${value}`);
  const lines = ['```'];
  if (wanted.length > 0) lines.push(`--expect ${wanted.join(',')}`);
  const end = Math.min(bytes.length, from + MOST_BYTES);
  if (from > 0) lines.push(`        ${from} bytes before`);
  for (let at = from; at < end; at += 16) {
    lines.push(`${offsetText(at).padStart(6)}  ${hexBytes(bytes.subarray(at, at + 16))}`);
  }
  if (end < bytes.length) lines.push(`        ${bytes.length - end} bytes behind`);
  if (bytes.length === 0) lines.push('        (no bytes)');
  lines.push('```');
  return lines;
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
