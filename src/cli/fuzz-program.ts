import { Option, type Command } from 'commander';
import { InvalidArgumentError } from 'commander';

/** Flags that say how a target is run; every command that runs one has them. */
export interface TargetFlags {
  readonly timeout: number;
  readonly memory: number;
  readonly outputLimit: number;
  readonly env?: readonly string[];
  readonly allowDevice?: boolean;
}

export interface FuzzFlags extends TargetFlags {
  readonly target?: string;
  readonly against?: string;
  readonly format?: string;
  readonly formatFile?: readonly string[];
  readonly seeds?: readonly string[];
  readonly dictionary?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly time?: number;
  readonly executions?: number;
  readonly mode: string;
  readonly stopOnFirst?: boolean;
  readonly workers: number;
  readonly seed?: number;
  readonly noise?: readonly string[];
  readonly demo?: boolean;
  readonly serve?: string;
  readonly serveTokenFile?: string;
  readonly json?: boolean;
  readonly color: string;
}

export interface ReplayFlags extends TargetFlags {
  readonly target?: string;
  readonly original?: boolean;
  readonly runs: number;
  readonly json?: boolean;
}

export interface MinimiseFlags extends TargetFlags {
  readonly target?: string;
  readonly json?: boolean;
}

export interface BisectFlags extends TargetFlags {
  readonly runs: number;
  readonly json?: boolean;
}

export interface CorpusExportFlags {
  readonly to: string;
  readonly for: string;
  readonly generated?: boolean;
}

export const several = (
  value: string,
  before: readonly string[] | undefined,
): readonly string[] => [...(before ?? []), value];

const count = (text: string): number => {
  const value = Number(text.replaceAll('_', ''));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('a whole number above 0 is needed');
};

const natural = (text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new InvalidArgumentError('a whole number below 2^32 is needed');
};

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };

/** `60`, `60s`, `10m`, `1h`, as seconds. */
const duration = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|min|m|h)?$/u.exec(text);
  const seconds = Number(match?.[1]) * (units[match?.[2] ?? 's'] ?? NaN);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError('a time is needed, such as 60s, 10m or 1h');
};

const targetFlags = (command: Command): Command =>
  command
    .option('--timeout <ms>', 'time of one execution', count, 1000)
    .option('--memory <MiB>', 'memory that the target may take', count, 2048)
    .option('--output-limit <KiB>', 'output of one execution', count, 1024)
    .option('--env <name=value>', 'a variable of the target’s environment (repeatable)', several)
    .option('--allow-device', 'let vfio: attack a device of this kernel, which may panic');

const fuzzExamples = `
Targets: harness:PROGRAM, command:'PROGRAM @@', vfio-user:SOCKET,
qemu:'PROGRAM …', vfio:DEVICE, module:FILE (see docs/targets.md).

Examples:
  vstate-check fuzz --demo
  vstate-check fuzz --target harness:./restore --format mtty --time 60s
  vstate-check fuzz --out campaign --resume --time 1h
  vstate-check replay campaign/findings/restore-crashed-1a2b3c4d

Exit codes: 0 no finding, 1 findings, 2 wrong flags or files, 3 the
target is not available, 130 interrupted.`;

