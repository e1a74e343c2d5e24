import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { catalogueWith } from '../check/catalogue.ts';
import type { Audit, AuditPart, CampaignPart } from '../report/audit/audit.ts';
import { auditPage } from '../report/audit/html.ts';
import { auditMarkdown } from '../report/audit/markdown.ts';
import {
  campaignFinding,
  curveOf,
  documentPart,
  statisticsOf,
  wallsOf,
} from '../report/audit/read.ts';
import { jsonText } from '../report/json-text.ts';
import { exitCodes, UndoneError, UsageError } from './exit.ts';
import { reasonOf } from './options.ts';
import { writeWhole } from './output.ts';
import { tool } from './version.ts';

export interface ReportFlags {
  readonly output: readonly string[];
  readonly title: string;
}

const MOST_BYTES = 64 << 20;
const MOST_FINDINGS = 1_000;

/** Merges what other commands left behind into one audit. */
export const runReport = (paths: readonly string[], flags: ReportFlags): number => {
  const audit: Audit = { tool, title: flags.title, parts: paths.map(partOf) };
  const { rules } = catalogueWith([]);
  for (const text of flags.output) {
    const [kind = '', ...rest] = text.split('=');
    const path = rest.join('=');
    const document = written(kind, audit, rules);
    if (path === '' || path === '-') process.stdout.write(document);
    else writeWhole(path, [Buffer.from(document)], true);
  }
  return exitCodes.sound;
};

const written = (
  kind: string,
  audit: Audit,
  rules: ReturnType<typeof catalogueWith>['rules'],
): string => {
  switch (kind) {
    case 'html':
      return auditPage(audit, rules);
    case 'markdown':
      return auditMarkdown(audit, rules);
    case 'json':
      return `${jsonText({ version: 1, ...audit }, 2)}\n`;
    default:
      throw new UsageError(
        `there is no audit in ${JSON.stringify(kind)}`,
        'write KIND=FILE with html, markdown or json',
      );
  }
};

const partOf = (path: string): AuditPart => {
  if (isFolder(path)) return campaignOf(path);
  const bytes = bytesOf(path);
  const part = documentPart(parsed(bytes), path, digestOf(bytes));
  if (part !== undefined) return part;
  throw new UsageError(
    `${path} is nothing that an audit is made of`,
    'give documents of check --json, compat --json and attest, and folders of campaigns',
  );
};

const campaignOf = (path: string): CampaignPart => {
  const bytes = bytesOf(join(path, 'campaign.json'));
  const campaign = parsed(bytes);
  if (typeof campaign !== 'object' || campaign === null) {
    throw new UsageError(`${path} is no campaign`, 'name the folder of `fuzz --out`');
  }
  const text = (name: string): string => {
    const value = Object.entries(campaign).find(([key]) => key === name)?.[1] as unknown;
    return typeof value === 'string' ? value : '';
  };
  const folder = join(path, 'findings');
  const names = isFolder(folder) ? readdirSync(folder).sort().slice(0, MOST_FINDINGS) : [];
  return {
    kind: 'campaign',
    path,
    sha256: digestOf(bytes),
    target: text('target'),
    format: text('format'),
    statistics: statisticsOf(textAt(join(path, 'fuzzer_stats'))),
    curve: curveOf(textAt(join(path, 'plot_data'))),
    walls: wallsOf(parsed(optionalAt(join(path, 'bugs.json')))),
    findings: names.flatMap((name) => {
      const found = campaignFinding(
        parsed(optionalAt(join(folder, name, 'finding.json'))),
        textAt(join(folder, name, 'reproduce.sh')),
      );
      return found === undefined ? [] : [found];
    }),
  };
};

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const parsed = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
};

const textAt = (path: string): string => Buffer.from(optionalAt(path)).toString('utf8');

/** A file that may be missing: a campaign that was cut off has not written all of them. */
const optionalAt = (path: string): Uint8Array => {
  try {
    return bytesOf(path);
  } catch (error) {
    if (error instanceof UndoneError) return new Uint8Array(0);
    throw error;
  }
};

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const bytesOf = (path: string): Uint8Array => {
  let file: number | undefined;
  try {
    const { size } = statSync(path);
    if (size > MOST_BYTES) throw new UndoneError(`${path}: larger than 64 MiB`);
    file = openSync(path, 'r');
    const buffer = new Uint8Array(size);
    let length = 0;
    while (length < size) {
      const got = readSync(file, buffer, length, size - length, null);
      if (got === 0) break;
      length += got;
    }
    return buffer.subarray(0, length);
  } catch (error) {
    if (error instanceof UndoneError) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
};
