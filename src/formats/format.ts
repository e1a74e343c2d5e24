import type { Confidence, Severity, Threat } from '../finding/finding.ts';
import type { Draft } from '../layout/draft.ts';
import type { Node } from '../layout/node.ts';
import type { Layout } from '../layout/types.ts';

/** A device-state format of one driver, complete in one value. */
export interface Format {
  readonly id: string;
  readonly title: string;
  /** Where the shape is written down: `linux drivers/vfio/…: struct …`. */
  readonly source: string;
  /** What a reader should know before the field table; full sentences. */
  readonly summary: string;
  readonly layout: Layout;
  /** Other layouts that it had; what no form knows as its own has `layout`. */
  readonly forms?: readonly Form[];
  readonly invariants: readonly Invariant[];
  /** How sure the first bytes of a state make it; undefined when they speak against the format. */
  recognise(head: Uint8Array, size: number | undefined): Likeness | undefined;
  /** PCI vendor and device ids, `15b3:101e`, whose states have this format. */
  readonly pci: readonly string[];
  /** Kernel drivers that write and read it, by module name with underscores: `mlx5_vfio_pci`. */
  readonly drivers: readonly string[];
  /** It begins with a magic number, so a state of its device without one is a damaged state. */
  readonly marked: boolean;
  /**
   * Its states have nothing to know them by: what comes from its device, and is like no other format,
   * is taken for it.
   */
  readonly featureless?: true;
  /** A state without a byte is sound. */
  readonly mayBeEmpty?: true;
  /** What identifies a device beyond the fields with the role `identity`; for the format's page. */
  readonly identity: string;
  /** A sound state, to start from without a capture. */
  readonly sample: Draft;
}

/** The layout of an earlier or later writer of the same format. */
export interface Form {
  /** What tells its writers from others; the heading of its fields. */
  readonly title: string;
  readonly layout: Layout;
  /** Whether the first bytes of a state are this form's. */
  tells(head: Uint8Array): boolean;
  /** A sound state of this form. */
  readonly sample: Draft;
}

/**
 * `certain`: a magic stands where it must. `likely`: the shape fits and little else would.
 * `damaged`: a magic or header that is this format's but for a few bytes.
 */
export type Likeness = 'certain' | 'likely' | 'damaged';

/** A constraint between fields; it becomes a rule of its own. */
export interface Invariant {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly confidence?: Confidence;
  readonly threats: readonly [Threat, ...Threat[]];
  readonly cwe: string;
  readonly rationale: string;
  readonly advice: string;
  readonly sources: readonly string[];
  /** States that keep it and states that break it; made when they are asked for. */
  readonly examples: () => { readonly good: readonly Draft[]; readonly bad: readonly Draft[] };
  /**
   * Judges each unit by itself, or all units of one state in turn. What bounds the work over one input
   * is shared by those who are given the same object for it.
   */
  readonly watch: (input?: object) => InvariantWatcher;
}

export interface InvariantWatcher {
  readonly unit?: (root: Node) => Iterable<Breach>;
  /** After the last unit; breaches here are placed at the end of the state unless they name a field. */
  readonly state?: (state: { readonly bytes: number; readonly units: number }) => Iterable<Breach>;
}

export interface Breach {
  /** The field to point at; the whole state when there is none. */
  readonly field?: Node | undefined;
  /** A second field that it contradicts. */
  readonly against?: Node | undefined;
  readonly message: string;
  readonly expected?: string;
}

/** Bytes of a state that are enough to tell every built-in format and its forms. */
export const telling = 4096;

/** The layout that a state of this format has, by its first bytes. */
export const layoutOf = (format: Format, head: Uint8Array): Layout =>
  format.forms?.find((form) => form.tells(head))?.layout ?? format.layout;

export const defineFormat = (format: Format): Format => format;

/** An invariant that judges each unit by itself. */
export const perUnit = (unit: (root: Node) => Iterable<Breach>) => () => ({ unit });
