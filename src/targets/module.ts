import { Worker } from 'node:worker_threads';
import type { Has } from './module-device.ts';
import { TargetSpecError } from './open.ts';
import { resultOf } from './session.ts';
import { settingsOf } from './spec-words.ts';
import {
  TargetUnavailable,
  type Abilities,
  type Execution,
  type Outcome,
  type Result,
  type Target,
  type TargetOptions,
} from './target.ts';

export interface WorkerStart {
  readonly file: string;
  readonly output: number;
  readonly coverage: boolean;
  /** Two numbers: which execution of the batch runs, from 1, 0 between batches; 1 when it said too much. */
  readonly progress: SharedArrayBuffer;
}

export interface ToWorker {
  readonly executions: readonly Execution[];
}

export type FromWorker =
  | { readonly kind: 'ready'; readonly has: Has }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'results'; readonly results: readonly Result[] };

/** Milliseconds that a module may take to load. */
const loadTime = 10_000;
const mebibyte = 1 << 20;

/** Node runs no TypeScript in a thread, so from the sources it is the built one. */
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/module-worker.js' : '../module-worker.js',
  import.meta.url,
);

const form =
  'a module target is module:[coverage] FILE, and FILE is JavaScript or, without coverage, .wasm';

/**
 * A restore path in JavaScript or WebAssembly, in a thread of its own: `module:FILE`, or with what V8
 * knows of the blocks that ran, `module:[coverage] FILE`. The thread is
 * ended when it hangs, and started again. It shields from mistakes, not from malice: a module is
 * code of the person who names it.
 */
export const openModule = async (spec: string, options: TargetOptions): Promise<Target> => {
  const module = moduleSpecOf(spec);
  return new ModuleTarget(module, options, await startWorker(module, options));
};

interface ModuleSpec {
  readonly file: string;
  readonly coverage: boolean;
}

const moduleSpecOf = (spec: string): ModuleSpec => {
  const { settings, rest } = settingsOf(spec, form);
  for (const [name, value] of settings) {
    if (name !== 'coverage' || value !== '') {
      throw new TargetSpecError(`${name} is no setting: ${form}`);
    }
  }
  const coverage = settings.length > 0;
  if (coverage && rest.endsWith('.wasm')) {
    throw new TargetSpecError(`V8 has no coverage of WebAssembly: ${form}`);
  }
  return { file: rest, coverage };
};

class ModuleTarget implements Target {
  readonly id: string;
  readonly abilities: Abilities;
  readonly #module: ModuleSpec;
  readonly #options: TargetOptions;
  readonly #known = new Set<number>();
  #thread: Thread | undefined;

  constructor(module: ModuleSpec, options: TargetOptions, thread: Thread) {
    const { file, coverage } = module;
    this.id = `module:${coverage ? '[coverage]' : ''}${file}`;
    this.abilities = { ...thread.has, coverage, comparisons: false, batch: 256 };
    this.#module = module;
    this.#options = options;
    this.#thread = thread;
  }

  know(features: Uint32Array): void {
    for (const feature of features) this.#known.add(feature);
  }

