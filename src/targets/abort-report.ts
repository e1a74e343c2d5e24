/** Why a program ended itself, in the words of libraries that end programs; read from hostile text. */
export interface AbortReport {
  /** What signal or check it was: `SIGABRT`, `allocation-failure`, `kasan-slab-out-of-bounds`. */
  readonly signal: string;
  /** Innermost first. */
  readonly stack: readonly string[];
}

/** Text behind this is not looked at. */
const mostText = 1 << 16;
const mostLines = 2000;
const mostLine = 500;
const mostFrames = 32;

/** The first report in the text; undefined when there is none. */
export const abortReportIn = (text: string): AbortReport | undefined => {
  const lines = text
    .slice(-mostText)
    .split('\n', mostLines)
    .map((line) => line.slice(0, mostLine));
  for (const line of lines) {
    const found = libraryReport(line);
    if (found !== undefined) return found;
  }
  return kernelReport(lines);
};

/**
 * One line each: assert(3) of the C library, `g_assert()` and `g_error()` of GLib, and what the
 * allocator of the C library says of a damaged heap.
 */
const libraryReport = (line: string): AbortReport | undefined => {
  const glib = /^(?:\*\*|Bail out!)? ?ERROR:([^ :]{1,200}):\d{1,9}:([^ :]{1,200}): (.*)$/u.exec(
    line,
  );
  if (glib !== null) return { signal: 'SIGABRT', stack: namesOf(glib[2]) };
  const assertion =
    /: ([^ :()]{1,200})(?:\([^:]{0,200}\))?: Assertion [`'].{0,400}' failed\.?$/u.exec(line);
  if (assertion !== null) return { signal: 'SIGABRT', stack: namesOf(assertion[1]) };
  if (/GLib-ERROR \*\*: .{0,80}failed to allocate \d+ bytes/u.test(line)) {
    return { signal: 'allocation-failure', stack: [] };
  }
  if (line.includes('GLib-ERROR **:')) return { signal: 'SIGTRAP', stack: [] };
  if (line.startsWith('*** stack smashing detected ***')) {
    return { signal: 'stack-smashing', stack: [] };
  }
  const heap =
    /^(?:double free or corruption|malloc\(\)|free\(\)|realloc\(\)|munmap_chunk\(\)|corrupted )/u;
  return heap.test(line) ? { signal: 'heap-corruption', stack: [] } : undefined;
};

const namesOf = (name: string | undefined): readonly string[] => (name === undefined ? [] : [name]);

/** Headings of `linux lib/ubsan.c`, `mm/kasan/report.c`, `arch/x86/mm/fault.c`, `kernel/panic.c`. */
const kernelHeadings: readonly (readonly [RegExp, (word: string) => string])[] = [
  [/BUG: KASAN: ([a-z-]{1,60})/u, (word) => `kasan-${word}`],
  [/BUG: KFENCE: ([a-z -]{1,60})/u, (word) => `kfence-${word.trim().replaceAll(' ', '-')}`],
  [/UBSAN: ([a-z-]{1,60})/u, (word) => `ubsan-${word}`],
  [/BUG: (unable to handle page fault|kernel NULL pointer dereference)/u, () => 'kernel-oops'],
  [/(general protection fault|kernel BUG at|Oops: )/u, () => 'kernel-oops'],
  [/BUG: (soft lockup|workqueue lockup)/u, () => 'kernel-lockup'],
  [/INFO: (task .{1,80} blocked for more than|rcu.{0,40} detected stalls)/u, () => 'kernel-hang'],
  [/WARNING: (?:CPU: \d|.{0,100} at )(.?)/u, () => 'kernel-warning'],
];

/** Functions that report, and not those that are at fault. */
const reporting =
  /^(?:dump_stack|print_|kasan_|__kasan_|__asan_|__ubsan_|ubsan_|report_|show_|__warn|asm_|exc_|handle_bug|check_memory_region)/u;

const kernelReport = (lines: readonly string[]): AbortReport | undefined => {
  for (const [index, raw] of lines.entries()) {
    const line = withoutStamp(raw);
    for (const [heading, name] of kernelHeadings) {
      const match = heading.exec(line);
      if (match === null) continue;
      return { signal: name(match[1] ?? ''), stack: kernelStack(lines.slice(index)) };
    }
  }
  return undefined;
};

/** A line of the kernel log behind its time and its priority. */
const withoutStamp = (line: string): string =>
  line.replace(/^(?:<\d{1,3}>)?\[ {0,8}\d{1,10}\.\d{6}\] ?(?:\[ {0,8}[TC]\d{1,10}\] ?)?/u, '');

/** `RIP: 0010:name+0x1/0x2`, then the lines behind `Call Trace:` that are no guesses. */
const kernelStack = (lines: readonly string[]): readonly string[] => {
  const stack: string[] = [];
  let inTrace = false;
  for (const raw of lines) {
    const line = withoutStamp(raw);
    const instruction = /^RIP: [0-9a-f]{4}:([\w.]{1,200})\+0x/u.exec(line);
    if (instruction?.[1] !== undefined && stack.length === 0) stack.push(instruction[1]);
    if (line.startsWith('Call Trace:')) inTrace = true;
    if (!inTrace) continue;
    const frame = /^ {0,4}([\w.]{1,200})\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}/u.exec(line);
    if (frame?.[1] !== undefined && stack.at(-1) !== frame[1]) stack.push(frame[1]);
    if (stack.length === mostFrames || line.includes('</TASK>') || line.startsWith('---[')) break;
  }
  return stack.filter((name) => !reporting.test(name));
};
