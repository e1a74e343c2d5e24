import type { Format } from '../formats/format.ts';
import { formatPage } from '../report/format-page.ts';
import { rulePage } from '../report/rule-page.ts';
import { UsageError } from './exit.ts';
import { catalogueOption } from './options.ts';
import type { ListFlags, ShowFlags, ShowFormatFlags } from './program.ts';

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const listFormats = async ({ json, formatFile }: ListFlags): Promise<void> => {
  const { formats } = await catalogueOption(formatFile);
  if (json === true) {
    const list = formats.map(({ id, title, source, pci, drivers }) => ({
      id,
      title,
      source,
      pci,
      drivers,
    }));
    print(JSON.stringify({ version: 1, formats: list }, null, 2));
    return;
  }
  for (const { id, title } of formats) print(`${id.padEnd(10)} ${title}`);
};

export const showFormat = async (id: string, flags: ShowFormatFlags): Promise<void> => {
  const { formats } = await catalogueOption(flags.formatFile);
  const format = formats.find((one) => one.id === id);
  if (format === undefined) {
    throw new UsageError(`there is no format ${JSON.stringify(id)}`, 'see: vstate-check formats');
  }
  print((await formatText(format, flags)).trimEnd());
};

/** The page of a format, or the format in the form that another program reads. */
const formatText = async (
  format: Format,
  { yaml, ksy, hexpat }: ShowFormatFlags,
): Promise<string> => {
  if ([yaml, ksy, hexpat].filter((flag) => flag === true).length > 1) {
    throw new UsageError('a format is printed in one form', 'give one of --yaml, --ksy, --hexpat');
  }
  if (yaml === true) return (await import('../formatfile/print.ts')).formatFileText(format);
  if (ksy === true) return (await import('../formatfile/ksy.ts')).ksyText(format);
  if (hexpat === true) return (await import('../formatfile/hexpat.ts')).hexpatText(format);
  return formatPage(format);
};

export const listRules = async ({ json, formatFile }: ListFlags): Promise<void> => {
  const { rules } = await catalogueOption(formatFile);
  if (json === true) {
    const list = rules.map(({ id, title, severity, confidence, threats, cwe }) => ({
      id,
      title,
      severity,
      confidence,
      threats,
      cwe,
    }));
    print(JSON.stringify({ version: 1, rules: list }, null, 2));
    return;
  }
  for (const { id, severity, title } of rules)
    print(`${severity.padEnd(9)} ${id}\n          ${title}`);
};

export const showRule = async (id: string, { formatFile }: ShowFlags): Promise<void> => {
  const { formats, rules } = await catalogueOption(formatFile);
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) {
    const near = rules.filter((one) => one.id.includes(id)).map((one) => one.id);
    throw new UsageError(
      `there is no rule ${JSON.stringify(id)}`,
      near.length > 0 ? `near: ${near.slice(0, 5).join(', ')}` : 'see: vstate-check rules',
    );
  }
  print(rulePage(rule, formats).trimEnd());
};
