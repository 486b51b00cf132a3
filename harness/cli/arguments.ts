import { Command, CommanderError, Option } from 'commander'
import { DiagnoseOptions } from '#commands/diagnose/options.ts'
import { DownOptions } from '#commands/down.ts'
import type { ImagesInvocation } from '#commands/images/options.ts'
import { requireOneVersion } from '#commands/matrix/combinations.ts'
import { CellOptions, MatrixOptions } from '#commands/matrix/options.ts'
import { UpgradeOptions } from '#commands/upgrade/options.ts'
import { strategies } from '#commands/upgrade/upgrade-phase.ts'
import { RunOptions, TestOptions } from '#run/options.ts'
import { defaultIstioNamespace } from '#topology/topology-file.ts'
import { addImagesCommands } from './images-arguments.ts'
import { explain, parsed, refuseSwallowedFlags, refuseTogether } from './refused-arguments.ts'
import { output, pins, withVersions } from './shared-flags.ts'

/** A command line that was understood. */
export type Invocation =
  | { command: 'test'; options: TestOptions }
  | { command: 'up' | 'prove'; options: RunOptions }
  | { command: 'upgrade'; options: UpgradeOptions }
  | { command: 'diagnose'; options: DiagnoseOptions }
  | { command: 'down'; options: DownOptions }
  | { command: 'report'; options: { folders: string[]; reportDir: string | undefined; cells: string | undefined } }
  | { command: 'matrix'; options: MatrixOptions }
  | { command: 'cell'; options: CellOptions }
  | ImagesInvocation
  | { command: 'list' | 'doctor'; options: { output: 'text' | 'json' } }
  | { command: 'help'; text: string }

const images = new Option('--images <source>', 'where images come from').choices(['auto', 'release', 'source'])
const registry = new Option(
  '--registry <host/prefix>',
  'a mirror that published images and files come from, kind’s node among them',
)
const mtls = new Option('--mtls <mode>', 'mutual TLS required or off (default: what each topology names)').choices([
  'strict',
  'off',
])
const istioNamespace = new Option(
  '--istio-namespace <name>',
  `Istio’s root namespace, the same in every cluster (default: what a topology names, else ${defaultIstioNamespace})`,
)
const contextFiles = new Option(
  '--kubeconfig <paths>',
  'files to read contexts from, joined by “:” (default: KUBECONFIG, else the user’s own)',
)
const results = new Option(
  '--results <place>',
  'in a pod, keep the results as a ConfigMap, too: configmap:NAMESPACE[/NAME]',
)

/** `several` where a list of versions is taken. */
const withLabOptions = (command: Command, several?: boolean): Command =>
  withVersions(
    command
      .option(
        '--topology <names>',
        'topologies or files of your own, comma-separated, or all (default: every topology)',
      )
      .addOption(mtls)
      .addOption(istioNamespace)
      .addOption(images)
      .addOption(pins)
      .addOption(registry),
    several,
  ).option(
    '--istio-source <folder>',
    'build istiod, the agent and istioctl from this checkout of Istio (implies --images=source)',
  )

const withRunOptions = (command: Command, several?: boolean): Command =>
  withLabOptions(command, several).addOption(output).option('--plan', 'print what would run, and run nothing')

/**
 * Reads a command line. npm takes flags before `--` for itself and leaves a trace in the environment: that is told, not
 * guessed.
 * @throws MeshproofError MP-101 for an unknown command, flag or value; MP-102 for `npm test --flag` without `--`;
 * MP-141 for flags that do not go together; MP-162 for several versions where one is taken.
 */
