import { Option } from 'commander'
import { JudgeOptions } from '#commands/judge/options.ts'
import { requireOneVersion } from '#commands/matrix/combinations.ts'
import { UpgradeOptions } from '#commands/upgrade/options.ts'
import { strategies } from '#commands/upgrade/upgrade-phase.ts'
import { RunOptions, TestOptions } from '#run/options.ts'
import type { CommandGroup } from './invocation.ts'
import { refuseRepeat, refuseTogether } from '#run/refused-options.ts'
import {
  checkTimeout,
  contextFiles,
  contexts,
  echoImage,
  gateways,
  images,
  installer,
  istioctl,
  istioNamespace,
  keep,
  mtls,
  output,
  pins,
  plan,
  registry,
  reportDir,
  results,
  verbose,
  withRunOptions,
} from './shared-flags.ts'

/** Adds the commands that make labs, or check existing clusters. */
export const addRunCommands = (group: CommandGroup): void => {
  addTest(group)
  addUp(group)
  addProve(group)
  addUpgrade(group)
  addJudge(group)
}

const addTest = ({ add, parsed, take }: CommandGroup): void => {
  withRunOptions(
    add('test', 'create a lab, install a mesh, check it, write reports, delete the lab (the default command)'),
    'several',
  )
    .option('--suite <patterns>', 'check ids, comma-separated, * for anything, ! to exclude')
    .addOption(echoImage)
    .addOption(reportDir)
    .addOption(results)
    .addOption(checkTimeout)
    .addOption(keep)
    .option('--reuse [run]', 'run the checks again on a kept lab (default: the newest)')
    .option('--fail-fast', 'stop at the first failed check')
    .option('--repeat <number>', 'run the checks this often, and say how steady each of them is (default: 1)')
    .option('--fresh', 'with --repeat: each time on a lab of its own')
    .option('--attest <file>', 'sign the report with this private key, in PEM: verify-report checks the signature')
    .option('--artifacts <folder>', 'also write the files that Prow and TestGrid read: started.json, finished.json')
    .addOption(contexts)
    .addOption(contextFiles)
    .addOption(istioctl)
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      refuseRepeat(options)
      for (const flag of ['keep', 'reuse', 'results', 'attest', 'artifacts'])
        if (options[flag]) requireOneVersion(`--${flag}`, options)
      take({ command: 'test', options: parsed(TestOptions, options) })
    })
}

const addUp = ({ add, parsed, take }: CommandGroup): void => {
  withRunOptions(add('up', 'create a lab without checking it; it stays until down'))
    .addOption(echoImage)
    .action((options: Record<string, unknown>) => {
      requireOneVersion('meshproof up', options)
      take({ command: 'up', options: parsed(RunOptions, options) })
    })
}

const addProve = ({ add, parsed, take }: CommandGroup): void => {
  withRunOptions(add('prove', 'break labs in every known way, and show that the checks notice'))
    .option(
      '--suite <patterns>',
      'only the faults of these checks: check ids, comma-separated, * for anything, ! to exclude',
    )
    .addOption(echoImage)
    .option('--report-dir <folder>', 'where the proof goes (default: reports/<run id>)')
    .addOption(checkTimeout)
    .action((options: Record<string, unknown>) => {
      requireOneVersion('meshproof prove', options)
      take({ command: 'prove', options: parsed(RunOptions, options) })
    })
}

const addUpgrade = ({ add, parsed, take }: CommandGroup): void => {
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
    .addOption(reportDir)
    .addOption(checkTimeout)
    .addOption(keep)
    .addOption(plan)
    .action((options: Record<string, unknown>) => {
      requireOneVersion('meshproof upgrade', options)
      take({ command: 'upgrade', options: parsed(UpgradeOptions, options) })
    })
}

const addJudge = ({ add, parsed, take }: CommandGroup): void => {
  withRunOptions(add('judge', 'run tests that other projects wrote in a lab, or on existing clusters'))
    .option(
      '--with <judges>',
      'the judges: gateway-api, istio, or parts of it (default: all; on existing clusters gateway-api)',
    )
    .option('--echo-image <name>', 'the image of Istio’s echo for the clusters (default: that of the release)')
    .addOption(reportDir)
    .option('--timeout <seconds>', 'for one judge in one cluster (default: 900)')
    .addOption(keep)
    .option('--reuse [run]', 'judge a kept lab (default: the newest)')
    .addOption(contexts)
    .addOption(contextFiles)
    .action((options: Record<string, unknown>) => {
      refuseTogether(options)
      requireOneVersion('meshproof judge', options)
      take({ command: 'judge', options: parsed(JudgeOptions, options) })
    })
}
