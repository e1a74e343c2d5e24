import type { Command } from 'commander';
import { containerOption, formatOption, formatFileOption, colorOption } from './input-options.ts';

/** What the commands that work with states share. */
export interface StateFlags {
  readonly container?: string;
  readonly format?: string;
  readonly formatFile?: readonly string[];
}

export interface DecodeFlags extends StateFlags {
  readonly output?: string;
  readonly payloadDir?: string;
  readonly force?: boolean;
}

export interface EncodeFlags extends DecodeFlags {
  readonly derive?: boolean;
  readonly into?: string;
  readonly device?: string;
}

export interface DiffFlags extends StateFlags {
  readonly noise?: readonly string[];
  readonly json?: boolean;
  readonly color: string;
}

export interface ExtractFlags extends StateFlags {
  readonly out: string;
  readonly device?: string;
  readonly force?: boolean;
}

export interface RedactFlags extends StateFlags {
  readonly output?: string;
  readonly addresses?: boolean;
  readonly force?: boolean;
}

/** The commands that take states apart, put them together and compare them. */
export const stateCommands = (root: Command): void => {
  const common = (command: Command): Command =>
    command.addOption(containerOption()).addOption(formatOption()).addOption(formatFileOption());
  const output = (command: Command): Command =>
    command
      .option('-o, --output <file>', 'write to this file instead of standard output')
      .option('--force', 'write over what is there');
  const payloads = (command: Command): Command =>
    command.option('--payload-dir <directory>', 'keep long payloads in files of this directory');

  common(payloads(output(root.command('decode'))))
    .description('write an input as JSON, from which encode gives every byte back')
    .argument('<input>', 'file, or - for standard input')
    .action(async (input: string, options: DecodeFlags) => {
      const { runDecode } = await import('./states.ts');
      process.exitCode = await runDecode(input, options);
    });

  common(payloads(output(root.command('encode'))))
    .description('write the bytes of a decoded input, or put a state into a container')
    .argument('<document>', 'what decode wrote, or - ; with --into also a raw state')
    .option('--derive', 'put lengths, counts, offsets and checksums right')
    .option('--into <container>', 'replace the state of a device in this container')
    .option('--device <name>', 'the device whose state is replaced')
    .action(async (input: string, options: EncodeFlags) => {
      const { runEncode } = await import('./states.ts');
      process.exitCode = await runEncode(input, options);
    });

  common(root.command('diff'))
    .description('compare two inputs field by field; exits 1 when they differ')
    .argument('<a>', 'file, or - for standard input')
    .argument('<b>', 'file, or - for standard input')
    .option(
      '--noise <saves...>',
      'mask fields in which these saves of the device of A differ from A',
    )
    .option('--json', 'print one JSON document')
    .addOption(colorOption())
    .action(async (a: string, b: string, options: DiffFlags) => {
      const { runDiff } = await import('./states.ts');
      process.exitCode = await runDiff(a, b, options);
    });

  common(root.command('extract'))
    .description('write the state of each device to a file of its own')
    .argument('<input>', 'file, or - for standard input')
    .requiredOption('--out <directory>', 'where to; - writes one state to standard output')
    .option('--device <name>', 'only the state of this device')
    .option('--force', 'write over files that are there')
    .action(async (input: string, options: ExtractFlags) => {
      const { runExtract } = await import('./states.ts');
      process.exitCode = await runExtract(input, options);
    });

  common(output(root.command('redact')))
    .description('write an input without payloads and guest data, to show to others')
    .argument('<input>', 'file, or - for standard input')
    .option('--addresses', 'replace guest addresses, too')
    .action(async (input: string, options: RedactFlags) => {
      const { runRedact } = await import('./states.ts');
      process.exitCode = await runRedact(input, options);
    });
};
