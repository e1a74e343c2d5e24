import type { Command, Option } from 'commander';
import { program } from './program.ts';
import { tool } from './version.ts';

/** A command with the words that lead to it: `formats show`. */
interface Entry {
  readonly path: string;
  readonly command: Command;
}

const entries = (command: Command, path = ''): readonly Entry[] => [
  { path, command },
  ...command.commands.flatMap((inner) =>
    entries(inner, path === '' ? inner.name() : `${path} ${inner.name()}`),
  ),
];

const defaultName = 'check';

/** What may follow the words of a command: the root takes what its default command takes. */
const optionsOf = ({ path, command }: Entry, all: readonly Entry[]): readonly Option[] => {
  if (path !== '') return command.options;
  const main = all.find((entry) => entry.path === defaultName);
  return [...command.options, ...(main?.command.options ?? [])];
};

const longs = (options: readonly Option[]): readonly string[] =>
  options.flatMap(({ long, short }) => [long, short].filter((name) => typeof name === 'string'));

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A completion script, made of the command tree: commands, options, and values that are named. */
export const completionScript = (shell: Shell): string => {
  const all = entries(program());
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](all);
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const bashScript = (all: readonly Entry[]): string => `# bash completion of ${tool.name}
_vstate_check() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path= word words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
${all
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      ${quoted(path)}) path=${quoted(path)} ;;`)
  .join('\n')}
    esac
  done
  case "$path:$prev" in
${all
  .flatMap((entry) =>
    optionsOf(entry, all).flatMap(({ long, argChoices }) =>
      argChoices === undefined || typeof long !== 'string'
        ? []
        : [
            `    ${quoted(`${entry.path}:${long}`)}) mapfile -t COMPREPLY < <(compgen -W ${quoted(argChoices.join(' '))} -- "$cur"); return ;;`,
          ],
    ),
  )
  .join('\n')}
  esac
  case "$path" in
${all
  .map((entry) => {
    const names = entry.command.commands.map((inner) => inner.name());
    return `    ${quoted(entry.path)}) words=${quoted([...names, ...longs(optionsOf(entry, all)), '--help'].join(' '))} ;;`;
  })
  .join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; [[ $cur == -* ]] || compgen -f -- "$cur")
}
complete -o filenames -F _vstate_check ${tool.name}
`;

const zshScript = (all: readonly Entry[]): string => `#compdef ${tool.name}
# zsh completion of ${tool.name}
_vstate_check() {
  local path= word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${path:+$path }$word" in
${all
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      ${quoted(path)}) path=${quoted(path)} ;;`)
  .join('\n')}
    esac
  done
  local -a names
  case "$path" in
${all
  .map((entry) => {
    const inner = entry.command.commands.map((one) =>
      quoted(`${one.name()}:${one.description().replaceAll(':', ' ')}`),
    );
    const options = optionsOf(entry, all).flatMap((option) =>
      longs([option]).map((name) => quoted(`${name}:${option.description.replaceAll(':', ' ')}`)),
    );
    return `    ${quoted(entry.path)}) names=(${[...inner, ...options].join(' ')}) ;;`;
  })
  .join('\n')}
  esac
  _describe ${tool.name} names
  _files
}
_vstate_check "$@"
`;

const fishScript = (all: readonly Entry[]): string => {
  const lines = [`# fish completion of ${tool.name}`];
  for (const { path, command } of all) {
    const words = path === '' ? [] : path.split(' ');
    const inner = command.commands.map((one) => one.name());
    const here =
      words.length === 0
        ? '__fish_use_subcommand'
        : words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    for (const one of command.commands) {
      const not =
        words.length === 0
          ? here
          : `${here}; and not __fish_seen_subcommand_from ${inner.join(' ')}`;
      lines.push(
        `complete -c ${tool.name} -n ${quoted(not)} -a ${one.name()} -d ${quoted(one.description())}`,
      );
    }
    for (const { long, short, description, argChoices, required, optional } of command.options) {
      const names = [
        typeof long === 'string' ? `-l ${long.slice(2)}` : '',
        typeof short === 'string' ? `-s ${short.slice(1)}` : '',
      ].filter((part) => part !== '');
      const takes = required || optional ? ' -r' : '';
      const choices = argChoices === undefined ? '' : ` -x -a ${quoted(argChoices.join(' '))}`;
      lines.push(
        `complete -c ${tool.name} -n ${quoted(here)} ${names.join(' ')}${takes}${choices} -d ${quoted(description)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
};

/** The manual page, in the macros of man(7), made of the command tree. */
export const manPage = (): string => {
  const all = entries(program());
  const lines = [
    `.TH ${tool.name.toUpperCase().replaceAll('-', '\\-')} 1 "" "${tool.name} ${tool.version}" "User Commands"`,
    '.SH NAME',
    `${roff(tool.name)} \\- ${roff(program().description())}`,
    '.SH SYNOPSIS',
    ...all
      .filter(({ path, command }) => path !== '' && command.commands.length === 0)
      .flatMap(({ path, command }) => [
        `.B ${roff(`${tool.name}${path === defaultName ? '' : ` ${path}`}`)}`,
        roff(command.usage()),
        '.br',
      ]),
    '.SH COMMANDS',
  ];
  for (const { path, command } of all) {
    if (path === '') continue;
    lines.push('.SS ' + roff(path), roff(command.description()));
    for (const { flags, description, argChoices, defaultValue } of command.options) {
      const choices = argChoices === undefined ? '' : ` One of ${argChoices.join(', ')}.`;
      const preset =
        typeof defaultValue === 'string' || typeof defaultValue === 'number'
          ? ` Default ${defaultValue}.`
          : '';
      lines.push('.TP', `.B ${roff(flags)}`, roff(`${description}.${choices}${preset}`));
    }
  }
  lines.push(
    '.SH EXIT STATUS',
    ...(
      [
        ['0', 'nothing at or above the threshold'],
        ['1', 'findings'],
        ['2', 'wrong flags or files'],
        ['3', 'the job could not be done'],
        ['70', 'a bug in vstate-check'],
        ['130', 'interrupted'],
      ] as const
    ).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, `${meaning}.`]),
    '.SH ENVIRONMENT',
    '.TP',
    '.B NO_COLOR, FORCE_COLOR',
    'whether text is coloured, where \\-\\-color does not say.',
  );
  return `${lines.join('\n')}\n`;
};

/** Text as roff takes it: no line begins a request, and hyphens can be copied. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gmu, '\\&$1')
    .replaceAll('’', "'")
    .replaceAll('…', '...')
    .replaceAll('×', 'x');
