import type { Severity } from '../finding/finding.ts';
import type { IdentityName } from '../container/sealed/format.ts';

/** A key of the destination's keyring, and what it may sign. */
export interface TrustedKey {
  /** Whose key it is. Several keys of one name count as one signer. */
  readonly name: string;
  /** The raw Ed25519 public key in hex. */
  readonly key: string;
  /** Device names that it may sign for, where a `*` at the end stands for any ending; all where left out. */
  readonly devices?: readonly string[];
  /** Seconds of the Unix clock from which on it signs nothing any more. */
  readonly expires?: number;
  /** Why it must not be believed any more. */
  readonly revoked?: string;
}

/** The newest seal of one device of one machine that was opened before. */
export interface SeenSeal {
  readonly sequence: bigint;
  /** What tells that seal from every other, in hex. */
  readonly seal: string;
}

/** Somebody else may change the file that the input is read from. */
export interface FileExposure {
  readonly kind: 'writable' | 'owner' | 'path';
  readonly severity: Severity;
  readonly message: string;
}

/** What the destination believes, and what it has seen: what no state can say of itself. */
export interface Trust {
  /** Its keyring; nothing where no keyring was named. */
  readonly keys?: readonly TrustedKey[];
  /** Who may change the file that the input is read from; nothing where nobody looked. */
  readonly file?: readonly FileExposure[];
  /** Signers that it wants, where that is more than the seal says. */
  readonly threshold?: number;
  /** Seconds of the Unix clock; what has expired is not asked without it. */
  readonly now?: number;
  /** What the seal must say that it holds. */
  readonly identity?: Readonly<Partial<Record<IdentityName, string>>>;
  /** What was opened before of a device of a machine; nothing where nobody keeps count. */
  readonly seen?: (vm: string, device: string) => SeenSeal | undefined;
}
