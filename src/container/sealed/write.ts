import {
  encodeFrameHead,
  encodeHeader,
  frameMessage,
  headerMessage,
  LAST,
  sha256,
  type SealedHeader,
} from './format.ts';

/** Whoever signs: a raw Ed25519 public key, and the signature of a message by its private one. */
export interface Signer {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** Writes a seal frame by frame; what it writes is literal, right or wrong. */
export class Sealer {
  readonly #digest: Uint8Array;
  readonly #header: Uint8Array;
  readonly #seal: Uint8Array;
  readonly #signers: readonly Signer[];
  #index = 0n;
  /** What was signed last. */
  #before: Uint8Array;

  constructor(header: Omit<SealedHeader, 'signers'>, signers: readonly Signer[]) {
    this.#header = encodeHeader({ ...header, signers: signers.map(({ publicKey }) => publicKey) });
    this.#digest = sha256(this.#header);
    this.#before = headerMessage(this.#digest);
    this.#seal = header.seal;
    this.#signers = signers;
  }

  /** The header and the signatures over it. */
  header(): Uint8Array {
    const message = headerMessage(this.#digest);
    return Buffer.concat([this.#header, ...this.#signers.map(({ sign }) => sign(message))]);
  }

  /** The head of the next frame, and the signatures that go behind its payload. */
  frame(
    payload: Uint8Array,
    last: boolean,
  ): { readonly head: Uint8Array; readonly signatures: readonly Uint8Array[] } {
    const head = encodeFrameHead({
      seal: this.#seal,
      index: this.#index,
      flags: last ? LAST : 0,
      length: payload.length,
    });
    this.#index += 1n;
    const message = frameMessage(this.#digest, this.#before, head, sha256(payload));
    this.#before = message;
    return { head, signatures: this.#signers.map(({ sign }) => sign(message)) };
  }
}

/** A state sealed as a whole. */
export const writeSealed = (
  header: Omit<SealedHeader, 'signers'>,
  signers: readonly Signer[],
  state: Uint8Array,
): Uint8Array => {
  const sealer = new Sealer(header, signers);
  const pieces = [sealer.header()];
  const { frameSize } = header;
  const frames = Math.max(Math.ceil(state.length / frameSize), 1);
  for (let index = 0; index < frames; index += 1) {
    const payload = state.subarray(index * frameSize, (index + 1) * frameSize);
    const { head, signatures } = sealer.frame(payload, index === frames - 1);
    pieces.push(head, payload, ...signatures);
  }
  return Uint8Array.from(Buffer.concat(pieces));
};
