import type { Verdict } from '../check/judge.ts';
import { threats, type Threat } from '../finding/finding.ts';
import type { Rule } from '../rules/rule.ts';

/** What came of the rules of one threat, counted by rule and input. */
export type ThreatTally = Readonly<Record<Verdict, number>> & { readonly threat: Threat };

/**
 * Every threat with what came of its rules over all inputs, so that silence is told from safety.
 *
 * @param verdictOf what came of a rule, by its id, on an input; anything else is not counted
 */
export const tallyByThreat = <Input>(
  rules: readonly Rule[],
  inputs: readonly Input[],
  verdictOf: (input: Input, rule: string) => string | undefined,
): readonly ThreatTally[] =>
  threats.map((threat) => {
    const tally: Record<Verdict, number> = {
      pass: 0,
      fail: 0,
      undecided: 0,
      'not-applicable': 0,
    };
    for (const { id } of rules.filter((rule) => rule.threats.includes(threat))) {
      for (const input of inputs) {
        const verdict = verdictOf(input, id);
        if (isVerdict(verdict, tally)) tally[verdict] += 1;
      }
    }
    return { threat, ...tally };
  });

/** A document of a stranger may say anything, and may name what every object has. */
const isVerdict = (text: string | undefined, tally: object): text is Verdict =>
  text !== undefined && Object.hasOwn(tally, text);
