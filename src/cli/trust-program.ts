import { InvalidArgumentError, type Command } from 'commander';
import type { PolicyFlags } from './policy.ts';
import { severities } from '../finding/finding.ts';

/** What the destination believes of a sealed state, as every command takes it that reads one. */
export interface TrustFlags {
  readonly keyring?: string;
  readonly threshold?: number;
  readonly for?: string;
  readonly sequenceFile?: string;
  readonly now?: string;
}

export interface KeygenFlags {
  readonly out: string;
  readonly devices?: string;
  readonly expires?: string;
  readonly force?: boolean;
}

export interface SealFlags {
  readonly output?: string;
  readonly key: readonly string[];
  readonly for?: string;
  readonly sequence?: bigint;
  readonly expires: string;
  readonly threshold?: number;
  readonly frameSize: number;
  readonly now?: string;
  readonly force?: boolean;
}

export interface OpenFlags extends TrustFlags {
  readonly output?: string;
  readonly failOn: string;
  readonly force?: boolean;
}

export interface VerifyFlags extends TrustFlags {
  readonly json?: boolean;
  readonly failOn: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: string;
}

export interface GuardFlags extends TrustFlags, PolicyFlags {
  readonly listen?: string;
  readonly connect?: string;
  readonly container?: string;
  readonly format?: string;
  readonly formatFile?: readonly string[];
  readonly expect?: string;
  readonly expectLike?: string;
  readonly failOn?: string;
  readonly hold: number;
  readonly report?: string;
  readonly quiet?: boolean;
}

export interface AttestFlags extends TrustFlags {
  readonly key: readonly string[];
  readonly policy?: string;
  readonly container?: string;
  readonly format?: string;
  readonly formatFile?: readonly string[];
  readonly expect?: string;
  readonly expectLike?: string;
  readonly failOn?: string;
  readonly output?: string;
  readonly force?: boolean;
}

export interface VerifyAttestationFlags {
  readonly keyring?: string;
  readonly threshold?: number;
  readonly now?: string;
}

/** Options of every command that reads a sealed state. */
export const trustOptions = (command: Command): Command =>
  command
    .option('--keyring <path>', 'whose seals are believed: a folder of public keys, or one')
    .option('--threshold <count>', 'signers that are needed, where the seal asks for fewer', count)
    .option('--for <what>', 'what a seal must be for: device=…,vm=…,driver=…,type=…')
    .option('--sequence-file <file>', 'refuse seals older than those that were opened before')
    .option('--now <time>', 'the time to judge by, instead of the clock');

