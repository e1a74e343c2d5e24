import { Option } from 'commander';

const containers = [
  'device-state',
  'qemu',
  'libvirt-save',
  'multifd-channel',
  'return-path',
  'session',
  'vfio-user',
  'cloud-hypervisor',
  'sealed',
] as const;

export const containerOption = (): Option =>
  new Option('--container <name>', 'read the input as this container').choices(containers);

export const formatOption = (): Option =>
  new Option('--format <id>', 'read device states as this format (see: vstate-check formats)');

export const formatFileOption = (): Option =>
  new Option(
    '--format-file <file>',
    'know the format that this YAML file describes (repeatable)',
  ).argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file]);

export const channelOption = (): Option =>
  new Option(
    '--channel <file>',
    'a side channel of the migration whose main channel is the input (repeatable)',
  ).argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file]);

export const colorOption = (): Option =>
  new Option('--color <when>', 'colour the output')
    .choices(['auto', 'always', 'never'])
    .default('auto');
