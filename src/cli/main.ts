import { existsSync } from 'node:fs';
import { CommanderError } from 'commander';
import { errorCode } from '../bytes/source.ts';
import { UnpackError } from '../bytes/unpack.ts';
import { complain, exitCodes, lineOf, UndoneError, UsageError } from './exit.ts';
import { program } from './program.ts';

// A reader that closes the pipe wants no more output; the verdict in the exit code still counts.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    const code = errorCode(error);
    if (code === 'EPIPE') return;
    if (code === undefined || stream === process.stderr) throw error;
    complain(`standard output takes no more: ${code}`);
    process.exit(exitCodes.undone);
  });
}

const commands = program();
// `vstate-check corpus` in a folder that holds `corpus/` is the command, and may not be what was meant.
const [first = '', second = '-'] = process.argv.slice(2);
if (
  second.startsWith('-') &&
  commands.commands.some((command) => command.name() === first) &&
  existsSync(first)
) {
  complain(`${first} is a command; to check the path of that name, write ./${first}`);
}

// Not awaited here: the bundle is CommonJS (src/cli/start.ts says why), which has no such thing.
void (async (): Promise<void> => {
  try {
    await commands.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version were asked for; everything else is a mistake that commander has explained.
      process.exitCode = error.exitCode === 0 ? exitCodes.sound : exitCodes.usage;
    } else if (error instanceof UsageError) {
      complain(lineOf(error));
      process.exitCode = exitCodes.usage;
    } else if (error instanceof UnpackError) {
      complain(`an input ${error.message}`);
      process.exitCode = exitCodes.undone;
    } else if (error instanceof UndoneError) {
      complain(lineOf(error));
      process.exitCode = exitCodes.undone;
    } else {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(
        `vstate-check: this is a bug in vstate-check, please report it\n${stack}\n`,
      );
      process.exitCode = exitCodes.bug;
    }
  }
})();
