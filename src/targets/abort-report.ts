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

/**
 * Headings of linux `lib/ubsan.c`, `lib/refcount.c`, `lib/list_debug.c`, `mm/kasan/report.c`,
 * `mm/usercopy.c`, `kernel/panic.c`, `kernel/watchdog.c`, and of the `die()` and the page faults of
 * each architecture. The first line that is one of them names the report.
 */
const kernelHeadings: readonly (readonly [RegExp, (word: string) => string])[] = [
  [/BUG: KASAN: ([a-z-]{1,60})/u, (word) => `kasan-${word}`],
  [/BUG: KFENCE: ([a-z -]{1,60})/u, (word) => `kfence-${dashed(word)}`],
  [/UBSAN: ([a-z][a-z -]{0,60}?)(?: in |:|$)/u, (word) => `ubsan-${dashed(word)}`],
  [/refcount_t: ([a-z0 ]{1,40})/u, (word) => `refcount-${dashed(word)}`],
  [/(list_(?:add|del)) corruption/u, (word) => `kernel-${word.replace('_', '-')}-corruption`],
  [/usercopy: Kernel memory (overwrite|exposure) attempt/u, (word) => `kernel-${word}`],
  [/Unable to handle kernel /u, () => 'kernel-oops'],
  [/BUG: (?:unable to handle page fault|kernel NULL pointer dereference)/iu, () => 'kernel-oops'],
  [
    /(?:general protection fault|kernel BUG at|Oops: |Oops ?\[#\d|Internal error: )/u,
    () => 'kernel-oops',
  ],
  [
    /BUG: (?:\w{1,10} )?stack guard page was hit|kernel stack overflow/u,
    () => 'kernel-stack-overflow',
  ],
  [/BUG: (?:soft lockup|workqueue lockup)|detected hard LOCKUP/u, () => 'kernel-lockup'],
  [/INFO: (?:task .{1,80} blocked for more than|rcu.{0,60}detected stall)/u, () => 'kernel-hang'],
  [/BUG: (?:sleeping function called|scheduling while atomic)/u, () => 'kernel-atomic-sleep'],
  [
    /WARNING: (?:possible (?:circular|recursive) locking|inconsistent lock)/u,
    () => 'kernel-lockdep',
  ],
  [/WARNING: (?:CPU: \d|.{0,100} at )/u, () => 'kernel-warning'],
  [/Kernel panic - not syncing/u, () => 'kernel-panic'],
];

const dashed = (words: string): string => words.trim().replaceAll(' ', '-');

/** Functions that report, and not those that are at fault. */
const reporting =
  /^(?:dump_|print_|kasan_|__kasan_|__asan_|__hwasan_|__ubsan_|ubsan_|report_|end_report|show_|__show_|__warn|warn_slowpath|refcount_warn|asm_|exc_|handle_bug|check_memory_region|check_region|(?:v|nmi_)?panic$)/u;

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

/**
 * Where the processor was: `RIP: 0010:` on x86, `pc : ` on arm64, `PC is at ` on arm, `epc : ` on riscv
 * and mips, `Krnl PSW : ` on s390, `NIP [` on powerpc, `ERA: ` on loongarch.
 */
const instruction =
  /^ {0,4}(?:RIP: [0-9a-f]{4}:|pc : |PC is at |epc {1,3}: (?:[0-9a-f]{8,16} )?|Krnl PSW : [0-9a-f]{16} [0-9a-f]{16} \(|NIP \[[0-9a-f]{8,16}\] |ERA: [0-9a-f]{16} )([\w.]{1,200})\+0x/u;

/** `name+0x1/0x2`, behind an address in brackets where the machine prints one; guesses have a `?`. */
const traced =
  /^[ (]{0,4}(?:\[<?[0-9a-f]{8,16}>?\] ){0,2}([\w.]{1,200})\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}/u;

/** What follows a trace; KASAN goes on with the traces of who allocated and freed. */
const behindTrace =
  /<\/TASK>|^---\[|^Code: |^(?:Allocated|Freed) by task|^The buggy address|^Last Breaking-Event/u;

/** The function that was running, then the lines behind `Call Trace:` that are no guesses. */
const kernelStack = (lines: readonly string[]): readonly string[] => {
  const stack: string[] = [];
  let inTrace = false;
  for (const raw of lines) {
    const line = withoutStamp(raw);
    const running = instruction.exec(line)?.[1];
    if (running !== undefined && stack.length === 0) stack.push(running);
    if (/^Call [Tt]race:/u.test(line)) inTrace = true;
    if (!inTrace) continue;
    const frame = traced.exec(line)?.[1];
    if (frame !== undefined && stack.at(-1) !== frame) stack.push(frame);
    if (stack.length === mostFrames || behindTrace.test(line) || line.trim() === '') break;
  }
  return stack.filter((name) => !reporting.test(name));
};
