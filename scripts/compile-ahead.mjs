/**
 * Runs one check and leaves beside each script of `dist/cli/` what V8 compiled of it, for this very
 * executable of Node: `src/cli/start.ts` hands that to V8 at later starts. The end of a build, and of
 * an installation, where another Node may start the command line than the one that built it. It is for
 * speed alone, so whatever is in the way ends it quietly.
 *
 *   node scripts/compile-ahead.mjs [DIST]
 */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import v8 from 'node:v8';
import vm from 'node:vm';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = path.join(path.resolve(process.argv[2] ?? path.join(root, 'dist')), 'cli.js');
const sample = path.join(root, 'corpus', 'mtty');
if (!existsSync(cli) || !existsSync(sample)) process.exit();

const scripts = [];
vm.Script = class extends vm.Script {
  constructor(source, { filename, compiled }) {
    super(source, { filename });
    scripts.push({ file: compiled, script: this });
  }
};
// V8 takes compiled code only under the flags that it was made under, and a start has none set yet.
v8.setFlagsFromString = () => undefined;
// The findings of the sample are for nobody.
process.stdout.write = () => true;
process.argv = [process.argv[0], cli, '--fail-on', 'never', sample];

process.on('exit', () => {
  for (const { file, script } of scripts) {
    try {
      writeFileSync(file, script.createCachedData());
      // For all who may run the command, whatever the umask of whoever installs it.
      chmodSync(file, 0o644);
    } catch {
      break;
    }
  }
  process.exitCode = 0;
});
await import(pathToFileURL(cli).href);
