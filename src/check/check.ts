import { fileNames } from '../bytes/files.ts';
import type { Source } from '../bytes/source.ts';
import type { Finding } from '../finding/finding.ts';
import type { Expectation, Rule } from '../rules/rule.ts';
import { rules as catalogue } from './catalogue.ts';
import type { Trust } from '../rules/trust.ts';
import type { DeviceResult } from './device.ts';
import { examine, type ExamineOptions, type Observer } from './examine.ts';
import { Judge, type Verdict } from './judge.ts';

export interface CheckOptions extends ExamineOptions {
  readonly expect?: Expectation;
  /** What the destination believes and has seen. */
  readonly trust?: Trust | undefined;
  readonly rules?: readonly Rule[];
  /** Findings of one rule that are listed. */
  readonly most?: number | undefined;
  /** Sees what the rules see; for a report that shows more than the findings. */
  readonly observer?: Observer;
}

/** Everything that a check says of one input. */
export interface CheckedInput {
  readonly path: string;
  /** `qemu`, `device-state`, …; `zstd+qemu` when it was compressed. */
  readonly container: string;
  readonly bytes: number;
  readonly devices: readonly DeviceResult[];
  readonly findings: readonly Finding[];
  readonly omitted: Readonly<Record<string, number>>;
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

/** Examines one input and runs every rule over it. Rejects only when the source cannot be read. */
export const check = async (source: Source, options: CheckOptions = {}): Promise<CheckedInput> => {
  const rules = options.rules ?? catalogue;
  const judge = new Judge(rules, {
    expect: options.expect ?? {},
    trust: options.trust,
    most: options.most,
    channels: fileNames(source.path, options.channels),
  });
  const seen = await examine(source, both(judge.observer(), options.observer), options);
  return {
    path: source.path,
    container: seen.wrapper === undefined ? seen.container : `${seen.wrapper}+${seen.container}`,
    bytes: seen.bytes,
    devices: seen.devices,
    ...judge.judged(rules),
  };
};

const both = (first: Observer, second: Observer | undefined): Observer => {
  if (second === undefined) return first;
  return {
    event: (event) => {
      first.event?.(event);
      second.event?.(event);
    },
    begin: (state) => {
      first.begin?.(state);
      second.begin?.(state);
    },
    unit: (unit) => {
      first.unit?.(unit);
      second.unit?.(unit);
    },
    state: (state) => {
      first.state?.(state);
      second.state?.(state);
    },
    end: (input) => {
      first.end?.(input);
      second.end?.(input);
    },
  };
};
