import { shellWord } from '#kube/shell-word.ts'
import { type CommandWords, type FlagWords, groupsOf, lastWord, type Values } from './words.ts'

/** A script that completes meshproof’s command line in zsh. `source <(meshproof completion zsh)` loads it. */
export const zshScript = (commands: readonly CommandWords[]): string => {
  const groups = groupsOf(commands)
  const single = commands.filter(({ name }) => !name.includes(' '))
  return [
    '#compdef meshproof',
    '# Completes the command line of meshproof in zsh. Load it with: source <(meshproof completion zsh)',
    ...groups.flatMap(([group]) =>
      dispatcher(
        `_meshproof_${group}`,
        commands.filter(({ name }) => name.startsWith(`${group} `)),
        [],
        [],
      ),
    ),
    ...dispatcher(
      '_meshproof',
      single,
      groups.map(([group]) => group),
      single.find(({ name }) => name === 'test')?.flags ?? [],
    ),
    'if [ "$funcstack[1]" = _meshproof ]; then _meshproof "$@"; else compdef _meshproof meshproof; fi',
    '',
  ].join('\n')
}

/** A function that completes the name of a command, then what that command takes. */
const dispatcher = (
  name: string,
  commands: readonly CommandWords[],
  groups: string[],
  flagsBefore: FlagWords[],
): string[] => [
  `${name}() {`,
  '  local curcontext=$curcontext state line',
  `  local -a commands=(${[
    ...commands.map((command) => shellWord(`${lastWord(command.name)}:${command.description}`)),
    ...groups.map((group) => shellWord(`${group}:commands of ${group}`)),
  ].join(' ')})`,
  // A flag in the place of the command is one of the default command.
  ...(flagsBefore.length > 0
    ? [`  if [[ $words[2] == -* ]]; then ${argumentsOf(flagsBefore, 'any')}; return; fi`]
    : []),
  `  _arguments -C '1: :->command' '*:: :->arguments'`,
  '  case $state in',
  `    command) _describe command commands ;;`,
  '    arguments)',
  '      case $line[1] in',
  ...commands.map((command) => `        ${lastWord(command.name)}) ${argumentsOf(command.flags, command.operands)} ;;`),
  ...groups.map((group) => `        ${group}) ${name}_${group} ;;`),
  '      esac ;;',
  '  esac',
  '}',
]

const argumentsOf = (flags: readonly FlagWords[], operands: Values): string =>
  [
    '_arguments',
    ...flags.map(argumentOf),
    ...(operands === 'any' ? [] : [shellWord(`*: :${action(operands, false)}`)]),
  ].join(' ')

const argumentOf = ({ name, description, values, isList }: FlagWords): string => {
  const words = description.replaceAll(/[[\]:\\]/g, (sign) => `\\${sign}`)
  return shellWord(values === undefined ? `${name}[${words}]` : `${name}=[${words}]: :${action(values, isList)}`)
}

/** What offers the values. Those of a list are joined by commas. */
const action = (values: Values, isList: boolean): string => {
  if (values === 'files') return '_files'
  if (values === 'any') return '( )'
  return isList ? `_values -s , value ${values.join(' ')}` : `(${values.join(' ')})`
}
