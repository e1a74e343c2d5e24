import { printable } from '../report/escape.ts';

/** What a run of the program says to the shell. */
export const exitCodes = {
  sound: 0,
  findings: 1,
  usage: 2,
  undone: 3,
  bug: 70,
} as const;

/** The person's flags, files or configuration are wrong: one line, one hint. */
export class UsageError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** The job cannot be done: an input that cannot be read, a program that is missing. */
export class UndoneError extends Error {}

/** An error as its one line. */
export const lineOf = (error: UsageError | UndoneError): string =>
  error instanceof UsageError ? `${error.message} (${error.hint})` : error.message;

export const complain = (line: string): void => {
  process.stderr.write(`vstate-check: ${printable(line)}\n`);
};
