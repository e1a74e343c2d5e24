import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { planFromJson, planToJson } from '../plan-json.ts';
import type { Plan } from '../plan.ts';
import { syncFolder, writeAll } from './files.ts';
import { readPlain } from './foreign.ts';

/** The record begins anew behind so many bytes; what led to the last execution is in them. */
const LONGEST = 1 << 20;
/** Executions before the last one that are worth telling. */
const MOST_BEFORE = 16;
/** A record that was written in one piece with a plan of any size is shorter. */
const LARGEST = 1 << 28;

const recordIn = (folder: string): string => join(folder, 'under-way.jsonl');

const ENDED = '{"ended":true}\n';

/**
 * What is about to be carried out, on the disk before it begins: one line for each execution, and one
 * when it has ended. That it ended need not last: the next line that lasts says it, too.
 */
export class UnderWay {
  readonly #fd: number;
  readonly #boot = bootId();
  #size = 0;

  constructor(folder: string) {
    const path = recordIn(folder);
    const isNew = !existsSync(path);
    this.#fd = openSync(path, 'a', 0o600);
    this.clear();
    if (isNew) syncFolder(folder);
  }

  begins(plan: Plan): void {
    if (this.#size > LONGEST) this.clear();
    this.#write(`${JSON.stringify({ boot: this.#boot, plan: planToJson(plan) })}\n`);
    fdatasyncSync(this.#fd);
  }

  ended(): void {
    this.#write(ENDED);
  }

  clear(): void {
    ftruncateSync(this.#fd, 0);
    this.#size = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(line: string): void {
    writeAll(this.#fd, line);
    this.#size += line.length;
  }
}

/** An execution that began and of whose end nothing is known. */
export interface Leftover {
  readonly plan: Plan;
  /** The machine was started again since; otherwise the fuzzer alone ended. */
  readonly machineWentDown: boolean;
  /** Executions that ended before it, the last one first. */
  readonly before: readonly Plan[];
}

/** The record has been turned into something that lasts, or nothing was under way. */
export const forgetLeftover = (folder: string): void => rmSync(recordIn(folder), { force: true });

/** What the record in a folder says of the last execution; undefined when it ended, or none is there. */
export const leftoverIn = (folder: string): Leftover | undefined => {
  const bytes = readPlain(recordIn(folder), LARGEST);
  if (typeof bytes === 'string') return undefined;
  // A line that is not whole is of an execution that has not begun.
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1);
  if (lines.at(-1) === ENDED.trimEnd()) return undefined;
  const [last, ...before] = lines.reverse().flatMap((line) => begunIn(line) ?? []);
  if (last === undefined) return undefined;
  return {
    plan: last.plan,
    machineWentDown: last.boot !== bootId(),
    before: before.slice(0, MOST_BEFORE).map(({ plan }) => plan),
  };
};

const begunIn = (line: string): { readonly boot: string; readonly plan: Plan } | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('boot' in value)) return undefined;
    const plan = planFromJson('plan' in value ? value.plan : undefined);
    return plan === undefined || typeof value.boot !== 'string'
      ? undefined
      : { boot: value.boot, plan };
  } catch {
    return undefined;
  }
};

/** A name that the kernel takes anew at each start; empty where there is none. */
const bootId = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
};
