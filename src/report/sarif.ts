import { threatTitles, type Finding, type Severity } from '../finding/finding.ts';
import type { Rule } from '../rules/rule.ts';
import type { GoneFinding } from './baseline.ts';
import type { Dump } from './dump.ts';
import { offsetText, printable } from './escape.ts';
import { fingerprints } from './fingerprint.ts';
import { isUnread, type InputFinding, type Report } from './report.ts';

/** The dump of one input, and its path from the root that SARIF paths start at. */
export interface SarifDump {
  readonly path: string;
  readonly dump: Dump;
}

/** What GitHub shows of one run; more is refused or dropped there. */
const MOST_RESULTS = 5_000;
const MOST_PLACES = 16;

type Json = Readonly<Record<string, unknown>>;

/**
 * SARIF 2.1.0. A viewer of code can only point at lines of text, so the artifact of a finding is the
 * dump of its input, one line a field; the bytes themselves stand beside it as a related location.
 */
export const sarifDocument = (report: Report, dumps: ReadonlyMap<string, SarifDump>): Json => {
  const all = worstFirst(report);
  const shown = all.slice(0, MOST_RESULTS);
  const used = rulesUsed(report, shown);
  const index = new Map(used.map(({ id }, at) => [id, at] as const));
  const results = shown.map((one) => result(one, index, dumps, report.gone));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: report.tool.name,
            semanticVersion: report.tool.version,
            rules: used.map(ruleObject),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: !report.inputs.some(isUnread),
            toolExecutionNotifications: notifications(report, all.length - shown.length),
          },
        ],
        artifacts: artifacts(report, dumps),
        results: [...results, ...report.gone.map((gone) => absent(gone, index, dumps))],
      },
    ],
  };
};

const rank: Readonly<Record<Severity, number>> = {
  critical: 0,
  high: 1,
  medium: 2,
  low: 3,
  info: 4,
};

const worstFirst = ({ inputs }: Report): readonly InputFinding[] =>
  inputs
    .flatMap((input) => {
      if (isUnread(input)) return [];
      const names = fingerprints(input.findings);
      return input.findings.map((finding, at) => ({
        path: input.path,
        finding,
        fingerprint: names[at] ?? '',
      }));
    })
    .sort((a, b) => rank[a.finding.severity] - rank[b.finding.severity]);

const rulesUsed = (report: Report, shown: readonly InputFinding[]): readonly Rule[] => {
  const ids = new Set([
    ...shown.map(({ finding }) => finding.rule),
    ...report.gone.map(({ rule }) => rule),
  ]);
  return report.rules.filter(({ id }) => ids.has(id));
};

const levels: Readonly<Record<Severity, string>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};

/** GitHub sorts by this number: above 9 critical, above 7 high, above 4 medium. */
const scores: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.0',
  info: '0.0',
};

const precisions = { certain: 'very-high', likely: 'high', possible: 'medium' } as const;

const ruleObject = (rule: Rule): Json => ({
  id: rule.id,
  name: rule.id
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(''),
  shortDescription: { text: rule.title },
  fullDescription: { text: oneParagraph(rule.rationale) },
  help: { text: helpText(rule), markdown: helpMarkdown(rule) },
  defaultConfiguration: { level: levels[rule.severity] },
  properties: {
    precision: precisions[rule.confidence],
    'security-severity': scores[rule.severity],
    tags: [
      'security',
      ...rule.threats.map((threat) => `threat/${threat}`),
      `external/cwe/${rule.cwe.toLowerCase()}`,
    ],
  },
});

const oneParagraph = (text: string): string => text.trim().replaceAll(/\s+/gu, ' ');

const helpText = ({ rationale, advice, sources }: Rule): string =>
  [oneParagraph(rationale), advice, ...sources].join('\n\n');

const helpMarkdown = ({ id, threats, rationale, advice, sources }: Rule): string =>
  [
    rationale.trim(),
    `**What a restore path should do.** ${advice}`,
    threats.map((threat) => `- threat \`${threat}\`: ${threatTitles[threat]}`).join('\n'),
    sources.map((source) => `- ${source}`).join('\n'),
    `\`vstate-check rules show ${id}\` prints the page of this rule.`,
  ].join('\n\n');

