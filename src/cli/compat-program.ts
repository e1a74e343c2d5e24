import { Option, type Command } from 'commander';

export interface CompatFlags {
  readonly both?: boolean;
  readonly early?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly quiet?: boolean;
  readonly format?: string;
  readonly formatFile?: readonly string[];
}

export interface DescribeFlags {
  readonly json?: boolean;
  readonly output?: string;
  readonly force?: boolean;
  readonly format?: string;
  readonly formatFile?: readonly string[];
}

const what =
  'a device state or migration stream, a folder of sysfs, vfio-user:SOCKET of a running server, or a descriptor file';

const exits = `
Exit codes: 0 every source has a compatible destination, 1 a source has none,
2 wrong flags or files, 3 for a source only the target can tell, or an input
could not be read.`;

/** The commands about which device may load the state of which. */
export const compatCommands = (root: Command): void => {
  const formats = (command: Command): Command =>
    command
      .addOption(new Option('--format <id>', 'read device states as this format'))
      .addOption(
        new Option(
          '--format-file <file>',
          'know the format of this YAML file (repeatable)',
        ).argParser((file: string, before: readonly string[] | undefined) => [
          ...(before ?? []),
          file,
        ]),
      );

  formats(root.command('compat'))
    .description(
      'say whether states of one device can be loaded into others, before anything moves',
    )
    .argument('<source>', what)
    .argument('<destinations...>', 'the same')
    .option('--both', 'answer the other direction, too; the exit code stays that of the first')
    .option('--early', 'stop reading the source as soon as the answer is certain')
    .option('--json', 'print one JSON document')
    .option('--csv', 'print one line for each pair of equal devices')
    .option('-q, --quiet', 'print nothing')
    .addHelpText('after', exits)
    .action(async (source: string, destinations: string[], flags: CompatFlags) => {
      const { runCompat } = await import('./compat.ts');
      process.exitCode = await runCompat(source, destinations, flags);
    });

  formats(root.command('describe'))
    .description('write down what compat compares of devices, as a descriptor file')
    .argument('<inputs...>', what)
    .option('--json', 'write JSON instead of YAML')
    .option('-o, --output <file>', 'write to this file instead of standard output')
    .option('--force', 'write over what is there')
    .action(async (inputs: string[], flags: DescribeFlags) => {
      const { runDescribe } = await import('./compat.ts');
      process.exitCode = await runDescribe(inputs, flags);
    });
};
