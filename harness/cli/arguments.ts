import { Argument, Command, CommanderError, Option } from 'commander'
import type { z } from 'zod'
import { DiagnoseOptions } from '#commands/diagnose/options.ts'
import { DownOptions } from '#commands/down.ts'
import { JudgeOptions } from '#commands/judge/options.ts'
import type { ImagesInvocation } from '#commands/images/options.ts'
import type { HistoryOptions } from '#commands/history.ts'
import type { InitOptions } from '#commands/init.ts'
import type { MetricsOptions } from '#commands/metrics.ts'
import { requireOneVersion } from '#commands/matrix/combinations.ts'
import { CellOptions, MatrixOptions } from '#commands/matrix/options.ts'
import type { ReportOptions } from '#commands/report/report.ts'
import { UpgradeOptions } from '#commands/upgrade/options.ts'
import { strategies } from '#commands/upgrade/upgrade-phase.ts'
import type { VerifyReportOptions } from '#commands/verify-report.ts'
import { RunOptions, TestOptions } from '#run/options.ts'
import { defaultIstioNamespace } from '#topology/topology-file.ts'
import { completionScript, type Shell, shells } from './completion/completion-script.ts'
import { applyConfig, settleConfig } from './config/apply.ts'
import type { ConfigFile } from './config/load.ts'
import { addImagesCommands } from './images-arguments.ts'
import {
  explain,
  parsed as parsedOptions,
  refuseEmpty,
  refuseRepeat,
  refuseSwallowedFlags,
  refuseTogether,
  refuseTwice,
} from './refused-arguments.ts'
import { gateways, installer, output, pins, verbose, withVersions } from './shared-flags.ts'

/** A valid command line. */
export type Invocation =
  | { command: 'test'; options: TestOptions }
  | { command: 'up' | 'prove'; options: RunOptions }
  | { command: 'upgrade'; options: UpgradeOptions }
  | { command: 'judge'; options: JudgeOptions }
  | { command: 'diagnose'; options: DiagnoseOptions }
  | { command: 'down'; options: DownOptions }
  | { command: 'report'; options: ReportOptions }
  | { command: 'history'; options: HistoryOptions }
  | { command: 'verify-report'; options: VerifyReportOptions }
  | { command: 'metrics'; options: MetricsOptions }
  | { command: 'matrix'; options: MatrixOptions }
  | { command: 'cell'; options: CellOptions }
  | ImagesInvocation
  | { command: 'list' | 'doctor'; options: { output: 'text' | 'json' } }
  | { command: 'init'; options: InitOptions }
  | { command: 'completion'; text: string }
  | { command: 'help'; text: string }

const images = new Option('--images <source>', 'where images come from').choices(['auto', 'release', 'source'])
const registry = new Option('--registry <host/prefix>', 'take all published images and files from this mirror')
const mtls = new Option('--mtls <mode>', 'mutual TLS required or off (default: as each topology says)').choices([
  'strict',
  'off',
])
const istioNamespace = new Option(
  '--istio-namespace <name>',
  `Istio’s root namespace, the same in every cluster (default: what a topology names, else ${defaultIstioNamespace})`,
)
const contextFiles = new Option(
  '--kubeconfig <paths>',
  'files that hold the contexts, joined by “:” (default: KUBECONFIG, then ~/.kube/config)',
)
const istioctl = new Option(
  '--istioctl <path>',
  'the istioctl whose analyze is read for the diagnosis of existing clusters (default: the one on PATH, if any)',
)
const results = new Option(
  '--results <place>',
  'in a pod: also keep the results in a ConfigMap, configmap:NAMESPACE[/NAME]',
)

const echoImage = new Option(
  '--echo-image <name>',
  'the image of Istio’s echo that the checks of protocols ask (default: built from the source of the release)',
)

const charts = new Option('--charts <folder or repository>', 'with --installer=helm: install charts of your own')

