import { constants } from 'node:os';
import type { Device, Devices } from './module-device.ts';
import { longestSave } from './session.ts';

/** The part of the engine's `WebAssembly` that is used; the types of Node leave it out. */
interface WebAssemblyModule {
  readonly module: unique symbol;
}
interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
}
interface Engine {
  compile(bytes: Uint8Array): Promise<WebAssemblyModule>;
  instantiate(module: WebAssemblyModule, imports: Imports): Promise<Instance>;
  readonly Module: {
    exports(module: WebAssemblyModule): readonly { readonly name: string; readonly kind: string }[];
    imports(
      module: WebAssemblyModule,
    ): readonly { readonly module: string; readonly name: string; readonly kind: string }[];
  };
  readonly Memory: new (limits: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly RuntimeError: new (message: string) => Error;
}
type Imports = Record<string, Record<string, () => never>>;

const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

/**
 * A device in WebAssembly. The module exports `memory`, `vstate_buffer(size)` (where bytes for the
 * device may lie), and the hooks `vstate_begin()`, `vstate_write(pointer, size)`, `vstate_end()`,
 * and, where it has them, `vstate_run()`, `vstate_save(pointer, room)`, `vstate_reset()`. Each
 * execution gets an instance of its own, so nothing outlives it.
 */
export const wasmDevices = async (bytes: Uint8Array): Promise<Devices> => {
  const module = await engine.compile(bytes);
  const exported = new Map(engine.Module.exports(module).map(({ name, kind }) => [name, kind]));
  if (exported.get('memory') !== 'memory') throw new Error('the module exports no memory');
  for (const name of ['vstate_buffer', 'vstate_begin', 'vstate_write', 'vstate_end']) {
    if (exported.get(name) !== 'function') throw new Error(`the module exports no ${name}()`);
  }
  const imports = importsOf(module);
  const offers = (hook: string): boolean => exported.get(`vstate_${hook}`) === 'function';
  const has = {
    session: true,
    save: offers('save'),
    run: offers('run'),
    reset: offers('reset'),
  };
  return {
    kind: 'session',
    has,
    open: async () => wasmDevice(await engine.instantiate(module, imports)),
  };
};

const wasmDevice = ({ exports }: Instance): Device => {
  const call = (hook: string, ...given: readonly number[]): number => {
    // `wasmDevices` looked at the kind of every export that is called here.
    const found = exports[`vstate_${hook}`] as
      ((...given: readonly number[]) => unknown) | undefined;
    if (found === undefined) return -constants.errno.ENOTTY;
    const answer: unknown = found(...given);
    return typeof answer === 'number' ? answer : 0;
  };
  /** Where `size` bytes lie; the memory may have moved with every call. */
  const room = (size: number): Uint8Array | undefined => {
    const at = call('buffer', size) >>> 0;
    const { memory } = exports;
    if (!(memory instanceof engine.Memory)) return undefined;
    const { buffer } = memory;
    return at + size > buffer.byteLength ? undefined : new Uint8Array(buffer, at, size);
  };
  return {
    begin: () => call('begin'),
    write: (bytes) => {
      const to = room(bytes.length);
      if (to === undefined) return -constants.errno.ENOMEM;
      to.set(bytes);
      return call('write', to.byteOffset, bytes.length);
    },
    end: () => call('end'),
    run: () => call('run'),
    save: () => {
      const to = room(longestSave);
      if (to === undefined) return -constants.errno.ENOMEM;
      const { byteOffset } = to;
      const answer = call('save', byteOffset, longestSave);
      if (answer < 0) return answer;
      const { memory } = exports;
      if (!(memory instanceof engine.Memory)) return -constants.errno.ENOMEM;
      const size = Math.min(answer, longestSave, memory.buffer.byteLength - byteOffset);
      return new Uint8Array(memory.buffer, byteOffset, size).slice();
    },
    reset: () => call('reset'),
  };
};

/** A function that is imported traps when it is called, by its name. */
const importsOf = (module: WebAssemblyModule): Imports => {
  const imports: Imports = {};
  for (const { module: from, name, kind } of engine.Module.imports(module)) {
    if (kind !== 'function') throw new Error(`the module imports the ${kind} ${from}.${name}`);
    const functions = (imports[from] ??= {});
    functions[name] = () => {
      throw new engine.RuntimeError(`the module calls ${from}.${name}, which is not there`);
    };
  }
  return imports;
};