const result = (
  { path, finding, fingerprint }: InputFinding,
  index: ReadonlyMap<string, number>,
  dumps: ReadonlyMap<string, SarifDump>,
  gone: readonly GoneFinding[],
): Json => {
  const { rule, severity, excused } = finding;
  const known = excused?.kind === 'known';
  return {
    ruleId: rule,
    ruleIndex: index.get(rule) ?? -1,
    level: levels[severity],
    message: { text: messageText(finding) },
    locations: [lineLocation(path, finding, dumps.get(path))],
    relatedLocations: finding.at.slice(0, MOST_PLACES).flatMap((at, place) =>
      at.ranges.slice(0, 1).map(({ offset, length, file }) => ({
        id: place + 1,
        physicalLocation: {
          artifactLocation: artifact(file ?? path),
          region: { byteOffset: offset, byteLength: length },
        },
        message: { text: printable(`${at.path} at ${offsetText(offset)} ${at.note ?? ''}`.trim()) },
      })),
    ),
    partialFingerprints: { 'vstate/v1': fingerprint },
    ...(known || gone.length > 0 ? { baselineState: known ? 'unchanged' : 'new' } : {}),
    ...(excused?.kind === 'suppressed'
      ? { suppressions: [{ kind: 'external', justification: printable(excused.reason) }] }
      : {}),
    properties: {
      severity,
      threats: finding.threats,
      ...(finding.device === undefined ? {} : { device: printable(finding.device) }),
      ...controlOf(finding),
    },
  };
};

const controlOf = ({ at: [first] }: Finding): Json =>
  first?.control === undefined || first.control === 'unknown' ? {} : { control: first.control };

const messageText = ({ message, expected, device, at: [first] }: Finding): string => {
  const where = first?.ranges[0] === undefined ? '' : ` at ${offsetText(first.ranges[0].offset)}`;
  const of = device === undefined ? '' : ` of ${device}`;
  const wanted = expected === undefined ? '' : `; expected ${expected}`;
  return printable(`${message}${wanted} (${first?.path ?? ''}${of}${where})`.replace('( ', '('));
};

const lineLocation = (path: string, finding: Finding, dump: SarifDump | undefined): Json => {
  const [first] = finding.at;
  const offset = first?.ranges[0]?.offset ?? 0;
  const line = dump?.dump.lineOf(first?.path ?? '', finding.device ?? '', offset) ?? 1;
  return {
    physicalLocation: {
      artifactLocation: artifact(dump?.path ?? path),
      region: { startLine: line },
    },
    ...(first === undefined || first.path === ''
      ? {}
      : {
          logicalLocations: [{ fullyQualifiedName: printable(first.path), kind: 'member' }],
        }),
  };
};

/** A finding of the baseline that is gone, so that a viewer can close it. */
const absent = (
  { path, rule, severity, fingerprint, message }: GoneFinding,
  index: ReadonlyMap<string, number>,
  dumps: ReadonlyMap<string, SarifDump>,
): Json => ({
  ruleId: rule,
  ...(index.has(rule) ? { ruleIndex: index.get(rule) } : {}),
  level: levels[severity],
  message: { text: printable(message) },
  locations: [
    {
      physicalLocation: {
        artifactLocation: artifact(dumps.get(path)?.path ?? path),
        region: { startLine: 1 },
      },
    },
  ],
  partialFingerprints: { 'vstate/v1': fingerprint },
  baselineState: 'absent',
});

const artifact = (path: string): Json => ({ uri: uriOf(path), uriBaseId: '%SRCROOT%' });

/** A path as a relative URI reference. */
const uriOf = (path: string): string =>
  path
    .split('/')
    .map((part) => encodeURIComponent(Buffer.from(part).toString()))
    .join('/')
    .replace(/^\/+/u, '');

const artifacts = (report: Report, dumps: ReadonlyMap<string, SarifDump>): readonly Json[] =>
  report.inputs.flatMap((input) => {
    const dump = dumps.get(input.path);
    const drawn = report.pictures.get(input.path);
    const bytes: Json = {
      location: artifact(input.path),
      roles: ['analysisTarget'],
      mimeType: 'application/octet-stream',
      ...(isUnread(input) ? {} : { length: input.bytes }),
      ...(drawn === undefined ? {} : { hashes: { 'sha-256': drawn.sha256 } }),
    };
    if (dump === undefined) return [bytes];
    return [
      { location: artifact(dump.path), mimeType: 'text/plain', roles: ['resultFile'] },
      bytes,
    ];
  });

const notifications = (report: Report, cut: number): readonly Json[] => [
  ...report.inputs.filter(isUnread).map(({ path, error }) => ({
    level: 'error',
    message: { text: printable(`${path}: ${error}`) },
    locations: [{ physicalLocation: { artifactLocation: artifact(path) } }],
  })),
  ...(cut === 0
    ? []
    : [
        {
          level: 'warning',
          message: {
            text: `${cut} findings are left out: ${MOST_RESULTS} are listed, the most severe first`,
          },
        },
      ]),
];
