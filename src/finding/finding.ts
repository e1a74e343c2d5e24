import type { Range } from '../bytes/range.ts';

/** How much a finding matters to the host that would load the state; `critical` first. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof severities)[number];

/** The questions of the designers of VFIO migration; each rule answers at least one of them. */
export const threats = [
  'corruption',
  'version',
  'guest',
  'feeder',
  'wrong-device',
  'untrusted-source',
  'exposure',
] as const;
export type Threat = (typeof threats)[number];

/** What each threat means, in one line; printed by every report that groups by threat. */
export const threatTitles: Readonly<Record<Threat, string>> = {
  corruption: 'damaged, cut or reordered bytes',
  version: 'written by a driver, firmware or protocol version that the reader does not take',
  guest: 'a guest shaped its device so that the saved state attacks the destination',
  feeder: 'somebody hands the restore path a made-up stream',
  'wrong-device': 'the state of one device loaded into another',
  'untrusted-source': 'nobody can say where the state comes from',
  exposure: 'the state carries what must not leave the host',
};

/** Who decides the value of a field on the way from the source to the destination. */
export type Control = 'guest' | 'device' | 'driver' | 'firmware' | 'source-host' | 'unknown';

export type Confidence = 'certain' | 'likely' | 'possible';

/** A place in the input, with what stands there. */
export interface Location {
  /** Field path in its device state or container item: `port[0].head`; empty for a whole input. */
  readonly path: string;
  /** Where the bytes lie in the file that the user gave; several when device data was gathered. */
  readonly ranges: readonly Range[];
  /** The raw bytes, at most 32 of them; empty when they were not kept. */
  readonly bytes: Uint8Array;
  /** The value as the format writes it, e.g. `44` or `TAG_MANDATORY`. */
  readonly value?: string;
  readonly control?: Control;
  readonly note?: string;
}

/** One rule's judgement on one place of one input. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly threats: readonly Threat[];
  /** This input, with its numbers; one line, no full stop. */
  readonly message: string;
  /** What would have been right, where one sentence can say it. */
  readonly expected?: string;
  /** The device whose state this is about, as the container names it. */
  readonly device?: string;
  /** The first location is the place of the finding; more say where it contradicts. */
  readonly at: readonly Location[];
  /** Set where the finding does not count against its input; reports show it all the same. */
  readonly excused?: Excuse;
}

/** Why a finding does not count: it stands in the baseline, or a person said so. */
export type Excuse =
  | { readonly kind: 'known' }
  | { readonly kind: 'suppressed'; readonly reason: string; readonly expires?: string };

/** True when a finding that is not excused is as bad as `threshold` or worse. */
export const counts = ({ severity, excused }: Finding, threshold: Severity): boolean =>
  excused === undefined && reaches(severity, threshold);

/** True when `severity` is as bad as `threshold` or worse. */
export const reaches = (severity: Severity, threshold: Severity): boolean =>
  severities.indexOf(severity) <= severities.indexOf(threshold);
