import { detectContainer, detectionHead } from '../detect.ts';
import type { ContainerEvent, DeviceBytes, EventSink, Section, Walker } from '../events.ts';
import type { SealedWalkerOptions } from './walker.ts';

/** Where the frames of a seal lie in its file; all but the last are of one size. */
export interface FramePlan {
  readonly headerLength: number;
  readonly frameSize: number;
  readonly frameHead: number;
  readonly signatures: number;
}

/**
 * What a seal holds, walked frame by frame as the container that it is. The walker inside counts
 * offsets in the state; they are told as offsets of the sealed file, which is what the user has.
 */
export class Payload {
  readonly #sink: EventSink;
  readonly #options: SealedWalkerOptions;
  readonly #plan: FramePlan;
  readonly #open = new Set<number>();
  /** Bytes that wait until it is known what they are. */
  #head: Uint8Array[] = [];
  #held = 0;
  #walker: Walker | undefined;
  #left: number;
  #ended = false;

  constructor(sink: EventSink, options: SealedWalkerOptions, plan: FramePlan) {
    this.#sink = sink;
    this.#options = options;
    this.#plan = plan;
    this.#left = options.look ?? Infinity;
  }

  /** Takes a verified frame; borrowed until the call returns. */
  push(payload: Uint8Array, last: boolean): void {
    this.#walk(payload.subarray(0, this.#left), last || payload.length > this.#left);
    this.#left -= Math.min(this.#left, payload.length);
    if (this.#left === 0) this.abandon();
    this.#options.release?.(payload, last);
  }

  /** Bytes that the sealed state declares to be guest memory, where it is a stream. */
  get declared(): number {
    return this.#walker?.declared?.() ?? 0;
  }

  /** Offset of the file before which everything in the frames has been told. */
  get settled(): number {
    if (this.#ended) return Infinity;
    if (this.#walker === undefined) return this.#place(0);
    return this.#place(this.#walker.settled?.() ?? 0);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#walker?.end();
  }

  /** No more comes, and the states are only begun. */
  abandon(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const device of this.#open) {
      this.#sink({ kind: 'device-close', device, bytes: 0, partial: true });
    }
    this.#open.clear();
  }

  #walk(bytes: Uint8Array, enough: boolean): void {
    if (this.#ended) return;
    if (this.#walker !== undefined) {
      this.#walker.push(bytes);
      return;
    }
    // The frame's memory is used again for the next one.
    this.#head.push(Uint8Array.from(bytes));
    this.#held += bytes.length;
    if (this.#held < detectionHead && !enough) return;
    const head = Buffer.concat(this.#head);
    this.#head = [];
    const found = detectContainer(head.subarray(0, detectionHead));
    // A seal within a seal is not looked into: it stays a state that no format knows.
    const container = found === 'sealed' ? 'device-state' : found;
    this.#sink({
      kind: 'sealed-content',
      offset: this.#place(0),
      length: 0,
      container,
    });
    this.#walker = this.#options.inner(container, this.#relocated);
    this.#walker.push(head);
  }

  /** Where a byte of the state lies in the sealed file. */
  #place(at: number): number {
    const { headerLength, frameSize, frameHead, signatures } = this.#plan;
    const frame = Math.floor(at / frameSize);
    return (
      headerLength + frame * (frameHead + frameSize + signatures) + frameHead + (at % frameSize)
    );
  }

  readonly #relocated = (event: ContainerEvent): void => {
    if (event.kind === 'device-bytes') {
      this.#bytes(event);
      return;
    }
    if (event.kind === 'device-open') this.#open.add(event.device);
    if (event.kind === 'device-close') this.#open.delete(event.device);
    this.#sink(this.#moved(event));
  };

  /** Rules tell sections apart by identity, so each is moved once. */
  readonly #sections = new WeakMap<Section, Section>();

  #moved(event: ContainerEvent): ContainerEvent {
    const place = (at: number): number => this.#place(at);
    const copy = moved(event, place);
    if (!('section' in event) || !('section' in copy)) return copy;
    const section = this.#sections.get(event.section) ?? moved(event.section, place);
    this.#sections.set(event.section, section);
    return { ...copy, section };
  }

  /** Device bytes in one piece for each frame that they lie in. */
  #bytes({ bytes, offset, ...event }: DeviceBytes): void {
    const { frameSize } = this.#plan;
    if (event.packed === true) {
      this.#sink({ ...event, offset: this.#place(offset), bytes });
      return;
    }
    for (let at = 0; at < bytes.length;) {
      const step = Math.min(frameSize - ((offset + at) % frameSize), bytes.length - at);
      this.#sink({
        ...event,
        offset: this.#place(offset + at),
        bytes: bytes.subarray(at, at + step),
      });
      at += step;
    }
  }
}

/** Names under which events hold an offset of their file. */
const offsets: ReadonlySet<string> = new Set([
  'offset',
  'bodyOffset',
  'dataOffset',
  'payloadOffset',
  'resumed',
]);

/** A copy with every offset in it changed, at any depth. */
const moved = <Value extends object>(value: Value, place: (at: number) => number): Value => {
  const copy = { ...value };
  for (const [name, inner] of Object.entries(value)) {
    const is =
      typeof inner === 'number' && offsets.has(name) ? place(inner) : anyMoved(inner, place);
    Object.assign(copy, { [name]: is });
  }
  return copy;
};

const anyMoved = (value: unknown, place: (at: number) => number): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => anyMoved(item, place));
  return typeof value !== 'object' || value === null || ArrayBuffer.isView(value)
    ? value
    : moved(value, place);
};