/** The commands about where a state comes from, and the one that stands in its way. */
export const trustCommands = (root: Command, examining: (command: Command) => Command): void => {
  root
    .command('keygen')
    .description('make a pair of Ed25519 keys for seals and attestations')
    .argument('<name>', 'whose keys they are; the files are NAME.key and NAME.pub')
    .option('--out <directory>', 'where to', '.')
    .option('--devices <names>', 'devices that the key may seal for: name,prefix*,…')
    .option('--expires <when>', 'end of the key: 365d, or a time')
    .option('--force', 'write over files that are there')
    .action(async (name: string, flags: KeygenFlags) => {
      const { runKeygen } = await import('./trust-commands.ts');
      process.exitCode = runKeygen(name, flags);
    });

  root
    .command('seal')
    .description('sign a state in frames, so that open can tell who vouches for every byte')
    .argument('[input]', 'file, or - for standard input', '-')
    .requiredOption('--key <file>', 'a private key that signs (repeatable)', repeated)
    .option('-o, --output <file>', 'write to this file instead of standard output')
    .option('--for <what>', 'what it is for: device=…,vm=…,driver=…,type=…,host=…')
    .option('--sequence <number>', 'higher for each save of the device', wide)
    .option('--expires <when>', 'end of the seal: 12h, 7d, a time, or never', '24h')
    .option('--threshold <count>', 'signers that a reader must know', count)
    .option('--frame-size <bytes>', 'bytes of the state in one frame', count, 1 << 20)
    .option('--now <time>', 'the time that the seal carries, instead of the clock')
    .option('--force', 'write over what is there')
    .action(async (input: string, flags: SealFlags) => {
      const { runSeal } = await import('./trust-commands.ts');
      process.exitCode = await runSeal(input, flags);
    });

  const failing = (command: Command): Command =>
    command.option('--fail-on <severity>', 'lowest severity that refuses', severity, 'high');

  failing(trustOptions(root.command('open')))
    .description('give the state in a seal, each frame when it has been verified')
    .argument('[input]', 'file, or - for standard input', '-')
    .option('-o, --output <file>', 'write to this file instead of standard output')
    .option('--force', 'write over what is there')
    .action(async (input: string, flags: OpenFlags) => {
      const { runOpen } = await import('./trust-commands.ts');
      process.exitCode = await runOpen(input, flags);
    });

  trustOptions(examining(root.command('guard')))
    .description('let standard input through as far as it is sound, and stop where it is not')
    .option('--listen <socket>', 'take one connection on this UNIX socket instead')
    .option('--connect <socket>', 'and relay it to this one')
    .option('--expect <what>', 'the destination: key=value,…, a YAML file or a descriptor')
    .option('--expect-like <good>', 'the destination takes what this known good input holds')
    .option('--policy <file>', 'the policy of the site (default: vstate-check.yaml, found upwards)')
    .option('--no-policy', 'look for no policy')
    .option(
      '--fail-on <severity>',
      'lowest severity that stops it (default: the policy’s, or high)',
      severity,
    )
    .option('--hold <bytes>', 'bytes that may wait for their judgement', count, 64 << 20)
    .option('--report <file>', 'write what was found to this file, as JSON')
    .option('-q, --quiet', 'print no findings')
    .action(async (flags: GuardFlags) => {
      const { runGuard } = await import('./guard.ts');
      process.exitCode = await runGuard(flags);
    });

  trustOptions(examining(root.command('attest')))
    .description('check an input, and sign what came of it: in-toto in DSSE')
    .argument('<input>', 'file, or - for standard input')
    .requiredOption('--key <file>', 'a private key that signs (repeatable)', repeated)
    .option('-o, --output <file>', 'write to this file instead of standard output')
    .option('--policy <file>', 'the policy of the site, whose digest is attested')
    .option('--expect <what>', 'the destination: key=value,…, a YAML file or a descriptor')
    .option('--expect-like <good>', 'the destination takes what this known good input holds')
    .option('--fail-on <severity>', 'lowest severity that refuses', severity)
    .option('--force', 'write over what is there')
    .action(async (input: string, flags: AttestFlags) => {
      const { runAttest } = await import('./attest.ts');
      process.exitCode = await runAttest(input, flags);
    });

  root
    .command('verify-attestation')
    .description('say whether an attestation is signed, about this input, and good')
    .argument('<attestation>', 'what attest wrote')
    .argument('[input]', 'the input that it is to be about')
    .option('--keyring <path>', 'whose attestations are believed: a folder of keys, or one')
    .option('--threshold <count>', 'signers that are needed', count)
    .option('--now <time>', 'the time to judge by, instead of the clock')
    .action(async (path: string, input: string | undefined, flags: VerifyAttestationFlags) => {
      const { runVerifyAttestation } = await import('./attest.ts');
      process.exitCode = await runVerifyAttestation(path, input, flags);
    });

  failing(trustOptions(root.command('verify')))
    .description('say whether sealed states are what their signers sealed')
    .argument('<inputs...>', 'files, or - for standard input')
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'print only inputs with findings')
    .option('-v, --verbose', 'list findings of every severity')
    .option('--color <when>', 'colour the output: auto, always or never', 'auto')
    .action(async (inputs: string[], flags: VerifyFlags) => {
      const { runVerify } = await import('./trust-commands.ts');
      process.exitCode = await runVerify(inputs, flags);
    });
};

const repeated = (file: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  file,
];

const severity = (text: string): string => {
  if (severities.some((one) => one === text) || text === 'never') return text;
  throw new InvalidArgumentError(`one of ${severities.join(', ')}, never`);
};

const count = (text: string): number => {
  if (/^\d{1,9}$/u.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('a whole number above 0 is needed');
};

const wide = (text: string): bigint => {
  if (/^\d{1,20}$/u.test(text) && BigInt(text) < 1n << 64n) return BigInt(text);
  throw new InvalidArgumentError('a whole number below 2^64 is needed');
};
