import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

/**
 * Starts the command line, whose modules are scripts in `cli/` beside this file.
 *
 * Half of what a small check took was V8 compiling its megabyte. It takes compiled code for a script,
 * not for a module, so the build makes scripts of the modules and leaves beside each what V8 made of
 * it: `NAME.compiled`. Another version of V8 refuses that and compiles the script, as it does where
 * the file is not there. Like the scripts themselves, these files are trusted to be what was built.
 */
const folder = fileURLToPath(new URL('cli', import.meta.url));

type Load = (id: string) => unknown;
type Body = (exports: object, require: Load, module: { exports: object }, file: string) => void;

const loaded = new Map<string, { exports: object }>();

const load: Load = (id) => {
  if (!id.startsWith('./')) return process.getBuiltinModule(id);
  const file = path.join(folder, id);
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const compiled = `${file}.compiled`;
  const script = new vm.Script(
    `(function (exports, require, module, __filename) {${fs.readFileSync(file, 'latin1')}\n})`,
    {
      filename: file,
      cachedData: fs.existsSync(compiled) ? fs.readFileSync(compiled) : undefined,
    },
  );
  (script.runInThisContext() as Body)(module.exports, load, module, file);
  return module.exports;
};

load('./main.cjs');
