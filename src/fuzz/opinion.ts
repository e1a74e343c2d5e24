import { DeviceState } from '../check/device.ts';
import { Judge } from '../check/judge.ts';
import { rules as catalogue } from '../check/catalogue.ts';
import { reaches, severities, type Finding } from '../finding/finding.ts';
import type { Format } from '../formats/format.ts';
import type { Expectation, Rule } from '../rules/rule.ts';

/** What the rules think of the bytes of one device state. */
export interface Opinion {
  /**
   * `fatal`: a rule that is certain, and whose finding is high or critical, says that it must be
   * refused. `sound`: no rule says anything. Everything between is nobody's alarm.
   */
  readonly kind: 'fatal' | 'sound' | 'unsure';
  /** The finding that makes it fatal; the worst, and of those the first. */
  readonly finding?: Finding;
}

export interface OpinionOptions {
  readonly format: Format;
  /** What the destination is, where known; a state of another device is fatal then. */
  readonly expect?: Expectation;
  readonly rules?: readonly Rule[];
  /** Rules that say nothing: they speak against states that the target is known to take rightly. */
  readonly muted?: ReadonlySet<string>;
}

/**
 * Rules that are not asked: what is expected was learned from seeds. Which versions a target takes is
 * more than the versions that its seeds have, and a state that lacks an expected field has a fault of
 * its own, or none.
 */
const aboutExpectations = new Set(['version-not-accepted', 'expectation-unmatched']);

/** A limit of the check: no word about the state, of which the rest was not looked at. */
const OWN_LIMIT = 'budget-exceeded';

/** The rules' opinion of a whole state, at once and without any input or output. */
export const opinions = ({
  format,
  expect = {},
  rules = catalogue,
  muted = new Set(),
}: OpinionOptions): ((bytes: Uint8Array) => Opinion) => {
  const asked = rules.filter(({ id, applies }) => {
    if (muted.has(id) || aboutExpectations.has(id)) return false;
    if (applies.to === 'state') return applies.formats?.includes(format.id) ?? true;
    return applies.to === 'input' || applies.to === 'expectation';
  });
  // Nothing is known of bytes without a layout, so nothing about them is fatal, and nothing sound.
  if (format.id === 'opaque') return () => ({ kind: 'unsure' });
  return (bytes) => {
    const judge = new Judge(asked, { expect, most: 4 });
    const { unit, state, end } = judge.observer();
    const device = new DeviceState(
      { name: '', format, size: bytes.length },
      { unit: (one) => unit?.(one), state: (one) => state?.(one) },
    );
    device.push(bytes, 0);
    device.end();
    end?.({ bytes: bytes.length, damage: undefined, expired: false });
    const { findings } = judge.judged([]);
    const finding = worst(findings);
    if (finding !== undefined) return { kind: 'fatal', finding };
    return { kind: findings.some(({ severity }) => severity !== 'info') ? 'unsure' : 'sound' };
  };
};

const worst = (findings: readonly Finding[]): Finding | undefined => {
  let found: Finding | undefined;
  for (const finding of findings) {
    if (finding.confidence !== 'certain' || !reaches(finding.severity, 'high')) continue;
    if (finding.rule === OWN_LIMIT) continue;
    if (
      found === undefined ||
      severities.indexOf(finding.severity) < severities.indexOf(found.severity)
    ) {
      found = finding;
    }
  }
  return found;
};

/** Rules that speak against a state that is known to be good; they would cry wolf over it. */
export const mutedBy = (
  seeds: readonly Uint8Array[],
  options: OpinionOptions,
): ReadonlySet<string> => {
  const muted = new Set<string>();
  for (const bytes of seeds) {
    for (;;) {
      const { finding } = opinions({ ...options, muted })(bytes);
      if (finding === undefined || muted.has(finding.rule)) break;
      muted.add(finding.rule);
    }
  }
  return muted;
};
