import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { severities } from '../finding/finding.ts';
import { compatCommands } from './compat-program.ts';
import { fuzzCommands, several } from './fuzz-program.ts';
import type { ConformFlags } from './conform.ts';
import {
  channelOption,
  colorOption,
  containerOption,
  formatFileOption,
  formatOption,
} from './input-options.ts';
import type { InitHarnessFlags } from './init-harness.ts';
import type { InitFormatFlags } from './init.ts';
import type { Shell } from './manual.ts';
import { keepHeapSmall } from './memory.ts';
import type { ShowPolicyFlags } from './policy.ts';
import type { ReportFlags } from './report.ts';
import { stateCommands } from './states-program.ts';
import { trustCommands, trustOptions, type TrustFlags } from './trust-program.ts';
import { tool } from './version.ts';

const examples = `
Examples:
  vstate-check state.bin                      check one file
  vstate-check corpus/ --fail-on medium       check a directory, be strict
  cat state.bin | vstate-check -              check what flows through a pipe
  vstate-check vm.save --expect-like good.save
  vstate-check ch0.bin --channel ch1.bin --channel ch2.bin
  vstate-check inspect state.bin              see every field with its offset
  vstate-check rules show index-out-of-bounds

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong flags or
files, 3 an input could not be read, 70 a bug in vstate-check.`;

/** A list of commands has no room for what each of them takes; its own help says that. */
const nameAndAlias = (command: Command): string =>
  [command.name(), ...command.aliases()].join(', ');

/** The commands that walk whole inputs. */
const walking = new Set(['check', 'inspect', 'decode', 'encode', 'diff', 'extract', 'redact']);

/**
 * The command tree. Commands load what they do when they run, so that help and version are quick.
 */
