import type { Command, Option } from 'commander'
import { namedCommands } from '#cli/config/schema.ts'

/** A flag as a row says it, and the commands that have it in this form. */
type Row = { flag: string; meaning: string; commands: string[] }

/** docs/flags.md: every flag of the command line, with its commands and what it means. */
export const flagsPage = (program: Command): string => {
  const commands = namedCommands(program)
  const rows = [
    ...Map.groupBy(
      commands.flatMap(({ name, command }) => command.options.map((option) => ({ name, option }))),
      ({ option }) => `${flagOf(option)} ${option.description}`,
    ).values(),
  ].flatMap((uses): Row[] =>
    uses.slice(0, 1).map(({ option }) => ({
      flag: flagOf(option),
      meaning: option.description,
      commands: uses.map(({ name }) => name),
    })),
  )
  return [
    '# Flags',
    '',
    'Generated from the command line by `npm run docs`. `test` is the default command. Flags can also stand in a',
    '[config file](install.md#config-file).',
    '',
    '| flag | of the commands | meaning |',
    '|---|---|---|',
    ...rows
      .toSorted((a, b) => a.flag.localeCompare(b.flag))
      .map(({ flag, commands: names, meaning }) => `| \`${cell(flag)}\` | ${names.join(', ')} | ${cell(meaning)} |`),
    '',
  ].join('\n')
}

/** `--mtls=strict|off` where a flag takes one of a few values, otherwise as the help has it: `--suite=<patterns>`. */
const flagOf = ({ long, flags, argChoices, optional, required }: Option): string => {
  if (!optional && !required) return long ?? flags
  const value = argChoices?.join('|') ?? /[<[](.+)[>\]]/.exec(flags)?.[1]?.toUpperCase() ?? ''
  return optional ? `${long}[=${value}]` : `${long}=${value}`
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<')
