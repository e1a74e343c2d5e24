import { JsonError, parseMeasured } from '../bytes/json.ts';
import { catalogueWith } from '../check/catalogue.ts';
import type { Audit, AuditPart } from '../report/audit/audit.ts';
import { auditPage } from '../report/audit/html.ts';
import { auditMarkdown } from '../report/audit/markdown.ts';
import { auditLimits, documentPart } from '../report/audit/read.ts';
import { jsonText } from '../report/json-text.ts';
import { campaignOf, digestOf, isFolder } from './campaign-part.ts';
import type { DashboardFlags } from './dashboard.ts';
import { exitCodes, UsageError } from './exit.ts';
import { jsonBytes } from './json-file.ts';
import { writeWhole } from './output.ts';
import { tool } from './version.ts';

export interface ReportFlags extends DashboardFlags {
  readonly output: readonly string[];
  readonly title: string;
}

/** Merges what other commands left behind into one audit. */
export const runReport = async (paths: readonly string[], flags: ReportFlags): Promise<number> => {
  if (flags.serve !== undefined) {
    const [folder, ...more] = paths;
    if (folder === undefined || more.length > 0 || !isFolder(folder)) {
      throw new UsageError('--serve shows one campaign', 'name its folder alone');
    }
    const { serveFolder } = await import('./dashboard.ts');
    await serveFolder(flags, folder);
    return exitCodes.sound;
  }
  const audit: Audit = { tool, title: flags.title, parts: paths.map(partOf) };
  const { rules } = catalogueWith([]);
  for (const text of flags.output) {
    const [kind = '', ...rest] = text.split('=');
    const path = rest.join('=');
    const document = written(kind, audit, rules);
    if (path === '' || path === '-') process.stdout.write(document);
    else writeWhole(path, [Buffer.from(document)], true, 'whom-umask-lets');
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
  try {
    const bytes = jsonBytes(path, auditLimits);
    const part = documentPart(parseMeasured(bytes), path, digestOf(bytes));
    if (part !== undefined) return part;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new UsageError(
      `${path} is nothing that an audit is made of: it ${error.message}`,
      wanted,
    );
  }
  throw new UsageError(`${path} is nothing that an audit is made of`, wanted);
};

const wanted = 'give documents of check --json, compat --json and attest, and folders of campaigns';
