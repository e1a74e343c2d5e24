import type { Sink } from '../bytes/sink.ts';
import type { Source } from '../bytes/source.ts';
import type { CheckedInput } from '../check/check.ts';
import { Examination, type Observer } from '../check/examine.ts';
import { Judge } from '../check/judge.ts';
import { eachBlock } from '../check/unwrap.ts';
import type { SealedHeader } from '../container/events.ts';
import type { Severity } from '../finding/finding.ts';
import { fileRules } from '../rules/file-rules.ts';
import { sealedRules } from '../rules/sealed-rules.ts';
import type { Trust } from '../rules/trust.ts';

/**
 * Bytes of a sealed state that are looked at when only its seal is asked for: enough to recognise
 * what it is.
 */
export const sealedLook = 1 << 16;

export interface OpenOptions {
  readonly trust: Trust;
  /** Lowest severity that refuses; nothing does where it is left out. */
  readonly failOn: Severity | undefined;
}

export interface OpenedSeal {
  readonly checked: CheckedInput;
  /** The header, when its signatures hold. */
  readonly header: SealedHeader | undefined;
  /** The whole state was released. */
  readonly whole: boolean;
}

/**
 * Writes the state in a seal to `sink`, each frame when its signatures hold and nothing is wrong so
 * far. The last frame waits until the input has ended, so that a file with more behind its last frame
 * is never given out whole. Does not commit the sink.
 */
export const openSealed = async (
  source: Source,
  sink: Sink,
  { trust, failOn }: OpenOptions,
): Promise<OpenedSeal> => {
  const rules = [...sealedRules, ...fileRules];
  const judge = new Judge(rules, { expect: {}, trust });
  const refused = (): boolean => failOn !== undefined && judge.reached(failOn);
  let header: SealedHeader | undefined;
  let waiting: Uint8Array | undefined;
  const judging = judge.observer();
  const observer: Observer = {
    ...judging,
    event: (event) => {
      if (event.kind === 'sealed-header') header = event;
      judging.event?.(event);
    },
  };
  const examination = new Examination(
    'sealed',
    observer,
    {
      look: sealedLook,
      release: (payload, last) => {
        if (refused()) return;
        if (last) waiting = Uint8Array.from(payload);
        else sink.write(payload);
      },
    },
    { readAt: undefined, size: undefined },
  );
  await examination.begin();
  await eachBlock(source.blocks(), (block) => {
    examination.push(block);
    return !refused();
  });
  // Where the pass was stopped, that the seal is not whole is no news.
  const stopped = refused();
  const devices = stopped ? [] : examination.end({ damage: undefined, expired: false });
  const whole = waiting !== undefined && !refused();
  if (waiting !== undefined && whole) sink.write(waiting);
  return {
    checked: {
      path: source.path,
      container: 'sealed',
      bytes: examination.bytes,
      devices,
      ...judge.judged(rules),
    },
    header,
    whole,
  };
};
