import { parseJson } from '../../bytes/json.ts';
import type {
  AttestationPart,
  AuditFinding,
  AuditInput,
  CampaignFinding,
  CampaignRow,
  CheckPart,
  CompatPart,
  CurvePoint,
  GrammarMap,
  Wall,
} from './audit.ts';

/** Of everything that a document may hold many of. */
const MOST = 2_000;
const MOST_TEXT = 20_000;

/** What a document of an audit has at most; the payload of an attestation is one string. */
export const auditLimits = {
  text: 64 << 20,
  depth: 64,
  values: 1 << 21,
  members: 4096,
  elements: 1 << 18,
  run: 1 << 24,
} as const;

/** The parts of a JSON document that an audit knows; undefined where it is none of them. */
export const documentPart = (
  value: unknown,
  path: string,
  sha256: string,
): CheckPart | CompatPart | AttestationPart | undefined => {
  if (!isRecord(value)) return undefined;
  const origin = { path, sha256 };
  if (Array.isArray(value.inputs) && isRecord(value.tool)) {
    const tool = `${text(value.tool.name)} ${text(value.tool.version)}`;
    return { ...origin, kind: 'check', tool, inputs: list(value.inputs).map(inputOf) };
  }
  if (typeof value.payload === 'string' && typeof value.payloadType === 'string') {
    return attestation(value, origin);
  }
  if (!Array.isArray(value.rows)) return undefined;
  const rows = list(value.rows).flatMap(({ source, destinations }) =>
    list(destinations).map(({ name, verdict }) => {
      const from = isRecord(source) ? text(source.name) : '';
      return [from, text(name), text(verdict)] as const;
    }),
  );
  return { ...origin, kind: 'compat', rows: rows.slice(0, MOST) };
};

const inputOf = (value: Json): AuditInput => ({
  path: text(value.path),
  sha256: optional(value.sha256),
  container: text(value.container),
  bytes: number(value.bytes),
  error: optional(value.error),
  formats: list(value.devices).map(({ name, format }) =>
    text(name) === '' ? text(format) : `${text(name)}: ${text(format)}`,
  ),
  findings: list(value.findings).map(findingOf),
  verdicts: Object.fromEntries(
    Object.entries(isRecord(value.rules) ? value.rules : {})
      .slice(0, MOST)
      .map(([rule, verdict]) => [rule, text(verdict)]),
  ),
});

const findingOf = (value: Json): AuditFinding => {
  const excused = isRecord(value.excused) ? value.excused : undefined;
  const place = [
    text(value.device),
    text(value.path),
    `0x${number(value.offset).toString(16)}`,
  ].filter((part) => part !== '');
  return {
    rule: text(value.rule),
    severity: text(value.severity),
    threats: texts(value.threats),
    message: text(value.message),
    where: place.join(' '),
    excused:
      excused === undefined
        ? undefined
        : excused.kind === 'known'
          ? 'known'
          : `suppressed: ${text(excused.reason)}`,
  };
};

const attestation = (
  { payload, signatures }: Json,
  origin: { readonly path: string; readonly sha256: string },
): AttestationPart | undefined => {
  let statement: unknown;
  try {
    statement = parseJson(Buffer.from(text(payload, auditLimits.run), 'base64'), auditLimits);
  } catch {
    return undefined;
  }
  if (!isRecord(statement)) return undefined;
  return {
    ...origin,
    kind: 'attestation',
    predicate: text(statement.predicateType),
    subjects: list(statement.subject).map(({ name, digest }) => [
      text(name),
      isRecord(digest) ? text(digest.sha256) : '',
    ]),
    signatures: list(signatures).length,
  };
};

/** A finding of a campaign, from its `finding.json`; undefined where it is none. */
export const campaignFinding = (
  value: unknown,
  reproducer: string,
): CampaignFinding | undefined => {
  if (!isRecord(value) || typeof value.id !== 'string') return undefined;
  return {
    id: text(value.id),
    title: text(value.title),
    severity: text(value.severity),
    threats: texts(value.threats),
    summary: text(value.summary),
    expected: text(value.expected),
    rationale: text(value.rationale),
    rule: isRecord(value.rule) ? text(value.rule.id) : undefined,
    outcome: text(value.outcome),
    stack: texts(value.stack),
    rows: list(value.rows).slice(0, 64).map(rowOf),
    session: text(value.session),
    shown: number(value.shown),
    runs: number(value.runs),
    executions: number(value.executions),
    reproducer: reproducer.slice(0, MOST_TEXT),
  };
};

const rowOf = (value: Json): CampaignRow => ({
  path: text(value.path),
  role: text(value.role),
  old: text(value.old),
  new: text(value.new),
  offset: number(value.offset),
  control: text(value.control),
});

/** `bugs.json` of a campaign. */
export const wallsOf = (value: unknown): readonly Wall[] =>
  list(value).map(({ id, share, foundBehind }) => ({
    id: text(id),
    share: number(share),
    behind: texts(foundBehind),
  }));

/** `grammar.json` of a campaign. */
export const grammarOf = (value: unknown): GrammarMap => {
  const columns = texts(isRecord(value) ? value.mutators : undefined);
  const rows = list(isRecord(value) ? value.rows : undefined).map(({ field, cells }) => ({
    field: text(field, 200),
    cells: columns.map((_, at) => {
      const cell: unknown = Array.isArray(cells) ? cells[at] : undefined;
      return Array.isArray(cell) ? ([number(cell[0]), number(cell[1])] as const) : undefined;
    }),
  }));
  return { columns, rows };
};

/** The lines of `name : value` that AFL++ calls `fuzzer_stats`. */
export const statisticsOf = (lines: string): readonly (readonly [string, string])[] =>
  lines
    .split('\n')
    .slice(0, 200)
    .flatMap((line) => {
      const [name = '', ...rest] = line.split(':');
      return rest.length === 0 ? [] : [[name.trim(), rest.join(':').trim()] as const];
    });

/** The points of `plot_data`, thinned to at most 400. */
export const curveOf = (lines: string): readonly CurvePoint[] => {
  const points = lines.split('\n').flatMap((line): readonly CurvePoint[] => {
    const columns = line.split(',').map((part) => Number.parseFloat(part));
    if (line.startsWith('#') || columns.length < 13 || columns.some(Number.isNaN)) return [];
    return [
      {
        seconds: columns[0] ?? 0,
        entries: columns[3] ?? 0,
        grammar: (columns[6] ?? 0) / 100,
        executions: columns[11] ?? 0,
        edges: columns[12] ?? 0,
      },
    ];
  });
  const each = Math.ceil(points.length / 400);
  return points.filter((_, index) => index % each === 0 || index === points.length - 1);
};

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const list = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.slice(0, MOST).filter(isRecord) : [];

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.slice(0, 64).map((one) => text(one)) : [];

const text = (value: unknown, most = MOST_TEXT): string =>
  typeof value === 'string' ? value.slice(0, most) : '';

const optional = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.slice(0, MOST_TEXT) : undefined;

const number = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;
