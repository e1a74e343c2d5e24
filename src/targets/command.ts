import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { deathOf, programOf, startChild, type Death, type End } from './child.ts';
import { commandSpecOf, type CommandSpec } from './command-spec.ts';
import { resultOf, wholeInput, wholeSteps } from './session.ts';
import { Symbols } from './symbols.ts';
import type { Abilities, Execution, Outcome, Result, Target, TargetOptions } from './target.ts';

/** A whole restore is all that a program which ends is asked for. */
const abilities: Abilities = {
  session: false,
  save: false,
  run: false,
  reset: false,
  coverage: false,
  comparisons: false,
  batch: 8,
};

const slow = [
  'a command target starts a process for each execution, which costs about a millisecond;',
  'a harness serves over 100,000 a second: write one with vstate-check init harness, or link',
  'int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) with vstate_harness.c',
];

/**
 * A program that reads a state and ends: `command:./restore`, fed through its standard input, with a
 * file in the place of `{}` or `@@`, or with a file of a fixed name. See `commandSpecOf`.
 */
export const openCommand = async (rest: string, options: TargetOptions): Promise<Target> => {
  const spec = commandSpecOf(rest);
  const program = programOf(spec.program);
  const folder = await mkdtemp(path.join(tmpdir(), 'vstate-command-'));
  for (const line of slow) options.warn(line);
  return new CommandTarget(`command:${rest}`, program, spec, folder, options);
};

class CommandTarget implements Target {
  readonly id: string;
  readonly abilities = abilities;
  readonly #program: string;
  readonly #spec: CommandSpec;
  readonly #folder: string;
  readonly #options: TargetOptions;
  readonly #symbols = new Symbols();

  constructor(
    id: string,
    program: string,
    spec: CommandSpec,
    folder: string,
    options: TargetOptions,
  ) {
    this.id = id;
    this.#program = program;
    this.#spec = spec;
    this.#folder = folder;
    this.#options = options;
  }

  async run(executions: readonly Execution[], signal: AbortSignal): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const execution of executions) {
      results.push(
        signal.aborted
          ? resultOf({ kind: 'unavailable', reason: 'interrupted' })
          : await this.#restore(execution, signal),
      );
    }
    return results;
  }

  async #restore(execution: Execution, signal: AbortSignal): Promise<Result> {
    const { words, feed, file } = this.#spec;
    const bytes = wholeInput(execution);
    const input = path.resolve(this.#folder, feed === 'file' ? file : 'input');
    if (feed !== 'stdin') {
      try {
        await writeWhole(input, bytes);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return resultOf({ kind: 'unavailable', reason: `the input was not written: ${why}` });
      }
    }
    const started = process.hrtime.bigint();
    const child = startChild(
      this.#program,
      words.map((word) => word.replaceAll(/\{\}|@@/gu, input)),
      this.#options,
      feed === 'file' ? { folder: this.#folder } : {},
    );
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      child.kill();
    }, this.#options.timeout);
    const interrupt = (): void => child.kill();
    signal.addEventListener('abort', interrupt, { once: true });
    child.stdin.end(feed === 'stdin' ? bytes : undefined);
    const end = await child.ended;
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
    const nanoseconds = Number(process.hrtime.bigint() - started);
    const { outcome, message } = await this.#deathOf(end, hung);
    const verdict = outcome.kind === 'accepted' ? 0 : -constants.errno.EINVAL;
    const said = outcome.kind === 'accepted' || outcome.kind === 'rejected';
    return resultOf(outcome, {
      steps: said ? wholeSteps(execution, verdict) : [],
      message,
      nanoseconds,
    });
  }

  async #deathOf(end: End, hung: boolean): Promise<Death> {
    const say = (outcome: Outcome): Death => ({ outcome, message: end.said });
    if (end.exceeded === undefined && hung) return say({ kind: 'hung' });
    if (end.killed) return say({ kind: 'unavailable', reason: 'interrupted' });
    const death = await deathOf(end, this.#program, this.#symbols);
    if (death !== undefined) return death;
    if (end.code !== null) return say(this.#spec.outcomeOf(end.code));
    return say({ kind: 'unavailable', reason: `it did not start: ${end.said}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Under another name first, so that a program which watches the file sees all of it or nothing. */
const writeWhole = async (file: string, bytes: Uint8Array): Promise<void> => {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.part`, bytes);
  await rename(`${file}.part`, file);
};