export const readArguments = (argv: string[], environment: NodeJS.ProcessEnv): Invocation => {
  let invocation: Invocation | undefined
  let help = ''
  const program = new Command('meshproof')
    .description('Proves that a multi-cluster Istio mesh works: real clusters, real traffic, a verdict to trust.')
    .exitOverride()
    .configureOutput({
      writeErr: () => undefined,
      writeOut: (text) => {
        help += text
      },
    })
    .helpCommand(false)
    .allowExcessArguments(false)
  const add = (name: string, description: string): Command =>
    program
      .command(name, name === 'test' ? { isDefault: true } : {})
      .description(description)
      .allowExcessArguments(false)
  const run =
    (command: 'up' | 'prove') =>
    (options: Record<string, unknown>): void => {
      requireOneVersion(`meshproof ${command}`, options)
      invocation = { command, options: parsed(RunOptions, options) }
    }

  withRunOptions(add('test', 'create, install, verify, report, delete (the default command)'), true)
    .option('--suite <patterns>', 'check ids, comma-separated, * for anything, ! to exclude')
    .option('--report-dir <folder>', 'where the reports go (default: reports/<run id>)')
    .addOption(results)
    .option('--timeout <seconds>', 'for one check (default: 180)')
    .option('--keep', 'leave the lab and print how to use it')
    .option('--reuse [run]', 'run the checks on a kept lab again (default: the newest)')
    .option('--fail-fast', 'stop at the first failed check')
    .option('--contexts <names>', 'existing clusters of one mesh, comma-separated, instead of a lab')
    .addOption(contextFiles)
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      for (const flag of ['keep', 'reuse', 'results']) if (options[flag]) requireOneVersion(`--${flag}`, options)
      invocation = { command: 'test', options: parsed(TestOptions, options) }
    })
  withRunOptions(add('up', 'the lab alone; it stays until down')).action(run('up'))
  withRunOptions(add('prove', 'break running labs in every known way, and show that the checks notice'))
    .option('--suite <patterns>', 'the faults of these checks')
    .option('--report-dir <folder>', 'where the proof goes (default: reports/<run id>)')
    .option('--timeout <seconds>', 'for one check (default: 180)')
    .action(run('prove'))
  add('upgrade', 'replace the release of a mesh under live traffic, phase by phase, and prove that it went on working')
    .requiredOption('--topology <name>', 'one topology, or a file of your own')
    .requiredOption('--from <version>', 'the Istio version it begins with')
    .requiredOption('--to <version>', 'the Istio version it ends with')
    .addOption(
      new Option(
        '--strategy <how>',
        'the control plane replaced where it stands, or by a second one (default: in-place)',
      ).choices([...strategies]),
    )
    .addOption(mtls)
    .addOption(istioNamespace)
    .option('--rotate-ca', 'rotate the certificate authority as well, in three steps (P10)')
    .option('--rollback', 'go back to the old release as well (P11)')
    .option(
      '--max-loss <share>',
      'what may be lost without retries while workloads and gateways are replaced (default: 0.1%)',
    )
    .option('--max-gap <time>', 'the longest time without an answer there (default: 1s)')
    .option('--max-p99-ratio <ratio>', 'how slow answers may become beside the baseline, as a warning (default: 1.5)')
    .option('--compare <results>', 'what got worse than in an earlier upgrade, by its results.json')
    .option('--fault <name>', 'do it wrong in a known way, and show that the verdict notices')
    .addOption(images)
    .addOption(pins)
    .addOption(registry)
    .addOption(output)
    .option('--report-dir <folder>', 'where the reports go (default: reports/<run id>)')
    .option('--timeout <seconds>', 'for one check (default: 180)')
    .option('--keep', 'leave the lab and print how to use it')
    .option('--plan', 'print what would run, and run nothing')
    .action((options: Record<string, unknown>) => {
      requireOneVersion('meshproof upgrade', options)
      invocation = { command: 'upgrade', options: parsed(UpgradeOptions, options) }
    })
  withLabOptions(
    add('matrix', 'print the cells of a matrix, each a test of its own, for continuous integration or a cluster'),
    true,
  )
    .option(
      '--suite <patterns>',
      'check ids, comma-separated; given again, another cell',
      (patterns, before: string[] | undefined) => [...(before ?? []), patterns],
    )
    .option('--timeout <seconds>', 'for one check (default: 180)')
    .option('--fail-fast', 'stop a cell at its first failed check')
    .option('--contexts <names>', 'existing clusters of one mesh, comma-separated, instead of a lab')
    .addOption(contextFiles)
    .addOption(results)
    .addOption(
      new Option('--emit <form>', 'for whom (default: cells, the document that cell and report read)').choices([
        'cells',
        'github',
        'gitlab',
        'kubernetes',
      ]),
    )
    .option('--queue <name>', 'the Kueue queue that admits the Job')
    .option('--image <name>', 'the image of the Job’s pods (default: the harness’s own)')
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      invocation = { command: 'matrix', options: parsed(MatrixOptions, options) }
    })
  add('cell', 'perform one cell of a matrix')
    .requiredOption('--cells <file>', 'the cells, as matrix prints them')
    .option('--index <number>', 'which, from 0 (default: JOB_COMPLETION_INDEX, as an Indexed Job sets it)')
    .option('--report-dir <folder>', 'where the report goes, into a folder of the cell’s name (default: reports)')
    .action((options: unknown) => {
      invocation = { command: 'cell', options: parsed(CellOptions, options) }
    })
  add('diagnose', 'which layer of an existing mesh is broken; reads alone unless --probe is given')
    .requiredOption('--contexts <names>', 'the context of every cluster of the mesh, comma-separated')
    .addOption(contextFiles)
    .addOption(istioNamespace)
    .option('--probe', 'send requests too, from one labelled namespace that is deleted again')
    .addOption(output)
    .action((options: unknown) => {
      invocation = { command: 'diagnose', options: parsed(DiagnoseOptions, options) }
    })
  add('down', 'delete what is ours: kept labs and what a killed run left')
    .option('--all', 'labs of runs that are still going, too')
    .option('--run <id>', 'this run alone')
    .option('--contexts <names>', 'what runs left in these existing clusters')
    .addOption(contextFiles)
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      invocation = { command: 'down', options: parsed(DownOptions, options) }
    })
  add('report', 'render the reports of a run again; of several runs, one page beside each other')
    .argument('<folders...>', 'report folders, each with a results.json, or folders of them')
    .option('--report-dir <folder>', 'where matrix.html of several runs goes (default: reports)')
    .option(
      '--cells <file>',
      'the cells of the matrix that these are the reports of: what is missing counts as not run',
    )
    .action((folders: string[], { reportDir, cells }: { reportDir?: string; cells?: string }) => {
      invocation = { command: 'report', options: { folders, reportDir, cells } }
    })
  for (const [name, description] of [
    ['list', 'checks and topologies, and which apply where'],
    ['doctor', 'what this machine is fit for'],
  ] as const) {
    add(name, description)
      .addOption(output)
      .action((options: { output?: 'text' | 'json' }) => {
        invocation = { command: name, options: { output: options.output ?? 'text' } }
      })
  }
  const group = add('images', 'the images a lab is made of').exitOverride().helpCommand(false)
  addImagesCommands(group, parsed, (one) => {
    invocation = one
  })

  refuseSwallowedFlags(program, argv, environment)
  try {
    program.parse(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (/^commander\.(help|helpDisplayed|version)$/.test(error.code))
      return { command: 'help', text: help || group.helpInformation() }
    throw explain(error, argv, program)
  }
  return invocation ?? { command: 'help', text: program.helpInformation() }
}
