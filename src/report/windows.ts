import type { CheckedInput } from '../check/check.ts';
import type { Window } from './report.ts';
import type { Around } from './text.ts';

/** An input up to this size is shown whole. */
const WHOLE = 4 << 10;
const ROW = 16;
const BEFORE = 4 * ROW;
const LENGTH = 12 * ROW;
const MOST_WINDOWS = 32;

/** The bytes of an input that a report shows: ascending and not overlapping, about 10 KiB at most. */
export const windowsOf = ({ bytes, findings }: CheckedInput, around: Around): readonly Window[] => {
  if (bytes === 0) return [];
  const places = [
    0,
    ...findings.flatMap(({ at: [first] }) =>
      (first?.ranges ?? []).slice(0, 1).flatMap(({ offset, file }) => {
        const start = Math.max(offset - (offset % ROW) - BEFORE, 0);
        return file === undefined && offset < bytes ? [start] : [];
      }),
    ),
  ];
  const wanted = bytes <= WHOLE ? [{ start: 0, end: bytes }] : merged(places);
  return wanted.flatMap(({ start, end }) => {
    const read = around(start, end - start);
    return read === undefined || read.length === 0 ? [] : [{ offset: start, bytes: read }];
  });
};

const merged = (places: readonly number[]): readonly { start: number; end: number }[] => {
  const spans: { start: number; end: number }[] = [];
  for (const start of [...new Set(places)].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && start <= last.end) last.end = start + LENGTH;
    else if (spans.length < MOST_WINDOWS) spans.push({ start, end: start + LENGTH });
  }
  return spans;
};
