import type { Severity } from '../finding/finding.ts';
import type { Format, Invariant } from '../formats/format.ts';
import type { Expectation } from '../rules/rule.ts';

/** What a site demands, read and checked. It can judge and nothing else: it runs no code of its own. */
export interface Policy {
  readonly path: string;
  /** SHA-256 of the file's bytes, hexadecimal. */
  readonly digest: string;
  /** The destination, and what may not come at all, as the rules take it. */
  readonly expect: Expectation;
  readonly failOn: Severity | 'never' | undefined;
  readonly severities: ReadonlyMap<string, Severity>;
  readonly suppressions: readonly Suppression[];
  readonly signers: Signers | undefined;
  /** Who may change the file of an input is judged, too. */
  readonly files: boolean;
  /** Formats of this site, before the built-in ones. */
  readonly formats: readonly Format[];
  readonly rules: readonly SiteRule[];
  /** Every value by its key, with the line on which it stands; for `policy show`. */
  readonly origins: readonly Origin[];
}

export interface Suppression {
  readonly rule: string;
  readonly input: string | undefined;
  readonly device: string | undefined;
  readonly field: string | undefined;
  readonly reason: string;
  /** The last day on which it holds, `2027-01-31`. */
  readonly expires: string | undefined;
  readonly line: number;
}

export interface Signers {
  /** Folder of public keys; as a path from where the program runs. */
  readonly keyring: string | undefined;
  readonly threshold: number;
}

/** A rule of the site's own, over the fields of one format. */
export interface SiteRule {
  readonly format: string;
  readonly invariant: Invariant;
}

export interface Origin {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** What is wrong with a policy: one line with file, line and key, and what to do about it. */
export class PolicyError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
