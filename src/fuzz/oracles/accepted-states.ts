import type { Input } from '../../targets/target.ts';
import type { Opinion } from '../opinion.ts';
import type { Session } from '../trace.ts';
import type { Subject } from './oracle.ts';

/** A state that the device took without a word, and that the rules call fatal. */
export interface Accepted {
  readonly session: Session;
  readonly input: Input;
  readonly opinion: Opinion & { readonly kind: 'fatal' };
  /** It is wrong by what it lacks, not by what it says. */
  readonly short: boolean;
}

export const acceptedAlthoughFatal = (subject: Subject): Accepted | undefined => {
  for (const session of subject.trace.sessions) {
    const { input, loaded, refusal, short, offered } = session;
    if (!loaded || refusal !== undefined || short || input === 'saved') continue;
    if (session.whole && subject.known.isGood(input)) continue;
    const opinion = subject.opinionOf(input, offered);
    if (opinion?.kind !== 'fatal') continue;
    return {
      session,
      input,
      opinion: { ...opinion, kind: 'fatal' },
      // A state that is shorter than the one that it was made from has lost something on the way.
      short:
        !session.whole ||
        offered < input.base.length ||
        shortRules.has(opinion.finding?.rule ?? ''),
    };
  }
  return undefined;
};

const shortRules: ReadonlySet<string> = new Set(['field-truncated', 'state-empty']);
