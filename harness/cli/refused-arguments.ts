import type { Command, CommanderError } from 'commander'
import { MeshproofError, unknownValue } from '#errors.ts'

/**
 * Refuses empty values, as in `--run="$RUN"` of a script whose variable has none.
 * @throws MeshproofError MP-101 for the first flag or argument whose value is empty.
 */
export const refuseEmpty = (command: Command): void => {
  const flag = command.options.find((option) => command.getOptionValue(option.attributeName()) === '')
  const argument = command.registeredArguments.find((_, index) => [command.processedArgs[index]].flat().includes(''))
  if (!flag && !argument) return
  throw new MeshproofError('MP-101', {
    what: `${flag?.long ?? `<${argument?.name() ?? ''}>`} does not take that value`,
    why: 'it is empty',
    next: 'meshproof --help',
  })
}

/**
 * Refuses a flag that is given twice with different values: the last one would count, and the other be forgotten.
 * @throws MeshproofError MP-101.
 */
export const refuseTwice = (program: Command, argv: string[]): void => {
  const flags = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
  const { options } = commandIn(program, argv)
  for (const { long, required, parseArg, argChoices } of options) {
    // A flag with a reader of its own takes every value.
    if (!long || !required || (parseArg && !argChoices)) continue
    const given = flags.flatMap((word, index) => {
      if (word === long) return `${long}=${flags[index + 1] ?? ''}`
      return word.startsWith(`${long}=`) ? word : []
    })
    if (new Set(given).size > 1)
      throw new MeshproofError('MP-101', {
        what: `${long} is given more than once`,
        where: given.join(', '),
        next: 'Give it once. A flag that takes several values takes them joined by commas.',
      })
  }
}

/**
 * Refuses flags before `--`, which npm consumes. npm leaves a trace of them in the environment.
 * @throws MeshproofError MP-102 with the command line that was probably meant.
 */
export const refuseSwallowedFlags = (program: Command, argv: string[], environment: NodeJS.ProcessEnv): void => {
  const options = program.commands.find((command) => command.name() === 'test')?.options ?? []
  const rest = [...argv]
  const swallowed = options.flatMap(({ long, flags }) => {
    const value = environment[`npm_config_${(long ?? '').slice(2).replaceAll('-', '_')}`]
    // npm and Yarn also name their own registry there, by its URL. A mirror of images is no URL.
    if (value === undefined || (long === '--registry' && /^https?:/.test(value))) return []
    // For npm, `--topology gateway` is a flag without a value and a word that goes to the script.
    const word =
      value === 'true' && flags.includes('<') && rest[0] !== undefined && !rest[0].startsWith('-')
        ? rest.shift()
        : undefined
    return [word !== undefined ? `${long ?? ''}=${word}` : value === 'true' ? (long ?? '') : `${long ?? ''}=${value}`]
  })
  if (swallowed.length === 0) return
  throw new MeshproofError('MP-102', {
    what: 'npm took the flags for itself: they need a -- before them',
    next: `npm test -- ${[...swallowed, ...rest].join(' ')}`,
  })
}

/** The command that the words name, and the remaining words. */
const resolve = (program: Command, words: string[]): { command: Command; left: string[] } => {
  const next = program.commands.find((command) => command.name() === words[0])
  return next ? resolve(next, words.slice(1)) : { command: program, left: words }
}

/** The command that a command line names, by default the first one. */
const commandIn = (program: Command, argv: string[]): Command => {
  const { command } = resolve(
    program,
    argv.filter((word) => !word.startsWith('-')),
  )
  return command === program ? (program.commands[0] ?? program) : command
}

/** The words that name a command: `images build`. */
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()

/** Turns an error of the command line parser into one that names what was probably meant. */
export const explain = (error: CommanderError, argv: string[], program: Command): MeshproofError => {
  const { command } = resolve(
    program,
    argv.filter((word) => !word.startsWith('-')),
  )
  const named = commandIn(program, argv)
  const flag = /unknown option '(--?[^'=]+)/.exec(error.message)?.[1]
  if (flag) return unknownFlag(flag, named)
  const choice = /option '--(\S+) .*' argument '(.*)' is invalid\. Allowed choices are (.*)\./.exec(error.message)
  if (choice?.[1] !== undefined && choice[2] !== undefined)
    return unknownValue(`value for --${choice[1]}`, choice[2], (choice[3] ?? '').split(', '))
  const surplus = named.args[0] ?? command.args[0] ?? ''
  if (surplus === 'help' && command === program)
    return new MeshproofError('MP-101', { what: 'Unknown command “help”', next: 'meshproof --help' })
  if (
    error.code === 'commander.unknownCommand' ||
    (error.code === 'commander.excessArguments' && command === program)
  ) {
    return unknownValue(
      'command',
      surplus,
      command.commands.map((known) => known.name()),
    )
  }
  if (error.code === 'commander.excessArguments') {
    return new MeshproofError('MP-101', {
      what: `${nameOf(named)} takes no argument “${surplus}”`,
      next: `meshproof ${nameOf(named)} --help`,
    })
  }
  return new MeshproofError('MP-101', {
    what: error.message.replace(/^error: /, ''),
    next: `meshproof ${nameOf(named)} --help`,
  })
}

const unknownFlag = (flag: string, command: Command): MeshproofError => {
  const flags = command.options.map(({ long }) => long ?? '')
  if (flags.includes(flag))
    return new MeshproofError('MP-101', {
      what: `${flag} takes no value`,
      next: `Give ${flag} alone, or leave it out.`,
    })
  if (flags.length === 0)
    return new MeshproofError('MP-101', {
      what: `${nameOf(command)} takes no flag ${flag}: it has none`,
      next: `meshproof ${nameOf(command)} --help`,
    })
  return unknownValue('flag', flag, flags)
}
