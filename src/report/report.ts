import type { CheckedInput } from '../check/check.ts';
import type { Finding, Severity } from '../finding/finding.ts';
import type { Rule } from '../rules/rule.ts';
import type { GoneFinding } from './baseline.ts';
import type { CheckRun, UnreadInput } from './json.ts';
import type { Picture } from './picture.ts';
import { tallyByThreat, type ThreatTally } from './threat-tally.ts';

/** One run as every output sees it: what was checked, by which rules, with what result. */
export interface Report extends CheckRun {
  readonly rules: readonly Rule[];
  /** Lowest severity that fails the run; undefined where nothing does. */
  readonly threshold: Severity | undefined;
  /** Pictures of the inputs by path, where an output asked for them. */
  readonly pictures: ReadonlyMap<string, Drawn>;
  /** Findings of the baseline that this run did not have again. */
  readonly gone: readonly GoneFinding[];
}

/** What is known of an input beside the findings. */
export interface Drawn extends Picture {
  /** Digest of the file as the user gave it; hexadecimal. */
  readonly sha256: string;
  /** Bytes of the input to show: all of a small one, the surroundings of findings of a large one. */
  readonly windows: readonly Window[];
}

/** Bytes of an input from an offset on; a multiple of 16, so that rows line up. */
export interface Window {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface InputFinding {
  readonly path: string;
  readonly finding: Finding;
  /** Stable name of the finding among all of its input. */
  readonly fingerprint: string;
}

export const isUnread = (input: CheckedInput | UnreadInput): input is UnreadInput =>
  'error' in input;

/** What came of the rules of each threat; of an input that was not read no rule is decided. */
export const threatsOf = ({ rules, inputs }: Report): readonly ThreatTally[] =>
  tallyByThreat(rules, inputs, (input, rule) =>
    isUnread(input) ? 'undecided' : input.verdicts[rule],
  );