/** Adds the flags of labs; `several` where they accept lists of versions. */
const withLabOptions = (command: Command, several?: boolean): Command =>
  withVersions(
    command
      .option('--topology <names>', 'topologies or topology files, comma-separated, or all (default: all)')
      .addOption(mtls)
      .addOption(istioNamespace)
      .addOption(images)
      .addOption(pins)
      .addOption(registry)
      .addOption(installer)
      .addOption(charts)
      .addOption(gateways),
    several,
  ).option(
    '--istio-source <folder>',
    'build istiod, the agent and istioctl from this checkout of Istio (implies --images=source)',
  )

const withRunOptions = (command: Command, several?: boolean): Command =>
  withLabOptions(command, several)
    .addOption(output)
    .addOption(verbose)
    .option('--plan', 'print what would run, and run nothing')

/** The program of the command line, the help that it printed, and the command that it has parsed. */
type CommandLine = { program: Command; help: () => string; invocation: () => Invocation | undefined }

/** The commands and flags, as the completions and the schema of config files read them. */
export const commandLineProgram = (): Command => commandLine().program

const commandLine = (configPath?: string): CommandLine => {
  let invocation: Invocation | undefined
  let help = ''
  // The options of the parsed command that the config file gives.
  let configured: ReadonlySet<string> = new Set()
  const parsed = <T>(schema: z.ZodType<T>, options: unknown): T =>
    parsedOptions(schema, options, (option) => (configured.has(option) ? configPath : undefined))
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
    .hook('preAction', (_program, command) => {
      refuseEmpty(command)
      configured = settleConfig(command, configPath)
    })
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

  withRunOptions(
    add('test', 'create a lab, install a mesh, check it, write reports, delete the lab (the default command)'),
    true,
  )
    .option('--suite <patterns>', 'check ids, comma-separated, * for anything, ! to exclude')
    .addOption(echoImage)
    .option('--report-dir <folder>', 'where the reports go (default: reports/<run id>)')
    .addOption(results)
    .option('--timeout <seconds>', 'for one check (default: 180)')
    .option('--keep', 'keep the lab and print how to use it')
    .option('--reuse [run]', 'run the checks again on a kept lab (default: the newest)')
    .option('--fail-fast', 'stop at the first failed check')
    .option('--repeat <number>', 'run the checks this often, and say how steady each of them is (default: 1)')
    .option('--fresh', 'with --repeat: each time on a lab of its own')
    .option('--attest <file>', 'sign the report with this private key, in PEM: verify-report checks the signature')
    .option('--artifacts <folder>', 'also write the files that Prow and TestGrid read: started.json, finished.json')
    .option(
      '--contexts <names>',
      'instead of a lab, the existing clusters of one mesh: their contexts, comma-separated',
    )
    .addOption(contextFiles)
    .addOption(istioctl)
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      refuseRepeat(options)
      for (const flag of ['keep', 'reuse', 'results', 'attest', 'artifacts'])
        if (options[flag]) requireOneVersion(`--${flag}`, options)
      invocation = { command: 'test', options: parsed(TestOptions, options) }
    })
  withRunOptions(add('up', 'create a lab without checking it; it stays until down'))
    .addOption(echoImage)
    .action(run('up'))
  withRunOptions(add('prove', 'break labs in every known way, and show that the checks notice'))
    .option(
      '--suite <patterns>',
      'only the faults of these checks: check ids, comma-separated, * for anything, ! to exclude',
    )
    .addOption(echoImage)
    .option('--report-dir <folder>', 'where the proof goes (default: reports/<run id>)')
    .option('--timeout <seconds>', 'for one check (default: 180)')
    .action(run('prove'))
  add('upgrade', 'upgrade a mesh under live traffic, phase by phase, and prove that it works the whole time')
    .requiredOption('--topology <name>', 'one topology or topology file')
    .requiredOption('--from <version>', 'the Istio version before the upgrade')
    .requiredOption('--to <version>', 'the Istio version after the upgrade')
    .addOption(
      new Option(
        '--strategy <how>',
        'replace the control plane in place, or add a second one by revision (default: in-place)',
      ).choices([...strategies]),
    )
    .addOption(mtls)
    .addOption(istioNamespace)
    .option('--rotate-ca', 'also rotate the certificate authority, in three steps (P10)')
    .option('--rollback', 'also return to the old release (P11)')
    .option(
      '--max-loss <share>',
      'the share of requests without retries that may be lost while workloads or gateways are replaced (default: 0.1%)',
    )
    .option('--max-gap <time>', 'the longest time without an answer while they are replaced (default: 1s)')
    .option('--max-p99-ratio <ratio>', 'warn when p99 is more than this times the baseline (default: 1.5)')
    .option('--compare <results>', 'also show what got worse since an earlier upgrade: the path of its results.json')
    .option('--fault <name>', 'make a known mistake, and show that the verdict notices')
    .addOption(images)
    .addOption(pins)
    .addOption(registry)
    .addOption(installer)
    .addOption(gateways)
    .addOption(output)
    .addOption(verbose)
    .option('--report-dir <folder>', 'where the reports go (default: reports/<run id>)')
    .option('--timeout <seconds>', 'for one check (default: 180)')
    .option('--keep', 'keep the lab and print how to use it')
    .option('--plan', 'print what would run, and run nothing')
    .action((options: Record<string, unknown>) => {
      requireOneVersion('meshproof upgrade', options)
      invocation = { command: 'upgrade', options: parsed(UpgradeOptions, options) }
    })
  withRunOptions(add('judge', 'run tests that other projects wrote in a lab, or on existing clusters'))
    .option('--with <judges>', 'the judges: gateway-api, istio, or parts of it (default: those that end soon)')
    .option('--echo-image <name>', 'the image of Istio’s echo for the clusters (default: that of the release)')
    .option('--report-dir <folder>', 'where the reports go (default: reports/<run id>)')
    .option('--timeout <seconds>', 'for one judge in one cluster (default: 900)')
    .option('--keep', 'keep the lab and print how to use it')
    .option('--reuse [run]', 'judge a kept lab (default: the newest)')
    .option(
      '--contexts <names>',
      'instead of a lab, the existing clusters of one mesh: their contexts, comma-separated',
    )
    .addOption(contextFiles)
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      requireOneVersion('meshproof judge', options)
      invocation = { command: 'judge', options: parsed(JudgeOptions, options) }
    })
  const matrix = withLabOptions(
    add('matrix', 'print the cells of a matrix, for a CI system or a cluster; each cell is a separate test'),
    true,
  )
  matrix
    .option(
      '--suite <patterns>',
      'check ids, comma-separated; each --suite makes separate cells',
      // The first one that is typed replaces those of the config file.
      (patterns, before: string[] | undefined) =>
        matrix.getOptionValueSource('suite') === 'cli' ? [...(before ?? []), patterns] : [patterns],
    )
    .option('--timeout <seconds>', 'for one check (default: 180)')
    .option('--fail-fast', 'stop a cell at its first failed check')
    .option(
      '--contexts <names>',
      'instead of a lab, the existing clusters of one mesh: their contexts, comma-separated',
    )
    .addOption(contextFiles)
    .addOption(results)
    .addOption(
      new Option(
        '--emit <form>',
        'the form of the output (default: cells, the document that cell and report read)',
      ).choices(['cells', 'github', 'gitlab', 'kubernetes']),
    )
    .option('--queue <name>', 'the Kueue queue that admits the Job')
    .option('--image <name>', 'the image of the Job’s pods (default: the image of meshproof)')
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      invocation = { command: 'matrix', options: parsed(MatrixOptions, options) }
    })
  add('cell', 'run one cell of a matrix')
    .requiredOption('--cells <file>', 'the cells document that matrix prints')
    .option('--index <number>', 'which cell, counted from 0 (default: JOB_COMPLETION_INDEX, which an Indexed Job sets)')
    .option('--report-dir <folder>', 'where the report goes, in a folder with the name of the cell (default: reports)')
    .action((options: unknown) => {
      invocation = { command: 'cell', options: parsed(CellOptions, options) }
    })
  add('diagnose', 'name the broken layer of an existing mesh; only reads, unless --probe is given')
    .requiredOption('--contexts <names>', 'the context of every cluster of the mesh, comma-separated')
    .addOption(contextFiles)
    .addOption(istioctl)
    .addOption(istioNamespace)
    .option('--probe', 'also send requests, from a labelled namespace that is deleted afterwards')
    .addOption(results)
    .addOption(
      new Option('--output <form>', 'text for people, json for programs, html for a page: on standard output').choices([
        'text',
        'json',
        'html',
      ]),
    )
    .addOption(verbose)
    .action((options: unknown) => {
      invocation = { command: 'diagnose', options: parsed(DiagnoseOptions, options) }
    })
  add('down', 'delete kept labs, and what killed runs left behind')
    .option('--all', 'also delete the labs of runs in progress')
    .option('--run <id>', 'delete only this run')
    .option('--contexts <names>', 'delete what runs left behind in these existing clusters')
    .addOption(contextFiles)
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      invocation = { command: 'down', options: parsed(DownOptions, options) }
    })
  add('report', 'write the reports of a run again; for several runs also one page that compares them')
    .argument('<folders...>', 'report folders with a results.json, or folders that contain report folders')
    .option('--report-dir <folder>', 'where matrix.html goes (default: reports)')
    .option(
      '--cells <file>',
      'the cells of the matrix that these reports belong to; a cell without a report counts as not run',
    )
    .option('--open', 'open the page')
    .option('--watch', 'write the reports again whenever a run has written results, until Ctrl-C')
    .action((folders: string[], { reportDir, cells, open, watch }: Partial<Omit<ReportOptions, 'folders'>>) => {
      invocation = { command: 'report', options: { folders, reportDir, cells, open, watch } }
    })
  add('history', 'show many runs over time: which checks flake, and what became slower')
    .argument('<folders...>', 'report folders, or folders that contain them at any depth')
    .option('--report-dir <folder>', 'where history.html goes (default: reports)')
    .addOption(output)
    .action((folders: string[], { reportDir, output: form }: { reportDir?: string; output?: 'text' | 'json' }) => {
      invocation = { command: 'history', options: { folders, reportDir, output: form ?? 'text' } }
    })
  add('verify-report', 'check the signature of a report, and that its files are the ones that were signed')
    .argument('<folder>', 'the report folder of a run with --attest')
    .requiredOption('--key <file>', 'the public key of the signer, in PEM')
    .action((folder: string, { key }: { key: string }) => {
      invocation = { command: 'verify-report', options: { folder, key } }
    })
  add('metrics', 'serve the metrics.prom of folders to Prometheus, at port 9464')
    .argument('<folders...>', 'report folders, or folders where ConfigMaps of results are mounted')
    .action((folders: string[]) => {
      invocation = { command: 'metrics', options: { folders } }
    })
  for (const [name, description] of [
    ['list', 'list checks and topologies, and which checks apply where'],
    ['doctor', 'examine whether this machine can run meshproof'],
  ] as const) {
    add(name, description)
      .addOption(output)
      .action((options: { output?: 'text' | 'json' }) => {
        invocation = { command: name, options: { output: options.output ?? 'text' } }
      })
  }
  const group = add('images', 'the images of a lab').exitOverride().helpCommand(false)
  addImagesCommands(group, parsed, (imagesInvocation) => {
    invocation = imagesInvocation
  })

  add('init', 'write a config file for this project: meshproof.config.json')
    .option('--workflow', 'also write a workflow for GitHub Actions: .github/workflows/meshproof.yaml')
    .action(({ workflow }: { workflow?: boolean }) => {
      invocation = { command: 'init', options: { workflow: workflow === true } }
    })
  add('completion', 'print a script that completes commands and flags in a shell')
    .addArgument(new Argument('<shell>', 'the shell that reads the script').choices([...shells]))
    .action((shell: Shell) => {
      invocation = { command: 'completion', text: completionScript(shell, program) }
    })
  return { program, help: () => help || group.helpInformation(), invocation: () => invocation }
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
