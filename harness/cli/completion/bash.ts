import { shellWord } from '#kube/shell-word.ts'
import { type CommandWords, groupsOf, type Values } from './words.ts'

/** A script that completes meshproof’s command line in bash. `source <(meshproof completion bash)` loads it. */
export const bashScript = (commands: readonly CommandWords[]): string => {
  const groups = groupsOf(commands)
  const first = [
    ...commands.map(({ name }) => name).filter((name) => !name.includes(' ')),
    ...groups.map(([name]) => name),
  ]
  return [
    '# Completes the command line of meshproof in bash. Load it with: source <(meshproof completion bash)',
    '_meshproof() {',
    `  local current=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD-1]} command='' word values=''`,
    '  # Bash takes “=” for a word of its own.',
    `  if [[ $current == = ]]; then current=''`,
    '  elif [[ $flag == = ]]; then flag=${COMP_WORDS[COMP_CWORD-2]}',
    '  fi',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case "$command $word" in',
    `      ${first.map((name) => shellWord(` ${name}`)).join('|')}) command=$word ;;`,
    ...groups.map(
      ([group, members]) =>
        `      ${members.map((name) => shellWord(`${group} ${name}`)).join('|')}) command="${group} $word" ;;`,
    ),
    '    esac',
    '  done',
    '  case "${command:-test} $flag" in',
    ...commands.flatMap(({ name, flags }) =>
      flags.flatMap((flag) =>
        flag.values === undefined
          ? []
          : [`    ${shellWord(`${name} ${flag.name}`)}) ${offering(flag.values)}; return ;;`],
      ),
    ),
    '  esac',
    '  case "$command" in',
    `    '') values=${shellWord(first.join(' '))} ;;`,
    ...groups.map(([group, members]) => `    ${shellWord(group)}) values=${shellWord(members.join(' '))} ;;`),
    ...commands.flatMap(({ name, operands }) => operandLines(name, operands)),
    '  esac',
    '  case "${command:-test}" in',
    ...commands.map(
      ({ name, flags }) =>
        `    ${shellWord(name)}) values+=${shellWord(` ${flags.map((flag) => flag.name).join(' ')}`)} ;;`,
    ),
    '  esac',
    '  COMPREPLY+=($(compgen -W "$values" -- "$current"))',
    '}',
    'complete -F _meshproof meshproof',
    '',
  ].join('\n')
}

const operandLines = (name: string, operands: Values): string[] =>
  operands === 'any'
    ? []
    : operands === 'files'
      ? [`    ${shellWord(name)}) COMPREPLY=($(compgen -f -- "$current")) ;;`]
      : [`    ${shellWord(name)}) values=${shellWord(operands.join(' '))} ;;`]

/** Offers values. In a list, the part before the last comma stays. */
const offering = (values: Values): string => {
  if (values === 'any') return ':'
  if (values === 'files') return 'COMPREPLY=($(compgen -f -- "$current"))'
  return (
    `local list=''; [[ $current == *,* ]] && list=\${current%,*},; ` +
    `COMPREPLY=($(compgen -P "$list" -W ${shellWord(values.join(' '))} -- "\${current##*,}"))`
  )
}
