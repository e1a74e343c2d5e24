import { SmallFileError, smallText } from '../bytes/small-file.ts';
import { formatById, formats as builtins } from '../formats/index.ts';
import { defineFormat, type Format, type Invariant } from '../formats/format.ts';
import type { Draft } from '../layout/draft.ts';
import type { Layout } from '../layout/types.ts';
import { trialAllowance, type Variables } from './cel.ts';
import { mostBytes, readDocument } from './document.ts';
import { readDraft } from './draft.ts';
import { FormatFileError, Mistake } from './error.ts';
import { readInvariant } from './invariant.ts';
import { checked } from './keys.ts';
import { readLayout } from './layout.ts';
import { rememberOrigin } from './origin.ts';
import { readRecognition } from './recognise.ts';
import { refuseEndless } from './recursion.ts';
import { formatShape } from './shapes.ts';

/** Reads format files. Throws `FormatFileError` on the first mistake. */
export const readFormatFiles = (paths: readonly string[]): readonly Format[] => {
  const read = paths.map((path) => parseFormatFile(fileText(path), path));
  for (const [index, { id }] of read.entries()) {
    const first = read.findIndex((format) => format.id === id);
    if (first === index) continue;
    throw new FormatFileError(
      `${paths[index] ?? ''}: the format ${id} stands in ${paths[first] ?? ''} already`,
      'give one of them another name',
    );
  }
  return read;
};

/** Reads one format file from its text; `file` stands in its errors. */
export const parseFormatFile = (text: string, file: string): Format => {
  const document = readDocument(text, file);
  try {
    return rememberOrigin(formatOf(document.data), text);
  } catch (error) {
    if (error instanceof Mistake) throw document.located(error);
    throw error;
  }
};

const formatOf = (data: unknown): Format => {
  const read = checked(formatShape, data, []);
  const { format: id, title, source, summary, pci, drivers, identity } = read;
  if (id === 'opaque') {
    throw new Mistake(['format'], 'opaque is what has no format', 'give another name');
  }
  const { layout, fields, constants } = readLayout(read.layout, read.types);
  refuseEndless(layout);
  const known = Object.assign(
    Object.create(null) as object,
    constantsOf(constants),
    read.constants,
  );
  const trial = trialAllowance();
  const invariants = read.invariants.map((given, index) =>
    readInvariant(given, ['invariants', index], {
      format: id,
      source,
      names: {
        variables: new Set([...fields, ...Object.keys(known), 'self', 'root']),
        fields,
      },
      constants: known,
      builtin: builtinInvariant,
      trial,
    }),
  );
  for (const [index, { id: rule }] of invariants.entries()) {
    if (invariants.findIndex((other) => other.id === rule) === index) continue;
    throw new Mistake(['invariants', index], `${rule} stands twice`, 'give it another id');
  }
  return defineFormat({
    id,
    title,
    source,
    summary,
    layout,
    invariants,
    ...readRecognition(read.recognise, layout, ['recognise'], formatById),
    pci,
    drivers,
    ...(read.featureless === undefined ? {} : { featureless: true }),
    ...(read['may-be-empty'] === undefined ? {} : { mayBeEmpty: true }),
    identity,
    sample: read.sample === undefined ? emptyDraft(layout) : readDraft(read.sample, ['sample']),
  });
};

/** Names of values that mean one number wherever they stand. */
const constantsOf = (names: ReadonlyMap<string, bigint | undefined>): Variables =>
  Object.fromEntries([...names].filter(([, value]) => value !== undefined));

const builtinInvariant = (id: string): Invariant | undefined => {
  for (const { invariants } of builtins) {
    const found = invariants.find((invariant) => invariant.id === id);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** What a draft of nothing but derived values is for a layout. */
const emptyDraft = (layout: Layout): Draft => {
  if (layout.kind === 'repeat' || layout.kind === 'array') return [];
  if (layout.kind === 'struct') return {};
  return new Uint8Array(0);
};

const fileText = (path: string): string => {
  try {
    return smallText(path, mostBytes);
  } catch (error) {
    const reason =
      error instanceof SmallFileError ? error.message : 'the format file cannot be read';
    throw new FormatFileError(`${path}: ${reason}`, 'name a YAML file that describes a format');
  }
};
