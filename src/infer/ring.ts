/** A buffer that is written round: its size, where it lies, and the three bytes that describe it. */
export interface Ring {
  readonly size: number;
  readonly buffer: number;
  readonly head: number;
  readonly tail: number;
  readonly count: number;
  /** Elements in which something waited in the buffer. */
  readonly evidence: number;
}

/** Bytes of one element that are searched for a ring. */
const SEARCHED = 96;
const LEAST_EVIDENCE = 3;

/**
 * Looks for head − tail = count modulo a power of two in all elements, beside a stretch of that many
 * bytes. The largest size that fits is the size: what holds modulo 16 holds modulo 8.
 */
export const ringOf = (elements: readonly Uint8Array[]): Ring | undefined => {
  const length = Math.min(SEARCHED, ...elements.map((element) => element.length));
  const changing = Array.from({ length }, (_, at) => at).filter((at) =>
    elements.some((element) => element[at] !== elements[0]?.[at]),
  );
  for (const size of [128, 64, 32, 16, 8]) {
    for (const head of changing) {
      for (const tail of changing) {
        if (tail === head || tail > head + 8 || head > tail + 8) continue;
        for (const count of changing) {
          if (count === head || count === tail || Math.abs(count - head) > 8) continue;
          const evidence = evidenceOf(elements, size, head, tail, count);
          if (evidence < LEAST_EVIDENCE) continue;
          const buffer = bufferOf(
            elements,
            size,
            Math.min(head, tail, count),
            Math.max(head, tail, count),
            length,
          );
          if (buffer !== undefined) return { size, buffer, head, tail, count, evidence };
        }
      }
    }
  }
  return undefined;
};

/** Elements that show the relation at work; 0 when one contradicts it. */
const evidenceOf = (
  elements: readonly Uint8Array[],
  size: number,
  head: number,
  tail: number,
  count: number,
): number => {
  let shown = 0;
  let reached = 0;
  for (const element of elements) {
    const [h = 0, t = 0, c = 0] = [element[head], element[tail], element[count]];
    if (h >= size || t >= size || c > size || (h - t - c) % size !== 0) return 0;
    if (c > 0) shown += 1;
    reached = Math.max(reached, h, t, c);
  }
  return reached >= size / 2 ? shown : 0;
};

/** The stretch right before or behind the three bytes that changes. */
const bufferOf = (
  elements: readonly Uint8Array[],
  size: number,
  first: number,
  last: number,
  length: number,
): number | undefined => {
  const changes = (from: number): boolean =>
    from >= 0 &&
    from + size <= length &&
    elements.some((element) => element.subarray(from, from + size).some((byte) => byte !== 0));
  return [first - size, last + 1].find(changes);
};
