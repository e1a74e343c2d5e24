import { severities } from '../../finding/finding.ts';
import type { Rule } from '../../rules/rule.ts';
import { tallyByThreat, type ThreatTally } from '../threat-tally.ts';
import { plural } from '../words.ts';
import type { Audit, AuditFinding, AuditInput } from './audit.ts';

export const inputsOf = ({ parts }: Audit): readonly AuditInput[] =>
  parts.flatMap((part) => (part.kind === 'check' ? part.inputs : []));

/** What came of the rules of each threat, and how many findings of campaigns name it. */
export const auditThreats = (
  audit: Audit,
  rules: readonly Rule[],
): readonly (ThreatTally & { readonly fuzzed: number })[] => {
  const found = audit.parts.flatMap((part) => (part.kind === 'campaign' ? part.findings : []));
  return tallyByThreat(rules, inputsOf(audit), ({ verdicts }, rule) => verdicts[rule]).map(
    (tally) => ({
      ...tally,
      fuzzed: found.filter((finding) => finding.threats.includes(tally.threat)).length,
    }),
  );
};

/** Where a severity of a document stands: 0 for the worst, and one that nobody knows is the last. */
export const rankOf = (severity: string): number => {
  const place = severities.findIndex((one) => one === severity);
  return place === -1 ? severities.length : place;
};

/** The findings of an input, worst first, and those that do not count behind the others. */
export const worstFirst = ({ findings }: AuditInput): readonly AuditFinding[] => {
  const rank = ({ severity, excused }: AuditFinding): number =>
    rankOf(severity) + (excused === undefined ? 0 : severities.length + 1);
  return [...findings].sort((a, b) => rank(a) - rank(b));
};

/** What an audit must not leave unsaid: inputs that were not read, rules that were not decided. */
export const openQuestions = (audit: Audit): readonly string[] => {
  const questions: string[] = [];
  for (const part of audit.parts) {
    if (part.kind === 'check') {
      for (const { path, error, verdicts } of part.inputs) {
        if (error !== undefined) questions.push(`${path} was not read: ${error}`);
        const open = Object.values(verdicts).filter((verdict) => verdict === 'undecided').length;
        if (open > 0) questions.push(`${path}: ${plural(open, 'rule')} could not be decided`);
      }
    } else if (part.kind === 'campaign') {
      const { statistics, path } = part;
      const value = (name: string): string | undefined =>
        statistics.find(([key]) => key === name)?.[1];
      const chance = value('chance_of_new');
      if (chance !== undefined) {
        questions.push(
          `${path}: the next execution would show something new with a chance of ${chance}`,
        );
      }
      const [done, total] = [value('systematic_done'), value('systematic_total')];
      if (done !== undefined && done !== total) {
        questions.push(`${path}: ${done} of ${total ?? '?'} plans of the grammar were tried`);
      }
    } else if (part.kind === 'attestation') {
      questions.push(`${part.path}: its signatures were not judged here; verify-attestation does`);
    } else {
      const open = part.rows.filter(
        ([, , verdict]) => verdict !== 'compatible' && verdict !== 'incompatible',
      );
      if (open.length > 0)
        questions.push(`${part.path}: ${plural(open.length, 'pair')} only the target can judge`);
    }
  }
  if (!audit.parts.some(({ kind }) => kind === 'campaign'))
    questions.push('No restore path was fuzzed.');
  if (!audit.parts.some(({ kind }) => kind === 'check')) questions.push('No state was checked.');
  if (!audit.parts.some(({ kind }) => kind === 'compat')) {
    questions.push('No pair of devices was compared.');
  }
  return questions;
};
