import type { KeyObject } from 'node:crypto';
import type { ContainerName } from '../names.ts';
import type { EventSink, FaultCode, Walker } from '../events.ts';
import {
  decodeFrameHead,
  decodeHeader,
  fixedLength,
  frameHeadLength,
  frameMessage,
  headerMessage,
  keyId,
  LAST,
  largestHeader,
  publicKeyOf,
  sealedMagic,
  sealedSuite,
  sealedVersion,
  sha256,
  signatureLength,
  verifies,
  type SealedHeader,
} from './format.ts';
import { Payload } from './payload.ts';

export interface SealedWalkerOptions {
  /** The walker of what is sealed. */
  readonly inner: (container: ContainerName, sink: EventSink) => Walker;
  /** Bytes of the state that are walked, all where this is left out. */
  readonly look?: number | undefined;
  /** Takes the state, each frame when its signatures hold; borrowed until the call returns. */
  readonly release?: ((payload: Uint8Array, last: boolean) => void) | undefined;
}

/** What the bytes that are being gathered are. */
type Stage = 'fixed' | 'header' | 'frame-head' | 'frame' | 'behind' | 'refused';

/** A verified header, and what verifies the frames behind it. */
interface Opened {
  readonly header: SealedHeader;
  readonly digest: Uint8Array;
  readonly keys: readonly (KeyObject | undefined)[];
  /** What was signed last: of the header, then of each frame. */
  before: Uint8Array;
}

/**
 * Walks a sealed state. A frame is gathered whole, and its signatures are verified before any of its
 * payload is looked at; behind the first thing that does not verify nothing is, because whoever wrote
 * it may have written everything that follows.
 */
export const sealedWalker = (sink: EventSink, options: SealedWalkerOptions): Walker => {
  const walk = new SealedWalk(sink, options);
  return {
    push: (bytes) => {
      walk.push(bytes);
    },
    end: () => {
      walk.end();
    },
    declared: () => walk.declared,
    settled: () => walk.settled,
    stage: () => 'inside',
  };
};

class SealedWalk {
  readonly #sink: EventSink;
  readonly #options: SealedWalkerOptions;
  #stage: Stage = 'fixed';
  #buffer = new Uint8Array(fixedLength);
  #have = 0;
  #want = fixedLength;
  /** Offset in the file of the first byte in the buffer. */
  #base = 0;
  #opened: Opened | undefined;
  #index = 0n;
  #payload: Payload | undefined;
  /** Bytes behind the last frame, once there are any. */
  #behind = 0;

  constructor(sink: EventSink, options: SealedWalkerOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Offset behind the last frame that holds, as far as the walker inside has told its payload. */
  get declared(): number {
    return this.#payload?.declared ?? 0;
  }

  get settled(): number {
    return Math.min(this.#base, this.#payload?.settled ?? Infinity);
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#stage === 'refused') return;
      if (this.#stage === 'behind') {
        this.#behind += bytes.length - at;
        return;
      }
      const step = Math.min(this.#want - this.#have, bytes.length - at);
      this.#buffer.set(bytes.subarray(at, at + step), this.#have);
      this.#have += step;
      at += step;
      if (this.#have === this.#want) this.#step();
    }
  }

  end(): void {
    if (this.#stage === 'behind') {
      if (this.#behind > 0) {
        this.#fault('sealed-trailing', this.#base, { length: this.#behind, got: this.#behind });
      }
      this.#payload?.end();
      return;
    }
    if (this.#stage === 'refused') return;
    const inside = this.#stage === 'fixed' || this.#stage === 'header' ? 'header' : 'frame';
    this.#refuse('sealed-truncated', this.#base + this.#have, {
      wanted: inside === 'header' ? `${this.#want} bytes of the header` : `frame ${this.#index}`,
      got: this.#have,
    });
  }

  #step(): void {
    switch (this.#stage) {
      case 'fixed':
        this.#fixed();
        break;
      case 'header':
        this.#header();
        break;
      case 'frame-head':
        this.#frameHead();
        break;
      case 'frame':
        this.#frame();
        break;
      case 'behind':
      case 'refused':
        break;
    }
  }

  /** Waits until `count` bytes from the base are at hand, those that are there included. */
  #gather(stage: Stage, count: number): void {
    if (count > this.#buffer.length) {
      const grown = new Uint8Array(count);
      grown.set(this.#buffer.subarray(0, this.#have));
      this.#buffer = grown;
    }
    this.#stage = stage;
    this.#want = count;
  }

  /** Begins anew behind what was gathered. */
  #next(stage: Stage, count: number): void {
    this.#base += this.#have;
    this.#have = 0;
    this.#gather(stage, count);
  }

  #fixed(): void {
    const view = new DataView(this.#buffer.buffer);
    const magic = this.#buffer.subarray(0, 8);
    if (sealedMagic.some((byte, at) => magic[at] !== byte)) {
      const got = Buffer.from(magic).toString('hex');
      const wanted = `magic ${Buffer.from(sealedMagic).toString('hex')}`;
      this.#refuse('sealed-header', 0, { length: 8, wanted, got });
      return;
    }
    const version = view.getUint16(8, true);
    if (version !== sealedVersion) {
      this.#refuse('sealed-version', 8, { length: 2, wanted: sealedVersion, got: version });
      return;
    }
    const suite = view.getUint16(10, true);
    if (suite !== sealedSuite) {
      this.#refuse('sealed-suite', 10, { length: 2, wanted: sealedSuite, got: suite });
      return;
    }
    const length = view.getUint32(12, true);
    if (length < fixedLength || length > largestHeader) {
      const wanted = `a header of ${fixedLength} to ${largestHeader} bytes`;
      this.#refuse('sealed-header', 12, { length: 4, wanted, got: length });
      return;
    }
    const signers = view.getUint8(20);
    this.#gather('header', length + signers * signatureLength);
  }

