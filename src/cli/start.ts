/**
 * Starts the command line, whose modules are scripts in `cli/` beside this file.
 *
 * Half of what a small check took was V8 compiling its megabyte. It takes compiled code for a script,
 * not for a module, so the build makes scripts of the modules and leaves beside each what V8 made of
 * it: `NAME.NODE.compiled`. Where that is missing V8 compiles the script. Like the scripts themselves,
 * these files are trusted to be what was built.
 */

// Not imported: for an import Node reads every property of the module, and some load much behind them.
const fs = process.getBuiltinModule('node:fs');
const { fileURLToPath } = process.getBuiltinModule('node:url');
const vm = process.getBuiltinModule('node:vm');

/**
 * The executable, of which a file is: V8 looks at its own version alone, and two releases of Node with
 * one version of V8 crash on each other's compiled code.
 */
const executable = fs.statSync(process.execPath, { throwIfNoEntry: false });
const node = `${process.version}-${process.arch}-${executable?.size}-${executable?.mtimeMs}`;

const bytesOf = (file: string): Buffer | undefined => {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
};

const folder = fileURLToPath(new URL('cli/', import.meta.url));

type Load = (id: string) => unknown;
type Body = (exports: object, require: Load, module: { exports: object }, file: string) => void;

/** Node loads these when something in them is used: they are large, and most starts need neither. */
const late = new Map<string, object>(
  ['node:crypto', 'node:zlib'].map((id) => [id, lateModule(id)]),
);

const loaded = new Map<string, { exports: object }>();

const load: Load = (id) => {
  if (!id.startsWith('./')) return late.get(id) ?? process.getBuiltinModule(id);
  const file = folder + id.slice(2);
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const compiled = `${file}.${node}.compiled`;
  const options = {
    filename: file,
    cachedData: executable && bytesOf(compiled),
    // Not for V8: `scripts/compile-ahead.mjs` reads where to put what comes of this script.
    compiled,
  };
  const script = new vm.Script(
    `(function (exports, require, module, __filename) {${fs.readFileSync(file, 'latin1')}\n})`,
    options,
  );
  (script.runInThisContext() as Body)(module.exports, load, module, file);
  return module.exports;
};

load('./main.cjs');

function lateModule(id: string): object {
  const module = (): object => process.getBuiltinModule(id) ?? {};
  return new Proxy(
    {},
    {
      get: (_, name) => Reflect.get(module(), name) as unknown,
      ownKeys: () => Reflect.ownKeys(module()),
    },
  );
}
