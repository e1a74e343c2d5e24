import type { Protocol } from './format.ts';

/** `DMA_LOGGING_START` or `DMA_LOGGING_REPORT` as they were asked for. */
export type DmaLogging =
  | {
      readonly of: 'start';
      readonly page: bigint;
      readonly count: number;
      /** The ranges, where they are in the recording: a call gives the kernel only their address. */
      readonly ranges: readonly DmaRange[];
    }
  | ({ readonly of: 'report'; readonly page: bigint } & DmaRange);

export interface DmaRange {
  readonly iova: bigint;
  readonly length: bigint;
}

/** Ranges that fit into the page in which the kernel takes them. */
export const mostRanges = 256;
const rangeLength = 16;
const START = 6;
const REPORT = 8;

/** The longest body of a feature of vfio-user that is read, with the eight bytes of its head. */
export const longestLogging = 32 + mostRanges * rangeLength;

/** What a feature asks of the log of a device's DMA; `body` is what stands behind the head. */
export const loggingOf = (
  number: number,
  body: Uint8Array,
  protocol: Protocol,
): DmaLogging | undefined => {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (number === START && body.length >= 16) {
    const page = view.getBigUint64(0, true);
    const count = view.getUint32(8, true);
    return { of: 'start', page, count, ranges: protocol === 'v2' ? [] : rangesIn(view, count) };
  }
  if (number !== REPORT || body.length < 24) return undefined;
  return { of: 'report', ...rangeAt(view, 0), page: view.getBigUint64(16, true) };
};

/** vfio-user sends the ranges inline, behind the numbers or behind the pointer that a call has there. */
const rangesIn = (view: DataView, count: number): readonly DmaRange[] => {
  const start = view.byteLength % rangeLength === 8 ? 24 : 16;
  const there = Math.floor((view.byteLength - start) / rangeLength);
  return Array.from({ length: Math.max(Math.min(count, there, mostRanges), 0) }, (_, index) =>
    rangeAt(view, start + index * rangeLength),
  );
};

const rangeAt = (view: DataView, at: number): DmaRange => ({
  iova: view.getBigUint64(at, true),
  length: view.getBigUint64(at + 8, true),
});
