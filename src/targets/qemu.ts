import { constants, tmpdir } from 'node:os';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deathOf, programOf, startChild, type Child, type Death } from './child.ts';
import { TargetSpecError } from './open.ts';
import { Qmp } from './qmp.ts';
import { resultOf, wholeInput, wholeSteps } from './session.ts';
import { wordsOf } from './spec-words.ts';
import { Symbols } from './symbols.ts';
import {
  TargetUnavailable,
  type Abilities,
  type Execution,
  type Outcome,
  type Result,
  type Target,
  type TargetOptions,
} from './target.ts';

const abilities: Abilities = {
  session: false,
  save: false,
  run: false,
  reset: false,
  coverage: false,
  comparisons: false,
  batch: 4,
};

/** Milliseconds until the monitor must answer. */
const startTime = 20_000;
const pause = 10;
/** Milliseconds in which a process may end after its migration has failed. */
const lastBreath = 3000;
/** Milliseconds in which a machine that has the whole stream and an idle monitor does nothing more. */
const idleTime = 1000;
const longestReason = 160;

/** What every process is started with: no window, no guest code, a monitor, and a stream to come. */
const ours = (socket: string): readonly string[] => [
  ...['-display', 'none', '-S', '-incoming', 'defer'],
  ...['-qmp', `unix:${socket},server=on,wait=off`],
];

/**
 * A stock QEMU that takes a whole migration stream: `qemu:qemu-system-x86_64 -M q35 -m 64 …`, with
 * the words that the source was started with. A process serves one stream.
 */
