import { Document, isMap, isScalar, isSeq, visit } from 'yaml';
import type { Format, Invariant } from '../formats/format.ts';
import type { Draft } from '../layout/draft.ts';
import { originOf } from './origin.ts';
import { layoutData } from './print-layout.ts';
import { twins } from './twins.ts';

const WIDTH = 100;
/** Characters of a mapping or list that is written on one line. */
const SHORT = 84;
/** Values in the examples of an invariant; larger ones would hide the rest of the file. */
const MOST_EXAMPLES = 40;
/** Numbers from here up are written in hexadecimal. */
const LARGE = 0x10000n;

/** A format as a format file; reading it gives the same format. */
export const formatFileText = (format: Format): string => {
  const origin = originOf(format);
  if (origin !== undefined) return origin;
  const { layout, types } = layoutData(format.layout);
  const document = new Document(
    {
      format: format.id,
      title: format.title,
      source: format.source,
      summary: `${format.summary.trim()}\n`,
      pci: format.pci,
      drivers: format.drivers,
      identity: `${format.identity.trim()}\n`,
      ...(format.featureless === true ? { featureless: true } : {}),
      ...(format.mayBeEmpty === true ? { 'may-be-empty': true } : {}),
      recognise: { builtin: format.id },
      sample: draftData(format.sample),
      ...(Object.keys(types).length === 0 ? {} : { types }),
      layout,
      ...(format.invariants.length === 0
        ? {}
        : { invariants: format.invariants.map(invariantData) }),
    },
    // One value in two places is written out in both.
    { aliasDuplicateObjects: false },
  );
  arrange(document);
  return document.toString({ lineWidth: WIDTH, flowCollectionPadding: true });
};

const invariantData = (invariant: Invariant): unknown => {
  const twin = twins.get(invariant.id);
  if (twin === undefined) return { builtin: invariant.id };
  const { id, title, severity, confidence, threats, cwe, rationale, advice, sources } = invariant;
  const examples = invariant.examples();
  const { each, if: guard, holds, count, 'at-end': atEnd, ...said } = twin;
  return {
    id,
    title,
    severity,
    ...(confidence === undefined ? {} : { confidence }),
    threat: threats,
    cwe,
    ...(each === undefined ? {} : { each }),
    ...(guard === undefined ? {} : { if: guard }),
    ...(holds === undefined ? {} : { holds }),
    ...(count === undefined ? {} : { count }),
    ...(atEnd === undefined ? {} : { 'at-end': atEnd }),
    ...said,
    rationale: `${rationale.trim()}\n`,
    advice,
    sources,
    ...(weight(examples) > MOST_EXAMPLES
      ? {}
      : {
          examples: { good: examples.good.map(draftData), bad: examples.bad.map(draftData) },
        }),
  };
};

/** Values in a draft; bytes count as one. */
const weight = (draft: unknown): number =>
  typeof draft !== 'object' || draft === null || draft instanceof Uint8Array
    ? 1
    : Object.values(draft).reduce((sum: number, part) => sum + weight(part), 1);

const draftData = (draft: Draft): unknown => {
  if (typeof draft === 'number') return BigInt(draft);
  if (typeof draft === 'bigint' || typeof draft === 'string') return draft;
  if (draft instanceof Uint8Array) {
    return draft.length > 0 && draft.every((byte) => byte === 0)
      ? { zeros: BigInt(draft.length) }
      : { hex: Buffer.from(draft).toString('hex') };
  }
  if (Array.isArray(draft)) return (draft as readonly Draft[]).map(draftData);
  return Object.fromEntries(Object.entries(draft).map(([name, field]) => [name, draftData(field)]));
};

/** Short mappings and lists on one line, large numbers in hexadecimal. */
const arrange = (document: Document): void => {
  const lengths = new Map<unknown, number>();
  const lengthOf = (node: unknown): number => {
    const before = lengths.get(node);
    if (before !== undefined) return before;
    let length = 2;
    if (isScalar(node)) length = String(node.value).length + 2;
    else if (isSeq(node)) for (const item of node.items) length += lengthOf(item) + 2;
    else if (isMap(node)) {
      for (const { key, value } of node.items) length += lengthOf(key) + lengthOf(value) + 2;
    }
    lengths.set(node, length);
    return length;
  };
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'bigint' && node.value >= LARGE) node.format = 'HEX';
    },
    Collection: (_key, node) => {
      if (node !== document.contents && lengthOf(node) <= SHORT) node.flow = true;
    },
  });
};
