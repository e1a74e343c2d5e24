import type { Finding, Severity } from '../finding/finding.ts';
import { findingOf, type Rule } from '../rules/rule.ts';
import type { Policy, Suppression } from './policy.ts';

/** The findings of one input as the site sees them: its severities, and its suppressions on them. */
export class Suppressor {
  readonly #policy: Policy;
  readonly #today: string;
  readonly #used = new Set<Suppression>();

  /** @param today the day on which the run takes place, `2027-01-31` */
  constructor(policy: Policy, today: string) {
    this.#policy = policy;
    this.#today = today;
  }

  apply(path: string, findings: readonly Finding[]): readonly Finding[] {
    return findings.map((finding) => {
      const severity: Severity = this.#policy.severities.get(finding.rule) ?? finding.severity;
      const judged = severity === finding.severity ? finding : { ...finding, severity };
      const fitting = this.#policy.suppressions.filter((one) => covers(one, path, judged));
      for (const one of fitting) this.#used.add(one);
      const [valid] = fitting.filter((one) => !this.#expired(one));
      if (valid === undefined || judged.excused !== undefined) return judged;
      const { reason, expires } = valid;
      return {
        ...judged,
        excused: { kind: 'suppressed', reason, ...(expires === undefined ? {} : { expires }) },
      };
    });
  }

  /** What is wrong with the suppressions themselves, when every input has been seen. */
  findings(rules: { readonly expired: Rule; readonly unused: Rule }): readonly Finding[] {
    return this.#policy.suppressions.flatMap((one) => {
      const at = [
        {
          path: `suppress, line ${one.line}`,
          ranges: [],
          bytes: new Uint8Array(0),
          value: one.rule,
        },
      ];
      if (this.#expired(one)) {
        const message = `the suppression of ${one.rule} ended on ${one.expires ?? ''}: ${one.reason}`;
        return [findingOf(rules.expired, { message, at }, '')];
      }
      if (this.#used.has(one)) return [];
      const message = `the suppression of ${one.rule} fits no finding: ${one.reason}`;
      return [findingOf(rules.unused, { message, at }, '')];
    });
  }

  #expired({ expires }: Suppression): boolean {
    return expires !== undefined && expires < this.#today;
  }
}

const covers = (one: Suppression, path: string, { rule, device, at }: Finding): boolean =>
  one.rule === rule &&
  (one.input === undefined || path === one.input || path.endsWith(`/${one.input}`)) &&
  (one.device === undefined || one.device === device) &&
  (one.field === undefined || at.some((place) => place.path === one.field));
