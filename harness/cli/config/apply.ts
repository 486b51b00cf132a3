import type { Command, Option } from 'commander'
import { clusterFlags, labFlags } from '#run/refused-options.ts'
import { MeshproofError } from '#errors.ts'
import { flagOf } from '#run/options.ts'
import type { ConfigFile } from './load.ts'
import { configSchema, flagName, type FlagValue, namedCommands } from './schema.ts'

/** The source, in commander’s words, of a value that the config file gives. */
const fromFile = 'config'

/**
 * Gives the commands of a program the flags of a config file, as if they were typed. What the command line gives
 * counts before them.
 * @throws MeshproofError MP-181 with every problem of a file that is not valid.
 */
export const applyConfig = (program: Command, { path, content }: ConfigFile): void => {
  const result = configSchema(program).safeParse(content)
  if (!result.success)
    throw new MeshproofError('MP-181', {
      what: 'The config file is not valid',
      where: path,
      why: result.error.issues
        .map(({ path: place, message }) => (place.length === 0 ? message : `${place.join('.')} ${message}`))
        .join('; '),
      next: 'Correct it and run the same command again. The names are those of the flags: meshproof COMMAND --help',
    })
  for (const { name, command } of namedCommands(program)) {
    const section = result.data[name]
    const own = flagsFor(command, isRecord(section) ? section : {}, true)
    const top = flagsFor(command, result.data, false)
    for (const [attribute, value] of [...without(top, excludedBy(own, command)), ...own])
      command.setOptionValueWithSource(attribute, value, fromFile)
  }
}

/**
 * Settles the flags of labs against those of existing clusters, after the command line was read: what was typed
 * excludes what the config file gives. Returns the options that the file gives.
 * @throws MeshproofError MP-141 where the file itself gives both.
 */
export const settleConfig = (command: Command, path: string | undefined): ReadonlySet<string> => {
  const isGiven = (name: string, source: string): boolean =>
    command.getOptionValueSource(name) === source && command.getOptionValue(name) !== undefined
  const clear = (names: readonly string[]): void => {
    for (const name of names) if (isGiven(name, fromFile)) command.setOptionValueWithSource(name, undefined, fromFile)
  }
  if (choosesTarget(command)) {
    if (isGiven('contexts', 'cli')) clear(labFlags)
    else if (labFlags.some((name) => isGiven(name, 'cli'))) clear(['contexts'])
    if (command.getOptionValue('contexts') === undefined) clear(clusterFlags)
    const both = isGiven('contexts', fromFile) ? labFlags.filter((name) => isGiven(name, fromFile)) : []
    if (both.length > 0)
      throw new MeshproofError('MP-141', {
        what: 'The config file names existing clusters, and gives flags that are for labs',
        where: `${path ?? ''}: ${['contexts', ...both].map((name) => flagOf(name).slice(2)).join(', ')}`,
        next: 'Put the contexts into the section of the command that needs them: "diagnose": { "contexts": "A,B" }',
      })
  }
  return new Set(command.options.map((option) => option.attributeName()).filter((name) => isGiven(name, fromFile)))
}

/** Whether a command makes labs, or uses existing clusters with --contexts. */
const choosesTarget = ({ options }: Command): boolean =>
  ['contexts', 'topology'].every((name) => options.some((option) => option.attributeName() === name))

/** Options with their values. Undefined for a flag that the file sets to false. */
type Given = Map<string, string | true | string[] | undefined>

/** The flags among `values` that a command has. At the top of a file, a value may be for other commands. */
const flagsFor = (command: Command, values: Record<string, unknown>, isOwn: boolean): Given =>
  new Map(
    command.options.flatMap((option) => {
      const value = values[flagName(option)]
      if (!isFlagValue(value)) return []
      const isOther = !isOwn && option.argChoices !== undefined && !option.argChoices.includes(String(value))
      return isOther ? [] : [[option.attributeName(), asTyped(option, value, isOwn)] as const]
    }),
  )

/** A value as the command line gives it. A flag that may be repeated takes each text of its own section. */
const asTyped = (option: Option, value: FlagValue, isOwn: boolean): string | true | string[] | undefined => {
  if (typeof value === 'boolean') return value || undefined
  const texts = Array.isArray(value) ? value : [String(value)]
  if (option.parseArg && !option.argChoices) return isOwn ? texts : [texts.join(',')]
  return texts.join(',')
}

/** The flags at the top of a file that do not count, since the section of the command has flags that exclude them. */
const excludedBy = (own: Given, command: Command): readonly string[] =>
  !choosesTarget(command)
    ? []
    : own.get('contexts') !== undefined
      ? labFlags
      : labFlags.some((name) => own.get(name) !== undefined)
        ? ['contexts', ...clusterFlags]
        : []

const without = (flags: Given, names: readonly string[]): Given =>
  new Map([...flags].filter(([name]) => !names.includes(name)))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isFlagValue = (value: unknown): value is FlagValue => value !== undefined && !isRecord(value)