/** The commands that attack a restore path, and those that work with what was found. */
export const fuzzCommands = (root: Command): void => {
  targetFlags(
    root
      .command('fuzz')
      .description('attack a restore path with states that are almost right')
      .option('--target <spec>', 'the restore path: scheme:rest')
      .option('--against <spec>', 'a second one, which must agree with it')
      .option('--format <id>', 'format of the states (see: vstate-check formats)')
      .option('--format-file <file>', 'know the format of this YAML file (repeatable)', several)
      .option('--seeds <path>', 'files or folders with good states (repeatable)', several)
      .option('--dictionary <file>', 'words for the states, as AFL++ and libFuzzer write them')
      .option('--out <folder>', 'folder of the campaign; goes on where it stopped with --resume')
      .option('--resume', 'go on with the campaign that is in the folder')
      .option('--time <time>', 'stop after this long: 60s, 10m, 1h', duration)
      .option('--executions <count>', 'stop after so many executions', count)
      .addOption(
        new Option('--mode <mode>', 'pr: known findings first, stop when little new is to be seen')
          .choices(['batch', 'pr', 'prune'])
          .default('batch'),
      )
      .option('--stop-on-first', 'stop at the first finding')
      .option('--workers <count>', 'processes that run the target', count, 1)
      .option('--seed <number>', 'the same seed gives the same executions', natural)
      .option('--noise <field>', 'a field of saves that changes by itself (repeatable)', several)
      .option('--demo', 'attack the example driver that comes with vstate-check')
      .option('--serve <address>', 'show the campaign to browsers and Prometheus: 127.0.0.1:PORT')
      .option('--serve-token-file <file>', 'token that the dashboard asks for')
      .option('--json', 'print one JSON document at the end')
      .addOption(
        new Option('--color <when>', 'colour the output')
          .choices(['auto', 'always', 'never'])
          .default('auto'),
      ),
  )
    .addHelpText('after', fuzzExamples)
    .action(async (options: FuzzFlags) => {
      const { runFuzz } = await import('./fuzz-commands.ts');
      process.exitCode = await runFuzz(options);
    });

  root.command('fuzz-worker', { hidden: true }).action(async () => {
    const { runFuzzWorker } = await import('./fuzz-commands.ts');
    await runFuzzWorker();
  });

  root.command('fuzz-dashboard', { hidden: true }).action(async () => {
    const { runDashboard } = await import('./dashboard.ts');
    await runDashboard();
  });

  targetFlags(
    root
      .command('replay')
      .description('run a finding again, exactly; exits 1 when it shows itself')
      .argument('<finding>', 'folder of the finding')
      .option('--target <spec>', 'another target than the one of the campaign')
      .option('--original', 'run what was found instead of what was minimised')
      .option('--runs <count>', 'how often', count, 1)
      .option('--json', 'print one JSON document'),
  ).action(async (finding: string, options: ReplayFlags) => {
    const { runReplay } = await import('./fuzz-commands.ts');
    process.exitCode = await runReplay(finding, options);
  });

  targetFlags(
    root
      .command('minimise')
      .alias('minimize')
      .description('make a finding as small as it gets, and write it to its folder')
      .argument('<finding>', 'folder of the finding')
      .option('--target <spec>', 'another target than the one of the campaign')
      .option('--json', 'print one JSON document'),
  ).action(async (finding: string, options: MinimiseFlags) => {
    const { runMinimise } = await import('./fuzz-commands.ts');
    process.exitCode = await runMinimise(finding, options);
  });

  targetFlags(
    root
      .command('bisect')
      .description('find the first of several builds that shows a finding')
      .argument('<finding>', 'folder of the finding')
      .argument('<targets...>', 'targets, the oldest first')
      .option('--runs <count>', 'how often each is asked', count, 1)
      .option('--json', 'print one JSON document'),
  ).action(async (finding: string, targets: string[], options: BisectFlags) => {
    const { runBisect } = await import('./fuzz-commands.ts');
    process.exitCode = await runBisect(finding, targets, options);
  });

  const corpus = root.command('corpus').description('exchange states with other fuzzers');
  corpus
    .command('import')
    .description('add states of AFL++, libFuzzer or plain folders to a campaign')
    .argument('<campaign>', 'folder of the campaign')
    .argument('<folders...>', 'where the states are')
    .action(async (campaign: string, folders: string[]) => {
      const { runCorpusImport } = await import('./fuzz-commands.ts');
      process.exitCode = runCorpusImport(campaign, folders);
    });
  corpus
    .command('export')
    .description('write the states of a campaign for another fuzzer')
    .argument('<campaign>', 'folder of the campaign')
    .requiredOption('--to <folder>', 'where to')
    .addOption(
      new Option('--for <fuzzer>', 'how files are named')
        .choices(['afl', 'libfuzzer'])
        .default('afl'),
    )
    .option('--generated', 'what the campaign found, too')
    .action(async (campaign: string, options: CorpusExportFlags) => {
      const { runCorpusExport } = await import('./fuzz-commands.ts');
      process.exitCode = runCorpusExport(campaign, options);
    });
  corpus
    .command('dictionary')
    .description('print the words of a format as AFL++ and libFuzzer read them')
    .argument('<format>')
    .action(async (format: string) => {
      const { runCorpusDictionary } = await import('./fuzz-commands.ts');
      runCorpusDictionary(format);
    });
};
