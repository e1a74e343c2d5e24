/** What a sanitizer or a signal says of the death of a target, read from hostile text. */
export interface CrashReport {
  /** `heap-buffer-overflow`, `SIGSEGV`, `undefined-behaviour`, … */
  readonly signal: string;
  /** Innermost first. */
  readonly frames: readonly Frame[];
}

export interface Frame {
  readonly function: string | undefined;
  readonly file: string | undefined;
  /** Where the code lies, when the report does not name it. */
  readonly module: string | undefined;
  readonly offset: number | undefined;
}

/** Text behind this is not looked at; a report is a few KiB. */
const MOST_TEXT = 64 << 10;
const MOST_LINES = 2000;
const MOST_LINE = 1000;
const MOST_FRAMES = 64;

const linesOf = (text: string): readonly string[] =>
  text
    .slice(0, MOST_TEXT)
    .split('\n', MOST_LINES)
    .map((line) => line.slice(0, MOST_LINE));

/** Every frame in the text, whatever stack it belongs to. */
export const framesIn = (text: string): readonly Frame[] =>
  linesOf(text)
    .map(frameOf)
    .filter((frame) => frame !== undefined);

/** The text with what is known of each frame written behind its line. */
export const withNames = (text: string, nameOf: (frame: Frame) => string | undefined): string =>
  linesOf(text)
    .map((line) => {
      const frame = frameOf(line);
      const name = frame?.function === undefined && frame !== undefined ? nameOf(frame) : undefined;
      return name === undefined ? line : `${line} ${name}`;
    })
    .join('\n');

/** The first report in the text; undefined when there is none. */
export const crashReportIn = (text: string): CrashReport | undefined => {
  const lines = linesOf(text);
  for (const [index, line] of lines.entries()) {
    const signal = signalOf(line);
    if (signal !== undefined) return { signal, frames: framesAfter(lines, index + 1) };
  }
  return undefined;
};

/** Words of AddressSanitizer for signals that it caught. */
const caught: Readonly<Record<string, string>> = {
  SEGV: 'SIGSEGV',
  ABRT: 'SIGABRT',
  BUS: 'SIGBUS',
  FPE: 'SIGFPE',
  ILL: 'SIGILL',
  TRAP: 'SIGTRAP',
};

const HEADING =
  /(?:ERROR|WARNING): (?:Address|HWAddress|Memory|Thread|Leak|UndefinedBehavior)Sanitizer: /u;
const RUNTIME_ERROR = ': runtime error: ';

const signalOf = (line: string): string | undefined => {
  const heading = HEADING.exec(line);
  if (heading !== null) return kindOf(line.slice(heading.index + heading[0].length));
  const at = line.indexOf(RUNTIME_ERROR);
  return at < 0 ? undefined : undefinedKind(line.slice(at + RUNTIME_ERROR.length));
};

const kindOf = (rest: string): string => {
  if (rest.startsWith('detected memory leaks')) return 'memory-leak';
  if (rest.startsWith('attempting double-free')) return 'double-free';
  if (rest.startsWith('attempting free on address')) return 'bad-free';
  if (rest.startsWith('requested allocation size')) return 'allocation-size-too-big';
  if (rest.startsWith('data race')) return 'data-race';
  const word = /^[A-Za-z][A-Za-z0-9-]{0,60}/u.exec(rest)?.[0] ?? 'unknown';
  return caught[word] ?? word;
};

/** The check of UndefinedBehaviorSanitizer, by the words of its message. */
const undefinedChecks: readonly (readonly [string, string])[] = [
  ['signed integer overflow', 'signed-integer-overflow'],
  ['unsigned integer overflow', 'unsigned-integer-overflow'],
  ['shift exponent', 'shift-exponent'],
  ['left shift of', 'shift-base'],
  ['index ', 'index-out-of-bounds'],
  ['division by zero', 'division-by-zero'],
  ['null pointer', 'null-pointer'],
  ['misaligned address', 'misaligned-address'],
  ['insufficient space', 'object-size'],
  ['applying', 'pointer-overflow'],
  ['addition of unsigned offset', 'pointer-overflow'],
  ['subtraction of unsigned offset', 'pointer-overflow'],
  ['pointer index expression', 'pointer-overflow'],
  ['not a valid value for type', 'invalid-value'],
  ['outside the range of representable values', 'float-cast-overflow'],
  ['variable length array', 'vla-bound'],
  ['unreachable', 'unreachable'],
  ['without returning a value', 'missing-return'],
  ['incorrect function type', 'function-type'],
  ['negation of', 'signed-integer-overflow'],
  ['implicit conversion', 'implicit-conversion'],
];

const undefinedKind = (message: string): string =>
  undefinedChecks.find(([words]) => message.includes(words))?.[1] ?? 'undefined-behaviour';

/** The first stack behind the heading; the stacks after it say where memory came from. */
const framesAfter = (lines: readonly string[], from: number): readonly Frame[] => {
  const frames: Frame[] = [];
  for (const line of lines.slice(from)) {
    const frame = frameOf(line);
    if (frame !== undefined) frames.push(frame);
    if (frames.length === MOST_FRAMES || (frame === undefined && frames.length > 0)) break;
    if (signalOf(line) !== undefined) break;
  }
  return frames;
};

/**
 * `#2 0x55d1 in name file.c:12:3`, `#2 0x55d1 in name (module+0x1f)`, `#2 0x55d1  (module+0x1f)`, and
 * from ThreadSanitizer `#2 name file.c:12 (module+0x1f)` and `#2 <null> <null> (module+0x1f)`; read by
 * hand because a pattern for all of them would look back and forth over hostile text.
 */
const frameOf = (line: string): Frame | undefined => {
  const head = /^\s{0,16}#\d{1,3} (?:0x[0-9a-f]{1,16}\s+)?/u.exec(line);
  if (head === null) return undefined;
  const rest = line.slice(head[0].length);
  const place = /\(([^()]{1,400})\+0x([0-9a-f]{1,16})\)/u.exec(rest);
  const module = place?.[1];
  const offset = place === null ? undefined : Number.parseInt(place[2] ?? '', 16);
  const words = rest.slice(rest.startsWith('in ') ? 3 : 0, place?.index ?? rest.length).trim();
  if (words === '' || words.startsWith('<null>')) {
    return { function: undefined, file: undefined, module, offset };
  }
  const space = words.lastIndexOf(' ');
  const last = words.slice(space + 1);
  const hasFile = space > 0 && /[/.<]/u.test(last);
  return {
    function: hasFile ? words.slice(0, space) : words,
    file: hasFile ? last : undefined,
    module,
    offset,
  };
};
