import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { wasmDevices } from './module-wasm.ts';

/**
 * A device in JavaScript, by the hooks of `native/vstate_harness.h`. A hook answers 0 or more (or
 * nothing) when it did what it was asked, `-errno` (or `false`, or an error with a `code`) when it
 * refused. Any hook may return a promise.
 */
export interface Device {
  begin(): unknown;
  write(bytes: Uint8Array): unknown;
  end(): unknown;
  run?(): unknown;
  save?(): unknown;
  reset?(): unknown;
  close?(): unknown;
}

/** What a module offers: devices with sessions, or one function that restores. */
export type Devices =
  | {
      readonly kind: 'session';
      readonly open: () => Device | PromiseLike<Device>;
      readonly has: Has;
    }
  | {
      readonly kind: 'restore';
      readonly restore: (bytes: Uint8Array) => unknown;
      readonly has: Has;
    };

/** Which hooks beyond those of a restore there are. */
export interface Has {
  readonly session: boolean;
  readonly save: boolean;
  readonly run: boolean;
  readonly reset: boolean;
}

const restoreOnly: Has = { session: false, save: false, run: false, reset: false };

/** Loads a module; rejects with a sentence for a person when it offers nothing to restore. */
export const loadDevices = async (file: string): Promise<Devices> => {
  if (file.endsWith('.wasm')) return wasmDevices(await readFile(file));
  const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const { open } = module;
  if (isFunction(open)) {
    const opened = async (): Promise<Device> => deviceOf(await open());
    const first = await opened();
    const has = {
      session: true,
      save: first.save !== undefined,
      run: first.run !== undefined,
      reset: first.reset !== undefined,
    };
    await first.close?.();
    return { kind: 'session', open: opened, has };
  }
  const restore = isFunction(module.restore) ? module.restore : module.default;
  if (isFunction(restore)) return { kind: 'restore', restore, has: restoreOnly };
  throw new Error('the module exports neither open() nor a default restore(bytes)');
};

type AnyFunction = (...given: readonly unknown[]) => unknown;

const isFunction = (value: unknown): value is AnyFunction => typeof value === 'function';

const needed = ['begin', 'write', 'end'] as const;
const optional = ['run', 'save', 'reset', 'close'] as const;

const deviceOf = (value: unknown): Device => {
  if (typeof value !== 'object' || value === null) throw new Error('open() gives no device');
  const hooks = value as Readonly<Record<string, unknown>>;
  for (const name of needed) {
    if (!isFunction(hooks[name])) throw new Error(`the device has no function ${name}`);
  }
  for (const name of optional) {
    const hook = hooks[name];
    if (hook !== undefined && !isFunction(hook)) throw new Error(`${name} is not a function`);
  }
  // Every member that the interface names was looked at above.
  return value as Device;
};
