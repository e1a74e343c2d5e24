import { Decoder } from '../../src/layout/decode.ts';
import { pathOf, walk, type FaultCodeOf, type Node } from '../../src/layout/node.ts';
import { layoutOf, telling, type Breach, type Format } from '../../src/formats/format.ts';
import { formats } from '../../src/formats/index.ts';
import { reaches, type Severity } from '../../src/finding/finding.ts';

/** The rule that judges each fault of the decoder. */
const ruleOf: Readonly<Record<FaultCodeOf, string>> = {
  truncated: 'field-truncated',
  overrun: 'length-exceeds-section',
  trailing: 'trailing-bytes',
  'bad-magic': 'magic-mismatch',
  'unsupported-version': 'version-unsupported',
  'unknown-tag': 'tag-unknown',
  'undefined-value': 'value-undefined',
  'undefined-bits': 'bits-undefined',
  'not-zero': 'reserved-not-zero',
  'out-of-range': 'value-out-of-range',
  'index-out-of-bounds': 'index-out-of-bounds',
  misaligned: 'address-misaligned',
  'wrong-offset': 'offset-mismatch',
  'wrong-length': 'length-mismatch',
  'bad-checksum': 'checksum-mismatch',
  'bad-text': 'text-malformed',
  budget: 'budget-exceeded',
};

export interface Judgement {
  readonly rule: string;
  readonly severity: Severity;
  readonly path: string;
  readonly message: string;
}

/** What a format's layout and invariants say of a state, by the names of the rules. */
export const judge = (format: Format, bytes: Uint8Array): readonly Judgement[] => {
  const units: Node[] = [];
  const decoder = new Decoder(layoutOf(format, bytes.subarray(0, telling)), {
    unit: (root) => units.push(root),
  });
  decoder.push(bytes);
  decoder.end();
  return judgeUnits(format, units);
};

/** The same for a state that is decoded already. */
export const judgeUnits = (format: Format, units: readonly Node[]): readonly Judgement[] => {
  const found: Judgement[] = [];
  for (const root of units) {
    for (const node of walk(root)) {
      for (const { code } of node.faults) {
        found.push({ rule: ruleOf[code], severity: 'high', path: pathOf(node), message: code });
      }
    }
  }
  const bytes = units.reduce((sum, { length }) => sum + length, 0);
  for (const { id: rule, severity, watch } of format.invariants) {
    const watcher = watch();
    const take = (breaches: Iterable<Breach>): void => {
      for (const { field, message } of breaches) {
        found.push({ rule, severity, path: field === undefined ? '' : pathOf(field), message });
      }
    };
    for (const root of units) take(watcher.unit?.(root) ?? []);
    take(watcher.state?.({ bytes, units: units.length }) ?? []);
  }
  return found;
};

/** Ids of the rules of at least this severity, each once, sorted. */
export const ruleIds = (
  judgements: readonly Judgement[],
  least: Severity = 'medium',
): readonly string[] =>
  [
    ...new Set(
      judgements.filter(({ severity }) => reaches(severity, least)).map(({ rule }) => rule),
    ),
  ].sort();

/** The format that the first bytes of a state speak for most, as the checker chooses it. */
export const recognised = (bytes: Uint8Array): Format | undefined => {
  const rank = ['certain', 'likely', 'damaged'] as const;
  const head = bytes.subarray(0, telling);
  for (const wanted of rank) {
    const found = formats.find((format) => format.recognise(head, bytes.length) === wanted);
    if (found !== undefined) return found;
  }
  return undefined;
};
