import { rangeIn } from '../bytes/files.ts';
import { severities, type Finding, type Severity } from '../finding/finding.ts';
import type { ContainerEvent } from '../container/events.ts';
import type { FaultCodeOf, Node } from '../layout/node.ts';
import {
  findingOf,
  type Expectation,
  type Rule,
  type Violation,
  type Watcher,
} from '../rules/rule.ts';
import type { Trust } from '../rules/trust.ts';
import type { Observer } from './examine.ts';

/** What came of a rule on one input. */
export type Verdict = 'pass' | 'fail' | 'undecided' | 'not-applicable';

export interface Judged {
  /** By place in the input, then by rule. */
  readonly findings: readonly Finding[];
  /** How many more violations a rule had than are listed. */
  readonly omitted: Readonly<Record<string, number>>;
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

export interface JudgeOptions {
  readonly expect: Expectation;
  /** What the destination believes and has seen. */
  readonly trust?: Trust | undefined;
  /** Findings of one rule that are listed; the rest are counted. */
  readonly most?: number | undefined;
  /** The finding as the site sees it: its severity, and whether it is excused. */
  readonly weigh?: ((finding: Finding) => Finding) | undefined;
  /** Names of the files behind the input: its side channels, or what was unpacked out of it. */
  readonly channels?: readonly string[];
}

interface Seat {
  readonly rule: Rule;
  readonly watcher: Watcher;
  found: number;
}

/** Runs every rule over what an examination tells; one judge serves one input. */
export class Judge {
  readonly #seats: readonly Seat[];
  readonly #most: number;
  readonly #expect: Expectation;
  readonly #channels: readonly string[];
  readonly #trust: Trust;
  readonly #weigh: (finding: Finding) => Finding;
  readonly #findings: Finding[] = [];
  readonly #omitted: Record<string, number> = {};
  readonly #kinds = new Set<string>();
  readonly #formats = new Set<string>();
  #unread = false;
  /** A state that no format explains was passed on without a look. */
  #unanalysed = false;
  /** Index of the gravest severity that was found. */
  #gravest: number = severities.length;

