import { Option } from 'commander';
import { containerNames } from '../container/names.ts';

export const containerOption = (): Option =>
  new Option('--container <name>', 'read the input as this container').choices(containerNames);

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
