import { spawn } from 'node:child_process';

export interface Answer {
  readonly step: string;
  readonly value: number;
  /** Hexadecimal digits of what a `save` gave. */
  readonly bytes: string;
}

export interface Driven {
  readonly answers: readonly Answer[];
  /** 0 when the script was carried out; -1 when a signal ended the program, or it did not end. */
  readonly status: number;
  readonly hung: boolean;
  readonly complaint: string;
}

/** Carries out a script of bench/bugs/drive.c on a driver, for so many milliseconds at most. */
export const drive = async (
  program: string,
  script: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  patience = 30_000,
): Promise<Driven> => {
  const child = spawn(program, [], {
    env: {
      ...environment,
      UBSAN_OPTIONS: 'symbolize=0',
      ASAN_OPTIONS: 'detect_leaks=0:symbolize=0',
    },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A driver that crashed does not read the rest of its script.
  child.stdin.on('error', () => undefined);
  child.stdin.end(script.map((line) => `${line}\n`).join(''));
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, patience);
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  });
  clearTimeout(timer);
  const answers = Buffer.concat(out)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [step = '', value = '', bytes = ''] = line.split(' ');
      return { step, value: Number(value), bytes };
    });
  return { answers, status, hung, complaint: Buffer.concat(err).toString() };
};

/** What the steps of one name answered, in order. */
export const answersOf = ({ answers }: Driven, step: string): readonly Answer[] =>
  answers.filter((answer) => answer.step === step);

/** The writes that give a state of so many bytes in pieces. */
export const writes = (length: number, piece: number): readonly string[] =>
  Array.from({ length: Math.max(1, Math.ceil(length / piece)) }, () => `write ${piece}`);
