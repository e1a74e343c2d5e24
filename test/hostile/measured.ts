import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
export const cli = join(root, 'dist', 'cli.js');

/**
 * What a check may take at most, whatever the input. The budget of the design is 200 MB; the rest is
 * left for a Node that takes more than those of today, with which the worst input takes 130 MB.
 */
export const MOST_MEMORY = 160e6;
/** `VSTATE_HOSTILE=full` feeds as much as the design promises; otherwise what a build has time for. */
export const full = process.env.VSTATE_HOSTILE === 'full';
/** On a Node that is not the first of a build: as many kinds of input, and less of each. */
export const short = !full && process.env.VSTATE_SHORT !== undefined;

export interface Measured {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  /** Peak of resident memory in bytes; undefined where the process did not come to its end. */
  readonly peak: number | undefined;
  /** Of processor time, which other work on the machine hardly changes; undefined as above. */
  readonly milliseconds: number | undefined;
}

/** Leaves behind what the kernel keeps with the process: the peak of resident memory, and its time. */
const reporter = `data:text/javascript,${encodeURIComponent(`
const { readFileSync, writeFileSync } = process.getBuiltinModule('node:fs');
process.on('exit', () => {
  let kilobytes = process.resourceUsage().maxRSS;
  try {
    kilobytes = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  } catch {}
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.VSTATE_PEAK, kilobytes + ' ' + (user + system));
});`)}`;

/**
 * Runs the built program, alone or at the end of a shell pipe: `from` is the command that writes
 * its standard input.
 */
export const measured = async (
  args: readonly string[],
  { from, env = {} }: { readonly from?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Measured> => {
  const folder = mkdtempSync(join(tmpdir(), 'vstate-peak-'));
  const file = join(folder, 'peak');
  const command = [process.execPath, '--import', reporter, cli, ...args];
  const child = spawn(
    'sh',
    ['-c', from === undefined ? 'exec "$@"' : `${from} | "$@"`, 'sh', ...command],
    {
      cwd: root,
      env: { PATH: process.env.PATH, VSTATE_PEAK: file, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text.stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text.stderr += part));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  let peak: number | undefined;
  let milliseconds: number | undefined;
  try {
    const [kilobytes, microseconds] = readFileSync(file, 'utf8').split(' ').map(Number);
    peak = (kilobytes ?? NaN) * 1024;
    milliseconds = (microseconds ?? NaN) / 1000;
  } catch {
    // The process was ended before it could leave its numbers.
  }
  rmSync(folder, { recursive: true });
  return { ...text, status, peak, milliseconds };
};

/** Milliseconds of processor time. */
export const timeOf = ({ milliseconds = Infinity }: Measured): number => milliseconds;

/** The fastest of some runs, or the first that is fast enough. */
export const best = async (
  args: readonly string[],
  tries: number,
  enough: (ran: Measured) => boolean,
): Promise<Measured> => {
  let least = await measured(args);
  for (let tried = 1; tried < tries && !enough(least); tried += 1) {
    const ran = await measured(args);
    if (timeOf(ran) < timeOf(least)) least = ran;
  }
  return least;
};

interface Document {
  readonly inputs: readonly {
    readonly container: string;
    readonly devices: readonly { readonly format: string; readonly bytes: number }[];
    readonly findings: readonly { readonly rule: string }[];
  }[];
}

/** The rules that a `--json` run found broken, each once, in alphabetical order. */
export const rulesOf = ({ stdout }: Measured): readonly string[] => {
  const { inputs } = JSON.parse(stdout) as Document;
  return [...new Set(inputs.flatMap(({ findings }) => findings.map(({ rule }) => rule)))].sort();
};

/** One line of numbers beside the verdict of the test. */
export const show = (name: string, { peak, milliseconds, status }: Measured): void => {
  const megabytes = peak === undefined ? '?' : Math.round(peak / 1e6);
  console.log(`${name}: exit ${status}, ${Math.round(milliseconds ?? NaN)} ms, ${megabytes} MB`);
};
