import type { Command, Option } from 'commander'
import { z } from 'zod'
import type { DiagnoseOptions } from '#commands/diagnose/options.ts'
import type { DownOptions } from '#commands/down.ts'
import type { ImagesOptions } from '#commands/images/options.ts'
import type { JudgeOptions } from '#commands/judge/options.ts'
import type { CellOptions, MatrixOptions } from '#commands/matrix/options.ts'
import type { UpgradeOptions } from '#commands/upgrade/options.ts'
import { closest } from '#errors.ts'
import type { TestOptions } from '#run/options.ts'

/** `reportDir` as the flag writes it: `report-dir`. */
type Kebab<Name> = Name extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${First}${Kebab<Rest>}`
    : `-${Lowercase<First>}${Kebab<Rest>}`
  : Name

type OptionName =
  | keyof (TestOptions & UpgradeOptions & JudgeOptions & DiagnoseOptions & DownOptions & CellOptions)
  | keyof z.infer<typeof MatrixOptions>
  | 'harness'
  | 'open'
  | 'watch'
  | 'key'

/** The value of a flag. A flag without a value is true; a list is text joined by commas, or an array. */
export type FlagValue = string | number | boolean | string[]

/** Flags of the command line, without their dashes. */
export type Flags = { [Name in OptionName as Kebab<Name>]?: FlagValue }

type CommandName =
  | 'test'
  | 'up'
  | 'prove'
  | 'upgrade'
  | 'judge'
  | 'diagnose'
  | 'down'
  | 'report'
  | 'history'
  | 'verify-report'
  | 'matrix'
  | 'cell'
  | 'list'
  | 'doctor'
  | `images ${keyof typeof ImagesOptions}`

/**
 * A config file. Flags at the top count for every command that has them; those in the section of a command count for
 * that command, and before those at the top.
 */
export type Config = { $schema?: string } & Flags & { [Name in CommandName]?: Flags }

/** A command that does something, with the words that name it, such as `images list`. */
export type NamedCommand = { name: string; command: Command }

/** The commands of a program, without the groups of commands, and without those that have no flags. */
export const namedCommands = (program: Command, prefix = ''): NamedCommand[] =>
  program.commands.flatMap((command) => {
    const name = `${prefix}${command.name()}`
    return command.commands.length > 0 ? namedCommands(command, `${name} `) : [{ name, command }]
  })

/** The name of a flag in a config file: `report-dir`. */
export const flagName = ({ long }: Option): string => (long ?? '').slice(2)

/**
 * The schema of a config file, made from the commands and flags of the command line. Commands that write files for
 * this project once have no section.
 */
export const configSchema = (program: Command): z.ZodType<Record<string, unknown>> => {
  const commands = namedCommands(program).filter(({ command }) => command.options.length > 0 && !isSetup(command))
  const flags = Map.groupBy(
    commands.flatMap(({ command }) => command.options),
    flagName,
  )
  const atTheTop = [...flags].flatMap(([name, options]) =>
    // The first command that has a flag describes it.
    options.slice(0, 1).map((option) => [name, schemaOf(option, choicesOf(options))]),
  )
  const sections = commands.map(({ name, command }) => [
    name,
    strict(
      Object.fromEntries(command.options.map((option) => [flagName(option), schemaOf(option, option.argChoices)])),
      `flag of ${name}`,
    ).optional(),
  ])
  return strict(
    { $schema: z.string().optional(), ...Object.fromEntries(atTheTop), ...Object.fromEntries(sections) },
    'flag or command',
  )
}

const isSetup = (command: Command): boolean => ['init', 'completion'].includes(command.name())

const strict = (shape: Record<string, z.ZodType>, kind: string): z.ZodObject =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return 'must be an object of flags'
      return issue.keys
        .map((key) => {
          const nearest = closest(key, Object.keys(shape))
          return `“${key}” is no ${kind}${nearest === undefined ? '' : `; did you mean “${nearest}”?`}`
        })
        .join('; ')
    },
  })

/** The values that a flag takes in any of its commands. Undefined where a command takes any text. */
const choicesOf = (options: readonly Option[]): readonly string[] | undefined => {
  const choices = options.map(({ argChoices }) => argChoices)
  return choices.every((list) => list !== undefined) ? [...new Set(choices.flat())] : undefined
}

const schemaOf = (option: Option, choices: readonly string[] | undefined): z.ZodType => {
  const { required, optional, flags, description } = option
  const text = z.string().min(1, 'is empty')
  const [value, form] =
    choices !== undefined
      ? [z.enum(choices as [string, ...string[]]), `one of ${choices.join(', ')}`]
      : /<(seconds|number|ratio)>/.test(flags)
        ? [z.union([z.number(), text]), 'a number']
        : [z.union([text, z.array(text).min(1, 'names nothing')]), 'text, or a list of texts']
  const accepted = required ? value : optional ? z.union([z.boolean(), text]) : z.boolean()
  const words = required ? form : optional ? 'true, or text' : 'true or false'
  return withMessage(accepted, `must be ${words}`).optional().describe(description)
}

/** A schema with one message for every value that it refuses. */
const withMessage = (schema: z.ZodType, message: string): z.ZodType =>
  schema.clone({ ...schema.def, error: () => message })
