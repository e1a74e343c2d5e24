import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import path from 'node:path';
import { crashReportIn, framesIn, withNames, type Frame } from './crash-report.ts';

interface Place {
  readonly function: string;
  readonly file: string;
}

/** Addresses that are looked up in one call of the program. */
const MOST_ADDRESSES = 64;
const MOST_KEPT = 65_536;
const MOST_OUTPUT = 1 << 20;
const LIMIT = 20_000;

/** Names of code addresses, each looked up once. */
export class Symbols {
  readonly #program: readonly string[] | undefined;
  readonly #places = new Map<string, readonly Place[]>();

  /** @param folders where programs are looked for, as in `PATH` */
  constructor(folders = process.env.PATH ?? '') {
    this.#program = symbolizerIn(folders.split(path.delimiter));
  }

  get available(): boolean {
    return this.#program !== undefined;
  }

  /** What a report says, with the names of its addresses; undefined when the text holds none. */
  async explain(
    text: string,
    program: string,
  ): Promise<
    | { readonly signal: string; readonly stack: readonly string[]; readonly text: string }
    | undefined
  > {
    const report = crashReportIn(text);
    if (report === undefined) return undefined;
    await this.#lookUp(framesIn(text), program);
    return {
      signal: report.signal,
      stack: this.#stackOf(report.frames, program),
      text: withNames(text, (frame) =>
        this.#places
          .get(keyOf(frame))
          ?.map((place) => `in ${place.function} ${place.file}`)
          .join(' '),
      ),
    };
  }

  /**
   * The functions of the target's own code, innermost first. A frame of an inlined function becomes
   * one of each; frames of sanitizers and of the C library are left out; the runtime of the harness
   * and all that called it end the stack.
   */
  #stackOf(frames: readonly Frame[], program: string): readonly string[] {
    const stack: string[] = [];
    for (const frame of frames) {
      for (const place of this.#placesOf(frame, program)) {
        if (isRuntime(place)) return stack;
        if (!isSanitizer(place)) stack.push(place.function);
      }
    }
    return stack;
  }

  #placesOf(frame: Frame, program: string): readonly Place[] {
    if (frame.function !== undefined) {
      return [{ function: frame.function, file: frame.file ?? '' }];
    }
    const places = this.#places.get(keyOf(frame));
    if (places !== undefined) return places;
    if (frame.module !== program || frame.offset === undefined) return [];
    return [{ function: `+0x${frame.offset.toString(16)}`, file: '' }];
  }

  async #lookUp(frames: readonly Frame[], program: string): Promise<void> {
    const [command, ...words] = this.#program ?? [];
    if (command === undefined) return;
    const unknown = frames
      .filter(
        (frame) =>
          frame.function === undefined &&
          frame.offset !== undefined &&
          isOwn(frame.module, program) &&
          !this.#places.has(keyOf(frame)),
      )
      .slice(0, MOST_ADDRESSES);
    for (const module of new Set(unknown.map((frame) => frame.module))) {
      const wanted = unknown.filter((frame) => frame.module === module);
      if (module === undefined) continue;
      const text = await outputOf(command, [
        ...words,
        module,
        // Frames hold return addresses, which may lie in the next line; the first one is exact.
        ...wanted.map(({ offset = 0 }) => `0x${offset.toString(16)}`),
      ]);
      const places = placesIn(text);
      if (this.#places.size > MOST_KEPT) this.#places.clear();
      for (const [index, frame] of wanted.entries()) {
        const found = places[index]?.filter((place) => place.function !== '??');
        if (found !== undefined && found.length > 0) this.#places.set(keyOf(frame), found);
      }
    }
  }
}

const keyOf = ({ module = '', offset = 0 }: Frame): string => `${offset} ${module}`;

/** A library that a report names may lie anywhere; only code beside the program is looked up. */
const isOwn = (module: string | undefined, program: string): boolean =>
  module !== undefined &&
  (module === program ||
    (path.isAbsolute(module) && path.dirname(path.normalize(module)) === path.dirname(program)));

const isSanitizer = ({ function: name, file }: Place): boolean =>
  /^(?:__(?:asan|hwasan|msan|tsan|ubsan|lsan|sanitizer|interceptor)_|___interceptor_|__interceptor)/u.test(
    name,
  ) ||
  /^(?:__asan|__msan|__tsan|__lsan|__ubsan|__sanitizer|__hwasan)::/u.test(name) ||
  file.includes('/compiler-rt/') ||
  file.includes('/libsanitizer/') ||
  /^(?:memcpy|memmove|memset|memcmp|malloc|calloc|realloc|free|abort|raise|__assert_fail)$/u.test(
    name,
  );

const isRuntime = ({ function: name, file }: Place): boolean =>
  name.startsWith('vstate_') ||
  name.startsWith('__libc_start') ||
  name === '_start' ||
  name === 'main' ||
  /(?:^|\/)vstate_harness\.c(?::|$)/u.test(file);

/** Both print an address, then two lines for each function that was inlined there. */
const symbolizerIn = (folders: readonly string[]): readonly string[] | undefined => {
  const llvm = ['--addresses', '--functions', '--inlines', '--no-demangle', '-e'];
  const gnu = ['-a', '-f', '-i', '-e'];
  for (const folder of folders) {
    if (!path.isAbsolute(folder)) continue;
    for (const name of llvmIn(folder)) {
      if (isProgram(path.join(folder, name))) return [path.join(folder, name), ...llvm];
    }
  }
  for (const folder of folders) {
    const program = path.join(folder, 'addr2line');
    if (path.isAbsolute(folder) && isProgram(program)) return [program, ...gnu];
  }
  return undefined;
};

const llvmIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).filter((name) => /^llvm-symbolizer(?:-\d+)?$/u.test(name));
  } catch {
    return [];
  }
};

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const outputOf = async (command: string, words: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn(command, words, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {},
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    });
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (piece: string) => {
      if (text.length < MOST_OUTPUT) text += piece;
    });
    child.once('error', () => resolve(''));
    child.once('close', () => resolve(text));
  });

const placesIn = (text: string): readonly (readonly Place[])[] => {
  const places: Place[][] = [];
  let name: string | undefined;
  for (const line of text.split('\n')) {
    if (/^0x[0-9a-f]+$/u.test(line)) {
      places.push([]);
      name = undefined;
    } else if (line === '') {
      name = undefined;
    } else if (name === undefined) {
      name = line;
    } else {
      places.at(-1)?.push({ function: name, file: line });
      name = undefined;
    }
  }
  return places;
};
