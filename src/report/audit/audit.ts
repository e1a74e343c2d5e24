/**
 * What an audit is made of: documents and folders that other commands left behind, read again. All of it
 * is input, and may have been written by somebody else: it is bounded, and shown as text only.
 */
export interface Audit {
  readonly tool: { readonly name: string; readonly version: string };
  /** Said by the person who asks for the audit. */
  readonly title: string;
  readonly parts: readonly AuditPart[];
}

export type AuditPart = CheckPart | CampaignPart | CompatPart | AttestationPart;

/** Where a part comes from, and the digest of the file that said it. */
interface Origin {
  readonly path: string;
  readonly sha256: string;
}

/** A document of `check --json`. */
export interface CheckPart extends Origin {
  readonly kind: 'check';
  readonly tool: string;
  readonly inputs: readonly AuditInput[];
}

export interface AuditInput {
  readonly path: string;
  readonly sha256: string | undefined;
  readonly container: string;
  readonly bytes: number;
  readonly error: string | undefined;
  readonly formats: readonly string[];
  readonly findings: readonly AuditFinding[];
  /** What came of each rule, by its id. */
  readonly verdicts: Readonly<Record<string, string>>;
}

export interface AuditFinding {
  readonly rule: string;
  readonly severity: string;
  readonly threats: readonly string[];
  readonly message: string;
  readonly where: string;
  /** Known or suppressed, with the reason. */
  readonly excused: string | undefined;
}

/** The folder of a campaign. */
export interface CampaignPart extends Origin {
  readonly kind: 'campaign';
  readonly target: string;
  readonly format: string;
  readonly statistics: readonly (readonly [name: string, value: string])[];
  readonly curve: readonly CurvePoint[];
  readonly findings: readonly CampaignFinding[];
  /** What each known finding costs, and what was found behind it. */
  readonly walls: readonly Wall[];
  readonly grammar: GrammarMap;
}

/** What of the grammar was tried. */
export interface GrammarMap {
  /** Names of the boundaries. */
  readonly columns: readonly string[];
  readonly rows: readonly GrammarRow[];
}

export interface GrammarRow {
  readonly field: string;
  /** Plans that were tried and that there are, by column; undefined where there are none. */
  readonly cells: readonly (readonly [done: number, total: number] | undefined)[];
}

/** One line of `plot_data`. */
export interface CurvePoint {
  readonly seconds: number;
  readonly executions: number;
  readonly edges: number;
  /** Share of the grammar that was tried, from 0 to 1. */
  readonly grammar: number;
  readonly entries: number;
}

export interface CampaignFinding {
  readonly id: string;
  readonly title: string;
  readonly severity: string;
  readonly threats: readonly string[];
  readonly summary: string;
  readonly expected: string;
  readonly rationale: string;
  readonly rule: string | undefined;
  readonly outcome: string;
  readonly stack: readonly string[];
  readonly rows: readonly CampaignRow[];
  readonly session: string;
  readonly shown: number;
  readonly runs: number;
  readonly executions: number;
  /** The shell script that shows it without vstate-check. */
  readonly reproducer: string;
}

/** One field that the finding changes. */
export interface CampaignRow {
  readonly path: string;
  readonly role: string;
  readonly old: string;
  readonly new: string;
  readonly offset: number;
  readonly control: string;
}

export interface Wall {
  readonly id: string;
  readonly share: number;
  readonly behind: readonly string[];
}

/** A document of `compat --json`. */
export interface CompatPart extends Origin {
  readonly kind: 'compat';
  readonly rows: readonly (readonly [source: string, destination: string, verdict: string])[];
}

/** A DSSE envelope around an in-toto statement; its signatures are not judged here. */
export interface AttestationPart extends Origin {
  readonly kind: 'attestation';
  readonly predicate: string;
  readonly subjects: readonly (readonly [name: string, sha256: string])[];
  readonly signatures: number;
}