  async run(executions: readonly Execution[], signal: AbortSignal): Promise<readonly Result[]> {
    const results = await this.#runAll(executions, signal);
    if (!this.abilities.coverage) return results;
    const seen = new Set<number>();
    return results.map((result) => {
      const features = result.features.filter((one) => !this.#known.has(one) && !seen.has(one));
      for (const feature of features) seen.add(feature);
      return { ...result, features };
    });
  }

  async #runAll(executions: readonly Execution[], signal: AbortSignal): Promise<readonly Result[]> {
    const results: Result[] = [];
    while (results.length < executions.length) {
      const missing = executions.slice(results.length);
      if (signal.aborted) {
        results.push(...missing.map(() => unavailable('interrupted')));
        break;
      }
      try {
        this.#thread ??= await startWorker(this.#module, this.#options);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        results.push(...missing.map(() => unavailable(reason)));
        break;
      }
      const ended = await this.#thread.run(missing, signal);
      results.push(...ended.results);
      if (ended.died === undefined) continue;
      this.#thread = undefined;
      if (ended.died.outcome === undefined) continue;
      // What ran well before the death, but whose results the thread took with it, is run again.
      const { at, outcome } = ended.died;
      const lost = missing.slice(ended.results.length, at);
      if (lost.length > 0) results.push(...(await this.#runAll(lost, signal)));
      results.push(resultOf(outcome));
    }
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.end();
    this.#thread = undefined;
  }
}

const unavailable = (reason: string): Result => resultOf({ kind: 'unavailable', reason });

interface Ended {
  readonly results: readonly Result[];
  /** The execution, counted from 0, that ended the thread; no outcome when the user interrupted. */
  readonly died?: { readonly at: number; readonly outcome?: Outcome };
}

interface Thread {
  readonly has: Has;
  run(executions: readonly Execution[], signal: AbortSignal): Promise<Ended>;
  end(): Promise<void>;
}

const startWorker = async (
  { file, coverage }: ModuleSpec,
  options: TargetOptions,
): Promise<Thread> => {
  const shared = new SharedArrayBuffer(8);
  const start: WorkerStart = { file, output: options.output, coverage, progress: shared };
  const worker = new Worker(workerFile, {
    workerData: start,
    argv: [],
    execArgv: [],
    env: { ...options.environment },
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: Math.max(16, options.memory / mebibyte) },
  });
  // A thread that is ended may still fail; nobody hears it, and nothing is thrown.
  worker.on('error', () => undefined);
  // What goes past the thread's own `write` is read and dropped; unread it would pile up.
  worker.stdout.resume();
  worker.stderr.resume();
  const has = await new Promise<Has>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      settle();
      void worker.terminate();
      reject(new TargetUnavailable(`module ${file} did not load: ${why}`));
    };
    const timer = setTimeout(() => fail(`it took over ${loadTime / 1000} s`), loadTime);
    const settle = listen(worker, {
      message: (message) => {
        if (message.kind !== 'ready') {
          fail(message.kind === 'failed' ? message.reason : 'it spoke out of turn');
          return;
        }
        clearTimeout(timer);
        settle();
        resolve(message.has);
      },
      error: ({ message }) => fail(message),
      exit: (code) => fail(`it ended with exit code ${code}`),
    });
  });
  worker.unref();
  return threadOf(worker, new Int32Array(shared), has, options);
};

interface Heard {
  readonly message: (message: FromWorker) => void;
  readonly error: (error: Error) => void;
  readonly exit: (code: number) => void;
}

/** Listens until the function that it returns is called. */
const listen = (worker: Worker, { message, error, exit }: Heard): (() => void) => {
  worker.on('message', message).on('error', error).on('exit', exit);
  return () => {
    worker.off('message', message).off('error', error).off('exit', exit);
  };
};

const threadOf = (
  worker: Worker,
  progress: Int32Array,
  has: Has,
  { timeout, memory }: TargetOptions,
): Thread => ({
  has,
  end: async () => {
    await worker.terminate();
  },
  run: async (executions, signal) =>
    new Promise<Ended>((resolve) => {
      const results: Result[] = [];
      const residentBefore = process.memoryUsage.rss();
      let running = 0;
      let since = performance.now();
      const settle = (ended: Ended): void => {
        clearInterval(watch);
        signal.removeEventListener('abort', interrupt);
        forget();
        worker.unref();
        resolve(ended);
      };
      const die = (outcome?: Outcome): void => {
        const at = Math.max(Atomics.load(progress, 0) - 1, results.length);
        void worker.terminate();
        settle({ results, died: { at, ...(outcome === undefined ? {} : { outcome }) } });
      };
      const interrupt = (): void => die();
      const watch = setInterval(
        () => {
          const now = Atomics.load(progress, 0);
          if (now !== running) {
            running = now;
            since = performance.now();
          } else if (performance.now() - since > (now === 0 ? loadTime : timeout)) {
            die({ kind: 'hung' });
          }
          if (Atomics.load(progress, 1) === 1) die({ kind: 'exhausted', what: 'output' });
          // Array buffers lie outside the heap that the thread's own limit counts.
          if (process.memoryUsage.rss() - residentBefore > memory) {
            die({ kind: 'exhausted', what: 'memory' });
          }
        },
        Math.min(50, Math.max(5, timeout / 4)),
      );
      signal.addEventListener('abort', interrupt, { once: true });
      worker.ref();
      const forget = listen(worker, {
        message: (message) => {
          if (message.kind === 'results') results.push(...message.results);
          if (results.length === executions.length) settle({ results });
        },
        error: (error) => die(deathOf(error)),
        exit: (code) => die({ kind: 'crashed', signal: `exit ${code}`, stack: [] }),
      });
      worker.postMessage({ executions } satisfies ToWorker);
    }),
});

const deathOf = (error: Error): Outcome =>
  'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? { kind: 'exhausted', what: 'memory' }
    : { kind: 'crashed', signal: error.name, stack: [] };
