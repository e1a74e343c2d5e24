import { constants } from 'node:os';
import type { Outcome } from './target.ts';

/** What the engine throws when code does what no restore path means to do. */
const mistakes = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'InternalError',
  'RuntimeError',
  'AssertionError',
]);

const longestReason = 100;

export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value;

/**
 * What a thrown value refuses, as an errno below 0 and a reason; undefined when it is a mistake of
 * the module, which counts as a crash. Numbers in a message change with the input, so they go.
 */
export const refusalOf = (
  error: unknown,
): { readonly errno: number; readonly reason: string } | undefined => {
  if (!(error instanceof Error)) return { errno: -constants.errno.EINVAL, reason: 'thrown' };
  const { code, errno } = error as { readonly code?: unknown; readonly errno?: unknown };
  if (typeof code === 'string' && Object.hasOwn(constants.errno, code)) {
    return { errno: -constants.errno[code as keyof typeof constants.errno], reason: code };
  }
  if (mistakes.has(error.constructor.name) || mistakes.has(error.name)) return undefined;
  if (typeof errno === 'number' && Number.isInteger(errno) && errno !== 0) {
    return { errno: -Math.abs(errno), reason: `errno ${Math.abs(errno)}` };
  }
  const text = error.message.replace(/0x[0-9a-f]+|\d+/giu, '#').slice(0, longestReason);
  return { errno: -constants.errno.EINVAL, reason: text === '' ? error.name : text };
};

/** The crash that an error of the engine is: its class for a signal, its functions for a stack. */
export const crashOf = (error: unknown): Outcome => {
  if (!(error instanceof Error)) return { kind: 'crashed', signal: 'thrown', stack: [] };
  const isAllocation = /array buffer allocation failed|could not allocate memory/iu;
  if (isAllocation.test(error.message)) return { kind: 'exhausted', what: 'memory' };
  return { kind: 'crashed', signal: error.constructor.name, stack: functionsOf(error.stack ?? '') };
};

/** Names of the functions of the module, innermost first; frames of the engine and of this program go. */
const functionsOf = (stack: string): readonly string[] =>
  stack
    .split('\n')
    .map((line) => /^\s+at (?:async )?(?:(.+?) \()?(.+?)(?::\d+:\d+)?\)?$/u.exec(line))
    .flatMap((match) => {
      const [, name, where = ''] = match ?? [];
      if (match === null || where.startsWith('node:') || where === '<anonymous>') return [];
      if (/module-worker|module-device|module-wasm|cli\/session-/u.test(where)) return [];
      const wasm = /wasm-function\[\d+\]/u.exec(where)?.[0];
      return [(name ?? wasm ?? 'anonymous').replace(/^(?:Object|Module|new)\.?\s*/u, '')];
    })
    .slice(0, 32);
