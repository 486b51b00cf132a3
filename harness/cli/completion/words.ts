import type { Command, Option } from 'commander'
import { catalogue } from '#run/catalogue.ts'
import { procedureNames } from '#topology/topology-schema.ts'

/** What a shell offers as a value: words, the files of a folder, or nothing of ours. */
export type Values = readonly string[] | 'files' | 'any'

/**
 * A flag as a shell completes it. `values` is undefined for a flag without a value. A list takes several values, joined
 * by commas.
 */
export type FlagWords = { name: string; description: string; values: Values | undefined; isList: boolean }

/** A command as a shell completes it: the words that name it, its flags, and what it takes besides them. */
export type CommandWords = { name: string; description: string; flags: FlagWords[]; operands: Values }

/** The words of the command line. `test` comes first, since it is the default command. */
export const commandWords = (program: Command): CommandWords[] => wordsBelow(program, '')

const wordsBelow = (parent: Command, prefix: string): CommandWords[] =>
  parent.commands.flatMap((command) => {
    const name = `${prefix}${command.name()}`
    if (command.commands.length > 0) return wordsBelow(command, `${name} `)
    const [operand] = command.registeredArguments
    return [
      {
        name,
        description: command.description(),
        flags: command.options.map((option) => ({
          name: option.long ?? '',
          description: option.description,
          values: option.required || option.optional ? valuesOf(option) : undefined,
          isList: option.argChoices === undefined,
        })),
        operands: operand?.argChoices ?? (operand ? 'files' : 'any'),
      },
    ]
  })

const valuesOf = ({ argChoices, long, flags }: Option): Values => {
  if (argChoices) return argChoices
  if (long === '--topology') return [...procedureNames, 'all']
  if (long === '--suite') return catalogue.map(({ id }) => id)
  return /<(file|folder|paths?|results)>/.test(flags) ? 'files' : 'any'
}

/** The name of a group of commands (`images`) with the last words of its commands. */
export const groupsOf = (commands: readonly CommandWords[]): [string, string[]][] => {
  const grouped = Map.groupBy(
    commands.filter(({ name }) => name.includes(' ')),
    ({ name }) => name.split(' ')[0] ?? '',
  )
  return [...grouped].map(([group, members]) => [group, members.map(({ name }) => lastWord(name))])
}

/** The last word of a name: `list` of `images list`. */
export const lastWord = (name: string): string => name.split(' ').at(-1) ?? name
