import type { Draft } from '../layout/draft.ts';

/**
 * One way to attack a restore path, as plain data: a seed, edits on its decoded fields, which derived
 * fields are put right afterwards, and how the bytes are given to the device. Applying a plan is a
 * pure function; the same plan gives the same execution for ever.
 *
 * Fields are named by their path in the decoded seed (`record[1].data.size`), so that a plan can be
 * read, kept in a campaign folder, and replayed by a later version.
 */
export interface Plan {
  /** Digest (SHA-256, hex) of the seed's bytes. */
  readonly seed: string;
  /** In the order in which they are made; each names fields of the unedited seed. */
  readonly edits: readonly Edit[];
  readonly repair: Repair;
  readonly session: SessionPlan;
}

export type Edit =
  /** A number is set, whatever derives it. */
  | { readonly kind: 'set'; readonly field: string; readonly value: bigint }
  /** The bytes of a leaf or a branch are replaced; of any length. */
  | { readonly kind: 'bytes'; readonly field: string; readonly bytes: Uint8Array }
  /** A payload or text is cut, or filled up by repeating it, to `size` bytes. */
  | { readonly kind: 'resize'; readonly field: string; readonly size: number }
  /** A record, element or branch stands `times` more often, behind itself. */
  | { readonly kind: 'repeat'; readonly field: string; readonly times: number }
  | { readonly kind: 'drop'; readonly field: string }
  /** Two parts change places. */
  | { readonly kind: 'swap'; readonly field: string; readonly with: string }
  /** A part of another corpus entry is put in front of this one, or in its place. */
  | {
      readonly kind: 'splice';
      readonly field: string;
      readonly place: 'before' | 'instead';
      /** Digest of the entry that it is taken from, which may be of another format. */
      readonly from: string;
      readonly part: string;
    }
  /** A part is built from a draft: a payload becomes children, a record of an unknown kind. */
  | {
      readonly kind: 'build';
      readonly field: string;
      readonly place: 'before' | 'instead';
      readonly draft: Draft;
    }
  /** The feeder stops at this offset of the seed; nothing is repaired after it. */
  | { readonly kind: 'truncate'; readonly at: number }
  /** Raw bytes at an offset of the seed: `drop` of them left out, `put` written instead. */
  | {
      readonly kind: 'raw';
      readonly at: number;
      readonly drop: number;
      readonly put: Uint8Array;
    };

/** Which derived fields (lengths, counts, offsets, checksums) follow the edits. */
export type Repair =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  /** All but this one: a coupled value that is left wrong. */
  | { readonly kind: 'all-but'; readonly field: string };

/** How a feeder cuts the state into writes. */
export type Cuts =
  | { readonly kind: 'whole' }
  /** Writes of `size` bytes. */
  | { readonly kind: 'every'; readonly size: number }
  /**
   * One write ends `before` bytes in front of each header (a struct of the layout); 0 is at it, less
   * is inside it.
   */
  | { readonly kind: 'headers'; readonly before: number }
  /** One cut, at this offset of what is written. */
  | { readonly kind: 'at'; readonly offset: number };

/** What happens around the writes. */
export interface SessionPlan {
  readonly cuts: Cuts;
  readonly onRefusal: 'stop' | 'go-on';
  readonly shape:
    /** begin, writes, end, and the guest runs. */
    | 'plain'
    /** RESUMING is left after the write that ends at or behind `leaveAt`. */
    | 'leave-early'
    /** The writes stop half way, the device is reset, and a good state is restored. */
    | 'reset-between'
    /** The mutant is restored, the guest runs, the device is reset, runs again, and takes a good state. */
    | 'reset-behind'
    /** RESUMING is left half way and the good seed is restored in a second session. */
    | 'cancel-then-good'
    /** The same state is restored twice, and saved behind each. */
    | 'twice'
    /** The mutant, then the good seed, in one device. */
    | 'then-good'
    /** The good seed, then the mutant: what a refusal leaves behind is compared. */
    | 'good-then'
    /** Restored, saved, and what was saved restored and saved again. */
    | 'save-restore-save';
  readonly leaveAt?: number;
  /** Digest of the seed that is the good state of these shapes, where it is not the plan's own. */
  readonly good?: string;
}

/** The session of a loader that does what the specification says. */
export const plainSession: SessionPlan = {
  cuts: { kind: 'whole' },
  onRefusal: 'stop',
  shape: 'plain',
};
