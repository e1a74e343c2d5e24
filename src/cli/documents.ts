import { mkdirSync } from 'node:fs';
import { basename, isAbsolute, join, relative } from 'node:path';
import { githubAnnotations, gitlabDocument } from '../report/annotations.ts';
import { dumpOf } from '../report/dump.ts';
import { htmlDocument } from '../report/html/document.ts';
import { jsonText } from '../report/json-text.ts';
import { checkDocument } from '../report/json.ts';
import { junitDocument } from '../report/junit.ts';
import { markdownDocument } from '../report/markdown.ts';
import { isUnread, type Report } from '../report/report.ts';
import { sarifDocument, type SarifDump } from '../report/sarif.ts';
import { UndoneError } from './exit.ts';
import { reasonOf } from './options.ts';
import { writeWhole } from './output.ts';
import type { OutputKind } from './outputs.ts';

/** A report as the bytes of its file; the dumps of a SARIF file are written beside `path`. */
export const documentText = (
  kind: Exclude<OutputKind, 'text'>,
  path: string,
  report: Report,
): string => {
  switch (kind) {
    case 'json':
      return `${jsonText(checkDocument(report), 2)}\n`;
    case 'sarif':
      return `${jsonText(sarifDocument(report, writeDumps(path, report)), 2)}\n`;
    case 'junit':
      return junitDocument(report);
    case 'markdown':
      return markdownDocument(report);
    case 'github':
      return githubAnnotations(report);
    case 'gitlab':
      return gitlabDocument(report);
    case 'html':
      return htmlDocument(report);
  }
};

/** The dumps that a SARIF file points into, in a folder beside it. */
const writeDumps = (path: string, report: Report): ReadonlyMap<string, SarifDump> => {
  const dumps = new Map<string, SarifDump>();
  if (path === '-') return dumps;
  const folder = `${path}.dumps`;
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UndoneError(`${folder}: ${reasonOf(error)}`);
  }
  const findings = new Map(
    report.inputs.map((input) => [input.path, isUnread(input) ? [] : input.findings]),
  );
  let number = 0;
  for (const [input, picture] of report.pictures) {
    number += 1;
    const safe = basename(input)
      .replaceAll(/[^\w.-]/gu, '_')
      .slice(0, 80);
    const file = join(folder, `${String(number).padStart(3, '0')}-${safe}.txt`);
    const dump = dumpOf(input, picture, findings.get(input) ?? []);
    writeWhole(file, [Buffer.from(dump.text)], true, 'whom-umask-lets');
    dumps.set(input, { path: fromRoot(file), dump });
  }
  return dumps;
};

/** A path as code viewers know it: from the folder that the command runs in. */
const fromRoot = (path: string): string => {
  const inside = relative(process.cwd(), path);
  return isAbsolute(inside) || inside.startsWith('..') ? path : inside;
};