export const program = (): Command => {
  const root = new Command(tool.name)
    .description('Checks VFIO device states and the migration streams that carry them.')
    .version(tool.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .configureHelp({ minWidthToWrap: 20, subcommandTerm: nameAndAlias })
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      // One line says one mistake; a suggestion would be a second one.
      outputError: (text, write) => {
        const line = text.trimEnd().replaceAll('\n', ' ');
        write(`${line.replace(/^error: /u, `${tool.name}: `)}\n`);
      },
    })
    .addHelpText('after', examples)
    .hook('preAction', async (_root, command) => {
      if (!walking.has(command.name())) return;
      // First: what these commands load lives long, and is loaded faster into a heap that may grow.
      await import('./check.ts');
      keepHeapSmall();
    });

  const check = root
    .command('check', { isDefault: true })
    .description('check inputs and report what is wrong with them (the default command)')
    .argument('[inputs...]', 'files, directories, or - for standard input')
    .option('--json', 'print one JSON document')
    .option(
      '--output <kind=file>',
      'write a report: text, json, sarif, junit, markdown, github, gitlab, html (repeatable)',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('--baseline <file>', 'findings of this baseline are known and do not count')
    .option('--write-baseline <file>', 'write the findings of this run as a baseline')
    .addOption(
      new Option(
        '--fail-on <severity>',
        'lowest severity that makes the exit code 1 (default: the policy’s, or high)',
      ).choices([...severities, 'never']),
    )
    .addOption(channelOption())
    .addOption(containerOption())
    .addOption(formatOption())
    .addOption(formatFileOption())
    .option('--policy <file>', 'the policy of the site (default: vstate-check.yaml, found upwards)')
    .option('--no-policy', 'look for no policy')
    .option('--expect <what>', 'the destination: key=value,…, a YAML file or a descriptor')
    .option('--expect-like <good>', 'the destination takes what this known good input holds')
    .option('--time-limit <seconds>', 'stop after this long, with a finding', positive)
    .option('--max-findings <count>', 'findings of one rule that are listed', positive, 64);
  trustOptions(check)
    .option('-q, --quiet', 'print only inputs with findings')
    .option('-v, --verbose', 'list findings of every severity')
    .addOption(colorOption())
    .action(async (inputs: string[], options: CheckFlags) => {
      const { runCheck } = await import('./check.ts');
      process.exitCode = await runCheck(inputs, options);
    });

  root
    .command('inspect')
    .description('print what inputs hold, field by field, with offsets')
    .argument('<inputs...>', 'files, or - for standard input')
    .option('--json', 'print one JSON document')
    .option('--field <path>', 'print only this field, e.g. port[0].head')
    .option('--device <name>', 'print only the state of this device')
    .addOption(channelOption())
    .addOption(containerOption())
    .addOption(formatOption())
    .addOption(formatFileOption())
    .option('--limit <count>', 'fields and items that are printed', positive, 10_000)
    .addOption(colorOption())
    .action(async (inputs: string[], options: InspectFlags) => {
      const { runInspect } = await import('./inspect.ts');
      process.exitCode = await runInspect(inputs, options);
    });

  stateCommands(root);
  fuzzCommands(root);

  trustCommands(root, (command) =>
    command.addOption(containerOption()).addOption(formatOption()).addOption(formatFileOption()),
  );

  compatCommands(root);

  const formats = root
    .command('formats')
    .description('list the device-state formats')
    .option('--json', 'print one JSON document')
    .addOption(formatFileOption())
    .action(async (options: ListFlags) => {
      const { listFormats } = await import('./catalogue.ts');
      await listFormats(options);
    });
  formats
    .command('show')
    .description('print the documentation page of a format')
    .argument('<id>')
    .option('--yaml', 'print it as a format file instead')
    .option('--ksy', 'print it for Kaitai Struct instead')
    .option('--hexpat', 'print it in the pattern language of ImHex instead')
    .addOption(formatFileOption())
    .action(async (id: string, options: ShowFormatFlags) => {
      const { showFormat } = await import('./catalogue.ts');
      await showFormat(id, options);
    });

  const rules = root
    .command('rules')
    .description('list the rules')
    .option('--json', 'print one JSON document')
    .addOption(formatFileOption())
    .action(async (options: ListFlags) => {
      const { listRules } = await import('./catalogue.ts');
      await listRules(options);
    });
  rules
    .command('show')
    .description('print the documentation page of a rule')
    .argument('<id>')
    .addOption(formatFileOption())
    .action(async (id: string, options: ShowFlags) => {
      const { showRule } = await import('./catalogue.ts');
      await showRule(id, options);
    });

  const policy = root.command('policy').description('the policy of the site');
  policy
    .command('check')
    .description('say whether a policy file is one, and what is wrong with it')
    .argument('<file>')
    .action(async (file: string) => {
      const { checkPolicy } = await import('./policy.ts');
      process.exitCode = await checkPolicy(file);
    });
  policy
    .command('show')
    .description('print the policy that an input falls under, and where each value comes from')
    .argument('[inputs...]', 'files or directories; the current directory where none is named')
    .option('--policy <file>', 'this policy')
    .option('--json', 'print one JSON document')
    .action(async (inputs: string[], options: ShowPolicyFlags) => {
      const { showPolicy } = await import('./policy.ts');
      process.exitCode = await showPolicy(inputs, options);
    });

  root
    .command('conform')
    .description('check a vfio-user server, or a device, against the migration states')
    .argument(
      '<target>',
      'vfio-user:SOCKET, vfio-user:cmd=PROGRAM with {} for the socket, or vfio:DEVICE',
    )
    .option('--json', 'print one JSON document')
    .option('-v, --verbose', 'list what passed, too')
    .option('--timeout <seconds>', 'how long an answer may take', positive, 5)
    .option('--env <name=value>', 'a variable of the server’s environment (repeatable)', several)
    .option('--allow-device', 'let vfio: use a device of this kernel, which may panic')
    .action(async (target: string, options: ConformFlags) => {
      const { runConform } = await import('./conform.ts');
      process.exitCode = await runConform(target, options);
    });

  const init = root.command('init').description('write a first draft of a file');
  init
    .command('harness')
    .description('write a harness in C for a format, to be filled in with a restore path')
    .argument('<format>', 'id of a format')
    .option('--out <file>', 'write it there instead of to standard output')
    .addOption(formatFileOption())
    .action(async (id: string, options: InitHarnessFlags) => {
      const { initHarness } = await import('./init-harness.ts');
      await initHarness(id, options);
    });
  init
    .command('format')
    .description('infer a format file from several saves of an unknown device')
    .argument('<saves...>', 'device states of one device, in the order in which they were saved')
    .option('--out <file>', 'write it there instead of to standard output')
    .option('--id <id>', 'what to call the format', 'draft')
    .action(async (saves: string[], options: InitFormatFlags) => {
      const { initFormat } = await import('./init.ts');
      initFormat(saves, options);
    });

  root
    .command('report')
    .description('merge checks, campaigns, comparisons and attestations into one audit')
    .argument('<parts...>', 'documents of --json, attestations, and folders of campaigns')
    .option(
      '--output <kind=file>',
      'html, markdown or json (repeatable; the first one replaces html on standard output)',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('--title <text>', 'what the audit is called', 'Audit of device states')
    .option('--serve <address>', 'show the folder of one campaign to browsers: 127.0.0.1:PORT')
    .option('--serve-token-file <file>', 'token that the page asks for')
    .action(async (parts: string[], options: Partial<ReportFlags> & { readonly title: string }) => {
      const { runReport } = await import('./report.ts');
      process.exitCode = await runReport(parts, { ...options, output: options.output ?? ['html'] });
    });
  root
    .command('completions')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./manual.ts');
      process.stdout.write(completionScript(shell));
    });
  root
    .command('man')
    .description('print the manual page, for man -l -')
    .action(async () => {
      const { manPage } = await import('./manual.ts');
      process.stdout.write(manPage());
    });

  for (const command of everyCommand(root)) command.exitOverride();
  return root;
};

export interface CheckFlags extends TrustFlags {
  readonly json?: boolean;
  readonly output?: readonly string[];
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly failOn?: string;
  readonly policy?: string | boolean;
  readonly channel?: readonly string[];
  readonly container?: string;
  readonly format?: string;
  readonly formatFile?: readonly string[];
  readonly expect?: string;
  readonly expectLike?: string;
  readonly timeLimit?: number;
  readonly maxFindings: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: string;
}

export interface InspectFlags {
  readonly json?: boolean;
  readonly field?: string;
  readonly device?: string;
  readonly channel?: readonly string[];
  readonly container?: string;
  readonly format?: string;
  readonly formatFile?: readonly string[];
  readonly limit: number;
  readonly color: string;
}

export interface ShowFlags {
  readonly formatFile?: readonly string[];
}

export interface ListFlags extends ShowFlags {
  readonly json?: boolean;
}

export interface ShowFormatFlags extends ShowFlags {
  readonly yaml?: boolean;
  readonly ksy?: boolean;
  readonly hexpat?: boolean;
}

const positive = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('a number above 0 is needed');
};

function* everyCommand(command: Command): Generator<Command> {
  yield command;
  for (const inner of command.commands) yield* everyCommand(inner);
}
