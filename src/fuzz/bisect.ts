/** What a build says of a finding. */
export type Asked = 'shown' | 'silent' | 'unavailable';

export interface Bisected {
  /** In the order in which they were asked. */
  readonly asked: readonly { readonly target: string; readonly asked: Asked }[];
  /** The first build that shows it, and the last before it that does not. */
  readonly first: string | undefined;
  readonly last: string | undefined;
}

/**
 * Halves a list of builds, the oldest first, between one that does not show a finding and one that
 * does. A build that cannot be asked is passed over for its neighbour.
 */
export const bisect = async (
  targets: readonly string[],
  ask: (target: string) => Promise<Asked>,
): Promise<Bisected> => {
  const asked: { readonly target: string; readonly asked: Asked }[] = [];
  const answers = new Map<number, Asked>();
  const answerOf = async (at: number): Promise<Asked> => {
    const target = targets[at];
    const known = answers.get(at);
    if (target === undefined || known !== undefined) return known ?? 'unavailable';
    const answer = await ask(target);
    answers.set(at, answer);
    asked.push({ target, asked: answer });
    return answer;
  };
  let high = targets.length - 1;
  while (high >= 0 && (await answerOf(high)) === 'unavailable') high -= 1;
  if (high < 0 || answers.get(high) !== 'shown')
    return { asked, first: undefined, last: undefined };
  let low = 0;
  while (low < high && (await answerOf(low)) === 'unavailable') low += 1;
  if (low === high || answers.get(low) === 'shown') {
    return { asked, first: targets[Math.min(low, high)], last: undefined };
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    let at = middle;
    while (at < high && (await answerOf(at)) === 'unavailable') at += 1;
    if (at === high) {
      at = middle - 1;
      while (at > low && (await answerOf(at)) === 'unavailable') at -= 1;
    }
    if (at === low) break;
    if (answers.get(at) === 'shown') high = at;
    else low = at;
  }
  return { asked, first: targets[high], last: targets[low] };
};