export const openQemu = async (rest: string, options: TargetOptions): Promise<Target> => {
  const [name, ...words] = wordsOf(rest);
  if (name === undefined) throw new TargetSpecError('a QEMU target is qemu:PROGRAM WORD…');
  const folder = await mkdtemp(path.join(tmpdir(), 'vstate-qemu-'));
  try {
    const target = new QemuTarget(`qemu:${rest}`, programOf(name), words, folder, options);
    await target.probe();
    options.warn(
      'a QEMU target starts a process for each stream: expect a few executions a second',
    );
    return target;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
};

/** A QEMU whose monitor answers. */
interface Machine {
  readonly child: Child;
  readonly qmp: Qmp;
  /** Resolves with `completed` or `failed`. */
  readonly migrated: Promise<string>;
}

class QemuTarget implements Target {
  readonly id: string;
  readonly abilities = abilities;
  readonly #program: string;
  readonly #words: readonly string[];
  readonly #folder: string;
  readonly #options: TargetOptions;
  readonly #symbols = new Symbols();
  #count = 0;

  constructor(
    id: string,
    program: string,
    words: readonly string[],
    folder: string,
    options: TargetOptions,
  ) {
    this.id = id;
    this.#program = program;
    this.#words = words;
    this.#folder = folder;
    this.#options = options;
  }

  /** Starts a machine once, so that wrong words are said before a campaign begins. */
  async probe(): Promise<void> {
    await end(await this.#start());
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
    let machine: Machine;
    const stream = path.join(this.#folder, 'stream');
    const fed = path.join(this.#folder, 'fed');
    try {
      await rm(fed, { force: true });
      await writeFile(stream, wholeInput(execution));
      machine = await this.#start();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return resultOf({ kind: 'unavailable', reason });
    }
    const { child, qmp, migrated } = machine;
    const started = process.hrtime.bigint();
    const interrupt = (): void => child.kill();
    signal.addEventListener('abort', interrupt, { once: true });
    void qmp.execute('migrate-incoming', { uri: `exec:cat ${stream}; : > ${fed}` });
    const limit = new AbortController();
    const news = await Promise.race([
      migrated,
      child.ended.then(() => 'ended'),
      sleep(this.#options.timeout, 'silent', { signal: limit.signal, ref: true }),
      waits(qmp, fed, limit.signal),
    ]).finally(() => limit.abort());
    // QEMU ends by itself when a stream is refused, and its last words say why.
    if (news === 'failed') await Promise.race([child.ended, sleep(lastBreath)]);
    const answers = news === 'silent' && (await isAlive(qmp));
    const death = await this.#deathOf(machine, answers ? 'waiting' : news, signal);
    signal.removeEventListener('abort', interrupt);
    const { outcome, message } = death;
    const judged = outcome.kind === 'accepted' || outcome.kind === 'rejected';
    const verdict = outcome.kind === 'accepted' ? 0 : -constants.errno.EINVAL;
    return resultOf(outcome, {
      steps: judged ? wholeSteps(execution, verdict) : [],
      message,
      nanoseconds: Number(process.hrtime.bigint() - started),
    });
  }

  async #deathOf(machine: Machine, news: string, signal: AbortSignal): Promise<Death> {
    const ended = await end(machine);
    const say = (outcome: Outcome): Death => ({ outcome, message: ended.said });
    if (signal.aborted) return say({ kind: 'unavailable', reason: 'interrupted' });
    const byUs = ended.killed && ended.signal === 'SIGKILL' && ended.exceeded === undefined;
    if (!byUs) {
      const death = await deathOf(ended, this.#program, this.#symbols);
      if (death !== undefined) return death;
    }
    if (news === 'silent') return say({ kind: 'hung' });
    if (news === 'completed') return say({ kind: 'accepted' });
    if (news === 'waiting') return say({ kind: 'rejected', reason: 'it waits for more' });
    return say({ kind: 'rejected', reason: reasonIn(ended.said, this.#program) });
  }

  /** A machine whose monitor answers; rejects with TargetUnavailable. */
  async #start(): Promise<Machine> {
    this.#count += 1;
    const socket = path.join(this.#folder, `qmp-${this.#count}`);
    const child = startChild(this.#program, [...this.#words, ...ours(socket)], this.#options);
    let migrate: (status: string) => void = () => undefined;
    const migrated = new Promise<string>((resolve) => {
      migrate = resolve;
    });
    const onEvent = (event: string, detail: unknown): void => {
      if (event !== 'MIGRATION' || typeof detail !== 'object' || detail === null) return;
      if (!('status' in detail)) return;
      const { status } = detail;
      if (status === 'completed' || status === 'failed') migrate(status);
    };
    const over = new AbortController();
    void child.ended.then(() => over.abort());
    const until = performance.now() + startTime;
    for (;;) {
      const qmp = await Qmp.open(socket, onEvent).catch(() => undefined);
      if (qmp !== undefined) {
        const answered = await Promise.race([
          qmp.execute('qmp_capabilities').then(async () =>
            qmp.execute('migrate-set-capabilities', {
              capabilities: [{ capability: 'events', state: true }],
            }),
          ),
          sleep(startTime),
        ]);
        if (answered !== undefined) return { child, qmp, migrated };
        qmp.close();
      }
      if (over.signal.aborted || performance.now() > until) {
        child.kill();
        const { said } = await child.ended;
        throw new TargetUnavailable(`QEMU did not start: ${reasonIn(said, this.#program)}`);
      }
      await sleep(pause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Whether the monitor answers: a stream that is too short leaves QEMU waiting, not hanging. */
const isAlive = async (qmp: Qmp): Promise<boolean> =>
  (await Promise.race([qmp.execute('query-status'), sleep(lastBreath)])) !== undefined;

/**
 * Resolves with `waiting` when a machine has read all of the stream and then sits idle: its monitor,
 * which shares a thread with the load of the stream, answers, and answers again a while later.
 */
const waits = async (qmp: Qmp, fed: string, over: AbortSignal): Promise<string> => {
  for (let idle = false; !over.aborted; idle = existsSync(fed) && (await isAlive(qmp))) {
    if (idle) {
      await sleep(idleTime);
      if (await isAlive(qmp)) return 'waiting';
    }
    await sleep(20 * pause);
  }
  return 'over';
};

const end = async ({ child, qmp }: Machine): Promise<Awaited<Child['ended']>> => {
  qmp.close();
  child.kill();
  return child.ended;
};

/** The first line that says why, without what changes with the stream: numbers and names of files. */
const reasonIn = (said: string, program: string): string => {
  const name = path.basename(program);
  const lines = said.split('\n').map((line) => line.replace(`${name}: `, '').trim());
  const line = lines.find((text) => text !== '' && !text.includes('warning:')) ?? 'no reason given';
  return line
    .slice(0, 4 * longestReason)
    .replace(/0x[0-9a-f]+|\d+/giu, '#')
    .replace(/[^\x20-\x7e]/gu, '?')
    .replace(/'[^']*'/gu, "'…'")
    .slice(0, longestReason);
};
