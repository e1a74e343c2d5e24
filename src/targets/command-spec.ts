import { constants } from 'node:os';
import type { Outcome } from './target.ts';
import { TargetSpecError } from './open.ts';
import { settingsOf, wordsOf } from './spec-words.ts';

/** How a command is started and fed, and what its exit codes mean. */
export interface CommandSpec {
  readonly program: string;
  /** With `{}` or `@@` where the name of the input goes. */
  readonly words: readonly string[];
  readonly feed: 'stdin' | 'argument' | 'file';
  /** The fixed name of the input, below a folder that is the program's own. */
  readonly file: string;
  outcomeOf(code: number): Outcome;
}

const meanings = ['accept', 'reject', 'crash', 'unavailable'] as const;
type Meaning = (typeof meanings)[number];

interface CodeRange {
  readonly from: number;
  readonly to: number;
  readonly means: Meaning;
}

/** What a shell says of a program that it could not start, so that no refusal is made of it. */
const shellCodes: readonly CodeRange[] = [{ from: 126, to: 127, means: 'unavailable' }];

/** Signals of faults, as a shell adds 128 to them. */
const faults = ['SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV', 'SIGSYS'] as const;

const form =
  'a command target is command:[SETTING,…] PROGRAM WORD…, with settings file=NAME, accept=CODES, ' +
  'reject=CODES, crash=CODES, unavailable=CODES; codes as in 2+64-70';

/**
 * Reads `[accept=0+3,crash=99,file=state.bin] ./restore --quiet '{}'`. Words are split at spaces; quotes keep
 * them together; no shell runs.
 */
export const commandSpecOf = (spec: string): CommandSpec => {
  const { settings, rest: line } = settingsOf(spec, form);
  let file: string | undefined;
  const ranges: CodeRange[] = [];
  for (const [name, value] of settings) {
    const means = meanings.find((meaning) => meaning === name);
    if (name === 'file' && value !== '') file = value;
    else if (means !== undefined) ranges.push(...codesOf(value, means));
    else throw new TargetSpecError(`${name} is no setting: ${form}`);
  }
  const [program, ...words] = wordsOf(line);
  if (program === undefined) throw new TargetSpecError(`no program is named: ${form}`);
  const named = words.some((word) => word.includes('{}') || word.includes('@@'));
  if (named && file !== undefined) {
    throw new TargetSpecError('file=NAME and a place for the name ({} or @@) exclude each other');
  }
  const feed = file !== undefined ? 'file' : named ? 'argument' : 'stdin';
  return {
    program,
    words,
    feed,
    file: file ?? 'input',
    outcomeOf: (code) => outcomeOf(code, [...ranges, ...shellCodes]),
  };
};

const codesOf = (value: string, means: Meaning): readonly CodeRange[] =>
  value.split('+').map((part) => {
    const match = /^(\d{1,3})(?:-(\d{1,3}))?$/u.exec(part);
    const from = Number(match?.[1] ?? Number.NaN);
    const to = Number(match?.[2] ?? from);
    if (match === null || to > 255 || from > to) {
      throw new TargetSpecError(`${part} is no exit code or range of them: ${form}`);
    }
    return { from, to, means };
  });

const outcomeOf = (code: number, ranges: readonly CodeRange[]): Outcome => {
  const means = ranges.find(({ from, to }) => code >= from && code <= to)?.means;
  const signal = faults.find((name) => constants.signals[name] === code - 128);
  switch (means ?? (code === 0 ? 'accept' : signal === undefined ? 'reject' : 'crash')) {
    case 'accept':
      return { kind: 'accepted' };
    case 'reject':
      return { kind: 'rejected', reason: `exit ${code}` };
    case 'crash':
      return { kind: 'crashed', signal: signal ?? `exit ${code}`, stack: [] };
    case 'unavailable':
      return { kind: 'unavailable', reason: `exit ${code}` };
  }
};
