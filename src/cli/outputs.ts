import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { JsonError, JsonMeter } from '../bytes/json.ts';
import type { Source } from '../bytes/source.ts';
import { BaselineError, baselineLimits, readBaseline, type Baseline } from '../report/baseline.ts';
import { jsonText } from '../report/json-text.ts';
import type { Report } from '../report/report.ts';
import { UndoneError, UsageError } from './exit.ts';
import { jsonBytes } from './json-file.ts';
import { reasonOf } from './options.ts';
import { writeWhole } from './output.ts';

export const outputKinds = [
  'text',
  'json',
  'sarif',
  'junit',
  'markdown',
  'github',
  'gitlab',
  'html',
] as const;
export type OutputKind = (typeof outputKinds)[number];

/** One report that was asked for; `-` is standard output. */
export interface Output {
  readonly kind: OutputKind;
  readonly path: string;
}

/** `sarif=out.sarif`, or `github` for standard output; text where nothing says what goes there. */
export const outputsOf = (given: readonly string[], json: boolean): readonly Output[] => {
  const outputs = given.map((text): Output => {
    const [name = '', ...rest] = text.split('=');
    const kind = outputKinds.find((known) => known === name);
    if (kind === undefined) {
      throw new UsageError(
        `there is no output ${JSON.stringify(name)}`,
        `write KIND=FILE with one of ${outputKinds.join(', ')}`,
      );
    }
    const path = rest.join('=');
    return { kind, path: path === '' ? '-' : path };
  });
  const all: readonly Output[] = json ? [{ kind: 'json', path: '-' }, ...outputs] : outputs;
  const printed = all.filter(({ path }) => path === '-');
  if (printed.length > 1) {
    throw new UsageError(
      `${printed.map(({ kind }) => kind).join(' and ')} cannot both go to standard output`,
      'give all but one a file: KIND=FILE',
    );
  }
  return printed.length === 1 ? all : [{ kind: 'text', path: '-' }, ...all];
};

/** Whether an output shows what inputs hold, beside what is wrong with them. */
export const needsPictures = (outputs: readonly Output[]): boolean =>
  outputs.some(({ kind }) => kind === 'sarif' || kind === 'html');

/** The input as it is, with the digest of every byte that was read from it. */
export const digesting = (
  source: Source,
): { readonly source: Source; readonly sha256: () => string } => {
  const hash = createHash('sha256');
  const blocks = (): ReturnType<Source['blocks']> => {
    const inner = source.blocks();
    return Symbol.asyncIterator in inner ? later(inner) : now(inner);
  };
  function* now(inner: Iterable<Uint8Array>): Generator<Uint8Array> {
    for (const block of inner) {
      hash.update(block);
      yield block;
    }
  }
  async function* later(inner: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const block of inner) {
      hash.update(block);
      yield block;
    }
  }
  return { source: { ...source, blocks }, sha256: () => hash.copy().digest('hex') };
};

/** Writes every report but the text, which is printed while the inputs are checked. */
export const writeOutputs = async (report: Report, outputs: readonly Output[]): Promise<void> => {
  for (const { kind, path } of outputs) {
    if (kind === 'text') continue;
    // Most runs write none, and need not load what draws them.
    const { documentText } = await import('./documents.ts');
    const text = documentText(kind, path, report);
    if (path === '-') process.stdout.write(text);
    else writeWhole(path, [Buffer.from(text)], true, 'whom-umask-lets');
  }
};

/** The baseline of a file, or why it is none. */
export const baselineFrom = (path: string): Baseline => {
  try {
    return readBaseline(jsonBytes(path, baselineLimits));
  } catch (error) {
    if (!(error instanceof BaselineError || error instanceof JsonError)) throw error;
    throw new UsageError(`${path}: ${error.message}`, '--write-baseline FILE writes one');
  }
};

export const writeBaseline = (path: string, baseline: Baseline): void => {
  const text = Buffer.from(`${jsonText(baseline, 2)}\n`);
  try {
    new JsonMeter(baselineLimits).push(text);
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    if (!(error instanceof JsonError)) throw new UndoneError(`${path}: ${reasonOf(error)}`);
    const { length } = baseline.findings;
    throw new UndoneError(
      `${path}: not written, because --baseline would not read it: it has ${length} findings and ` +
        `${error.message}; check fewer inputs at once, or list fewer findings by --max-findings`,
    );
  }
  writeWhole(path, [text], true, 'whom-umask-lets');
};
