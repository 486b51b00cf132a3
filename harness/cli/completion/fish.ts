import { type CommandWords, type FlagWords, groupsOf, lastWord } from './words.ts'

/** A script that completes meshproof’s command line in fish. `meshproof completion fish | source` loads it. */
export const fishScript = (commands: readonly CommandWords[]): string => {
  const groups = groupsOf(commands)
  const single = commands.filter(({ name }) => !name.includes(' '))
  return [
    '# Completes the command line of meshproof in fish. Load it with: meshproof completion fish | source',
    'function __meshproof_command',
    '  set -l command',
    '  for word in (commandline -opc)[2..]',
    '    switch "$command $word"',
    `      case ${[...single.map(({ name }) => name), ...groups.map(([group]) => group)]
      .map((name) => quoted(` ${name}`))
      .join(' ')}`,
    '        set command $word',
    ...groups.flatMap(([group, members]) => [
      `      case ${members.map((name) => quoted(`${group} ${name}`)).join(' ')}`,
      `        set command "${group} $word"`,
    ]),
    '    end',
    '  end',
    '  string match -q -- "$argv[1]" "$command"',
    'end',
    'complete -c meshproof -f',
    ...single.map(({ name, description }) => offer('', ['-a', name, '-d', quoted(description)])),
    ...groups.map(([group]) => offer('', ['-a', group, '-d', quoted(`commands of ${group}`)])),
    ...commands
      .filter(({ name }) => name.includes(' '))
      .map(({ name, description }) =>
        offer(name.split(' ')[0] ?? '', ['-a', lastWord(name), '-d', quoted(description)]),
      ),
    ...commands.flatMap(linesOf),
    '',
  ].join('\n')
}

const linesOf = ({ name, flags, operands }: CommandWords): string[] => [
  ...flags.flatMap((flag) =>
    (name === 'test' ? ['', name] : [name]).map((at) =>
      offer(at, ['-l', flag.name.slice(2), ...optionsFor(flag), '-d', quoted(flag.description)]),
    ),
  ),
  ...(operands === 'any' ? [] : [offer(name, operands === 'files' ? ['-F'] : ['-a', quoted(operands.join(' '))])]),
]

const optionsFor = ({ values, isList }: FlagWords): string[] => {
  if (values === undefined) return []
  if (values === 'files') return ['-r', '-F']
  if (values === 'any') return ['-x']
  return ['-x', '-a', quoted(isList ? `(__fish_append , ${values.join(' ')})` : values.join(' '))]
}

const offer = (command: string, words: string[]): string =>
  `complete -c meshproof -n ${quoted(`__meshproof_command "${command}"`)} ${words.join(' ')}`

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", `\\'`)}'`