  constructor(
    rules: readonly Rule[],
    { expect, trust = {}, most = 64, channels = [], weigh = (finding) => finding }: JudgeOptions,
  ) {
    this.#trust = trust;
    this.#weigh = weigh;
    this.#channels = channels;
    this.#most = most;
    this.#expect = expect;
    this.#seats = rules
      .filter((rule) => asks(rule, expect))
      .map((rule) => ({ rule, watcher: rule.watch({ expect, trust, input: this }), found: 0 }));
    for (const seat of this.#seats) this.#take(seat, seat.watcher.start?.(), '');
  }

  /** What the examination is to be given. */
  observer(): Observer {
    const judging = this.#seats.filter(({ watcher }) => watcher.unit !== undefined);
    const byFormat = new Map<string, readonly Seat[]>();
    const seatsOver = (format: string): readonly Seat[] => {
      const known = byFormat.get(format);
      if (known !== undefined) return known;
      const seats = judging.filter(({ rule: { applies } }) =>
        applies.to === 'state' ? (applies.formats?.includes(format) ?? true) : true,
      );
      byFormat.set(format, seats);
      return seats;
    };
    const watching = this.#seats.filter(({ watcher }) => watcher.event !== undefined);
    const byKind = new Map<ContainerEvent['kind'], readonly Seat[]>();
    const seatsFor = (kind: ContainerEvent['kind']): readonly Seat[] => {
      const known = byKind.get(kind);
      if (known !== undefined) return known;
      const seats = watching.filter(({ watcher: { kinds } }) => kinds?.includes(kind) ?? true);
      byKind.set(kind, seats);
      return seats;
    };
    return {
      unit: (unit) => {
        // Most units have no fault at all, and a state may have a million of them.
        const codes = faultCodes(unit.root, new Set());
        for (const seat of seatsOver(unit.format)) {
          const { fault } = seat.rule;
          if (fault !== undefined && !codes.has(fault)) continue;
          // What counts and remembers has counted this one already.
          if (fault === undefined && unit.again === true) continue;
          this.#take(seat, seat.watcher.unit?.(unit), unit.device);
        }
      },
      begin: (state) => {
        for (const seat of this.#seats) {
          this.#take(seat, seat.watcher.begin?.(state), state.device);
        }
      },
      state: (state) => {
        this.#formats.add(state.format);
        if (state.format === 'opaque' && state.opaque === undefined) this.#unanalysed = true;
        for (const seat of this.#seats) {
          this.#take(seat, seat.watcher.state?.(state), state.device);
        }
      },
      event: (event) => {
        this.#kinds.add(event.kind);
        if (event.kind === 'note' && event.unread) this.#unread = true;
        for (const seat of seatsFor(event.kind)) {
          this.#take(seat, seat.watcher.event?.(event), deviceOf(event));
        }
      },
      end: (input) => {
        for (const seat of this.#seats) this.#take(seat, seat.watcher.end?.(input), '');
      },
    };
  }

  /** Whether anything as bad as `threshold` has been found so far. */
  reached(threshold: Severity): boolean {
    return this.#gravest <= severities.indexOf(threshold);
  }

  judged(rules: readonly Rule[]): Judged {
    const found = new Set(this.#findings.map(({ rule }) => rule));
    const failed = new Set(
      this.#findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule),
    );
    const verdicts: Record<string, Verdict> = {};
    for (const rule of rules) {
      // A finding that only informs says what could not be decided.
      const spoken = failed.has(rule.id) ? 'fail' : found.has(rule.id) ? 'undecided' : undefined;
      verdicts[rule.id] = spoken ?? this.#quiet(rule);
    }
    return {
      findings: this.#findings.sort(byPlace).map((finding) => this.#placed(finding)),
      omitted: this.#omitted,
      verdicts,
    };
  }

  /** Whether a rule that found nothing had anything to look at. */
  #quiet(rule: Rule): Verdict {
    const { applies } = rule;
    if (rule.needs === 'analysis' && this.#unanalysed) return 'undecided';
    switch (applies.to) {
      case 'input':
        return 'pass';
      case 'policy':
        return 'not-applicable';
      case 'file':
        return this.#trust.file === undefined ? 'not-applicable' : 'pass';
      case 'container':
        if (applies.asked?.(this.#trust) === false) return 'not-applicable';
        return applies.events.some((kind) => this.#kinds.has(kind)) ? 'pass' : 'not-applicable';
      case 'expectation':
        return asks(rule, this.#expect) ? this.#decided() : 'not-applicable';
      case 'state': {
        if (applies.formats === undefined) return this.#decided();
        return applies.formats.some((id) => this.#formats.has(id)) ? 'pass' : 'not-applicable';
      }
    }
  }

  /** Rules over fields say nothing of a state whose fields are not known. */
  #decided(): Verdict {
    const known = [...this.#formats].filter((id) => id !== 'opaque');
    if (known.length > 0 && !this.#unread) return 'pass';
    return this.#formats.size === 0 && !this.#unread ? 'not-applicable' : 'undecided';
  }

  /** With the file named that each place lies in, where that is a side channel. */
  #placed(finding: Finding): Finding {
    if (this.#channels.length === 0) return finding;
    const at = finding.at.map((location) => ({
      ...location,
      ranges: location.ranges.map((range) => rangeIn(range, this.#channels)),
    }));
    return { ...finding, at };
  }

  #take(seat: Seat, violations: Iterable<Violation> | undefined, device: string): void {
    if (violations === undefined) return;
    for (const violation of violations) {
      seat.found += 1;
      const { id } = seat.rule;
      const finding = this.#weigh(findingOf(seat.rule, violation, device));
      if (finding.excused === undefined) {
        this.#gravest = Math.min(this.#gravest, severities.indexOf(finding.severity));
      }
      if (seat.found > this.#most) this.#omitted[id] = seat.found - this.#most;
      else this.#findings.push(finding);
    }
  }
}

/** Codes of all faults of a unit. */
const faultCodes = (node: Node, found: Set<FaultCodeOf>): ReadonlySet<FaultCodeOf> => {
  for (const { code } of node.faults) found.add(code);
  for (const inner of node.children) faultCodes(inner, found);
  return found;
};

/** Rules about the destination are asked only when something was said about it. */
const asks = ({ applies }: Rule, expect: Expectation): boolean => {
  if (applies.to !== 'expectation') return true;
  const keys = Object.keys(expect).map((key) => key.replace(/^device\[.*\]\./u, ''));
  if (applies.keys === undefined) return keys.length > 0;
  return applies.keys.some((wanted) =>
    keys.some((key) => key === wanted || key.startsWith(wanted)),
  );
};

const deviceOf = (event: ContainerEvent): string =>
  'section' in event && event.section.grammar === 'vfio' ? event.section.idstr : '';

const placeOf = ({ at }: Finding): number => at[0]?.ranges[0]?.offset ?? 0;

const byPlace = (a: Finding, b: Finding): number => {
  const places = placeOf(a) - placeOf(b);
  if (places !== 0) return places;
  return a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0;
};