  #header(): void {
    const length = new DataView(this.#buffer.buffer).getUint32(12, true);
    const bytes = this.#buffer.slice(0, length);
    const header = decodeHeader(bytes);
    if ('wanted' in header) {
      const { offset, ...detail } = header;
      this.#refuse('sealed-header', offset, detail);
      return;
    }
    const digest = sha256(bytes);
    const keys = header.signers.map(publicKeyOf);
    const message = headerMessage(digest);
    const bad = keys.findIndex(
      (key, index) => !verifies(key, message, this.#signature(length, index)),
    );
    if (bad >= 0) {
      this.#refuse('sealed-header-signature', length + bad * signatureLength, {
        length: signatureLength,
        wanted: 'a signature of the header',
        got: signerText(header, bad),
      });
      return;
    }
    this.#opened = { header, digest, keys, before: message };
    const { frameSize, threshold, sequence, created, expires, identity } = header;
    this.#sink({
      kind: 'sealed-header',
      offset: 0,
      length: this.#have,
      frameSize,
      threshold,
      sequence,
      created,
      expires,
      seal: hex(header.seal),
      signers: header.signers.map((key, index) => ({
        key: hex(key),
        id: keyId(key),
        offset: fixedLength + index * key.length,
      })),
      identity,
    });
    this.#payload = new Payload(this.#sink, this.#options, {
      headerLength: this.#have,
      frameSize,
      frameHead: frameHeadLength,
      signatures: keys.length * signatureLength,
    });
    this.#next('frame-head', frameHeadLength);
  }

  #frameHead(): void {
    const opened = this.#opened;
    if (opened === undefined) return;
    const { frameSize, seal, signers } = opened.header;
    const head = decodeFrameHead(this.#buffer);
    const at = this.#base;
    if (Buffer.compare(head.seal, seal) !== 0) {
      const detail = { length: 16, wanted: hex(seal), got: hex(head.seal) };
      this.#refuse('sealed-frame-spliced', at, detail);
      return;
    }
    if (head.index !== this.#index) {
      const code = head.index < this.#index ? 'sealed-frame-repeated' : 'sealed-frame-misplaced';
      this.#refuse(code, at + 16, { length: 8, wanted: this.#index, got: head.index });
      return;
    }
    if ((head.flags & ~LAST) !== 0) {
      this.#refuse('sealed-frame', at + 24, { length: 4, wanted: 'flags 0 or 1', got: head.flags });
      return;
    }
    const last = head.flags === LAST;
    if (last ? head.length > frameSize : head.length !== frameSize) {
      const wanted = last ? `at most ${frameSize} bytes` : `${frameSize} bytes`;
      this.#refuse('sealed-frame', at + 28, { length: 4, wanted, got: head.length });
      return;
    }
    this.#gather('frame', frameHeadLength + head.length + signers.length * signatureLength);
  }

  #frame(): void {
    const opened = this.#opened;
    if (opened === undefined) return;
    const { header, digest, keys, before } = opened;
    const head = this.#buffer.subarray(0, frameHeadLength);
    const { length, flags } = decodeFrameHead(head);
    const end = frameHeadLength + length;
    const payload = this.#buffer.subarray(frameHeadLength, end);
    const message = frameMessage(digest, before, head, sha256(payload));
    const bad = keys.findIndex(
      (key, index) => !verifies(key, message, this.#signature(end, index)),
    );
    if (bad >= 0) {
      this.#refuse('sealed-frame-signature', this.#base, {
        length: this.#have,
        wanted: `a signature of frame ${this.#index}`,
        got: signerText(header, bad),
      });
      return;
    }
    opened.before = message;
    const last = flags === LAST;
    this.#sink({
      kind: 'sealed-frame',
      offset: this.#base,
      length: this.#have,
      index: this.#index,
      last,
      bytes: length,
    });
    this.#payload?.push(payload, last);
    this.#index += 1n;
    this.#next(last ? 'behind' : 'frame-head', last ? 0 : frameHeadLength);
  }

  #signature(at: number, index: number): Uint8Array {
    const start = at + index * signatureLength;
    return this.#buffer.subarray(start, start + signatureLength);
  }

  /** The walk ends here: what follows cannot be trusted, and what came before is only a part. */
  #refuse(code: FaultCode, offset: number, detail: Detail): void {
    this.#stage = 'refused';
    this.#fault(code, offset, detail);
    this.#payload?.abandon();
  }

  #fault(code: FaultCode, offset: number, detail: Detail): void {
    this.#sink({ kind: 'fault', code, offset, length: 0, ...detail });
  }
}

interface Detail {
  readonly length?: number;
  readonly wanted?: bigint | number | string;
  readonly got?: bigint | number | string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const signerText = ({ signers }: SealedHeader, index: number): string =>
  `signer ${index} (key ${keyId(signers[index] ?? new Uint8Array(0))})`;
