import { Argument, Command, CommanderError } from 'commander'
import { ownVersion } from '#run/environment.ts'
import { parsed } from '#run/refused-options.ts'
import { addClusterCommands } from './cluster-arguments.ts'
import { completionScript, type Shell, shells } from './completion/completion-script.ts'
import { applyConfig, settleConfig } from './config/apply.ts'
import type { ConfigFile } from './config/load.ts'
import { addImagesCommands } from './images-arguments.ts'
import type { CommandGroup, Invocation } from './invocation.ts'
import { addMatrixCommands } from './matrix-arguments.ts'
import { explain, refuseEmpty, refuseSwallowedFlags, refuseTwice } from './refused-arguments.ts'
import { addReportCommands } from './report-arguments.ts'
import { addRunCommands } from './run-arguments.ts'
import { output } from './shared-flags.ts'

/** The program of the command line, the help that it printed, and the command that it has parsed. */
type CommandLine = { program: Command; help: () => string; invocation: () => Invocation | undefined }

/** The commands and flags, as the completions and the schema of config files read them. */
export const commandLineProgram = (): Command => commandLine().program

const commandLine = (configPath?: string): CommandLine => {
  let invocation: Invocation | undefined
  let help = ''
  // The options of the parsed command that the config file gives.
  let configured: ReadonlySet<string> = new Set()
  const program = new Command('meshproof')
    .description('Proves that a multi-cluster Istio mesh works: real clusters, real traffic, a verdict to trust.')
    .version(ownVersion, '--version', 'print the version of meshproof')
    .exitOverride()
    .configureOutput({
      writeErr: () => undefined,
      writeOut: (text) => {
        help += text
      },
    })
    .helpCommand(false)
    .allowExcessArguments(false)
    .hook('preAction', (_program, command) => {
      refuseEmpty(command)
      configured = settleConfig(command, configPath)
    })
  const commands: CommandGroup = {
    add: (name, description) =>
      program
        .command(name, name === 'test' ? { isDefault: true } : {})
        .description(description)
        .allowExcessArguments(false),
    parsed: (schema, options) => parsed(schema, options, (option) => (configured.has(option) ? configPath : undefined)),
    take: (typed) => {
      invocation = typed
    },
  }
  addRunCommands(commands)
  addMatrixCommands(commands)
  addClusterCommands(commands)
  addReportCommands(commands)
  addLookCommands(commands)
  const images = addImagesCommands(commands)
  addSetupCommands(commands, program)
  return { program, help: () => help || images.helpInformation(), invocation: () => invocation }
}

/** Adds the commands that say what there is. */
const addLookCommands = ({ add, take }: CommandGroup): void => {
  for (const [command, description] of [
    ['list', 'list checks and topologies, and which checks apply where'],
    ['doctor', 'examine whether this machine can run meshproof'],
  ] as const)
    add(command, description)
      .addOption(output)
      .action((options: { output?: 'text' | 'json' }) => {
        take({ command, options: { output: options.output ?? 'text' } })
      })
}

/** Adds the commands that prepare a project or a shell. */
const addSetupCommands = ({ add, take }: CommandGroup, program: Command): void => {
  add('init', 'write a config file for this project: meshproof.config.json')
    .option('--workflow', 'also write a workflow for GitHub Actions: .github/workflows/meshproof.yaml')
    .action(({ workflow }: { workflow?: boolean }) => {
      take({ command: 'init', options: { workflow: workflow === true } })
    })
  add('completion', 'print a script that completes commands and flags in a shell')
    .addArgument(new Argument('<shell>', 'the shell that reads the script').choices([...shells]))
    .action((shell: Shell) => {
      take({ command: 'completion', text: completionScript(shell, program) })
    })
}

/**
 * Reads a command line. The flags of a config file count where the command line does not give them. npm consumes flags
 * before `--` and leaves a trace in the environment; such flags are reported, not guessed.
 * @throws MeshproofError MP-101 for an unknown command, flag or value; MP-102 for `npm test --flag` without `--`;
 * MP-141 for flags that exclude each other; MP-162 for several versions where one is accepted; MP-181 for a flag in
 * the config file that the command does not have.
 */
export const readArguments = (argv: string[], environment: NodeJS.ProcessEnv, config?: ConfigFile): Invocation => {
  const { program, help, invocation } = commandLine(config?.path)
  if (config) applyConfig(program, config)
  refuseSwallowedFlags(program, argv, environment)
  try {
    refuseTwice(program, argv)
    program.parse(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (/^commander\.(help|helpDisplayed|version)$/.test(error.code)) return { command: 'help', text: help() }
    throw explain(error, argv, program)
  }
  return invocation() ?? { command: 'help', text: program.helpInformation() }
}
