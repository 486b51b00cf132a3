import { budgetsOf } from '#commands/upgrade/verdict/budgets.ts'
import { exitCodeOf } from '#commands/upgrade/verdict/verdict.ts'
import { getUpgradeImages } from '#images/get-images.ts'
import { newRunId } from '#lab/run-state.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Results } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { environmentOf } from '#run/environment.ts'
import { failureOf } from '#run/failure-of.ts'
import { phaseLog } from '#run/phase-log.ts'
import { prepareEngine } from '#run/prepare.ts'
import { print } from '#run/print.ts'
import { reproducing } from '#run/reproducing.ts'
import { concludeRun } from '#run/summarize-run.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { beginRun, type RunUnderWay, type Signals, withReports } from '#run/with-reports.ts'
import { UpgradeOptions } from './options.ts'
import { faultLine } from './upgrade-fault.ts'
import { upgradeInLab } from './upgrade-in-lab.ts'
import { upgradePlanDocument } from './upgrade-plan-document.ts'
import { planUpgrade, upgradeLine, type UpgradePlan } from './upgrade-plan.ts'
import { upgradeRecord } from './upgrade-record.ts'

/** Prints what an upgrade would do. @throws MeshproofError as planUpgrade does. */
export const printUpgradePlan = async (options: UpgradeOptions): Promise<number> => {
  print(await upgradePlanDocument(options))
  return 0
}

/**
 * Performs `upgrade` and returns its exit code: a lab with the old release, every phase of the way to the new one under
 * live traffic, a verdict, reports. Versions that cannot be upgraded are refused before a lab is made.
 * @throws MeshproofError MP-1xx for a mistake in the options.
 */
export const upgrade = async (
  options: UpgradeOptions,
  commandLine: string,
  screen: Terminal,
  signals: Signals,
): Promise<number> => {
  const planned = await planUpgrade(options, catalogue)
  const runId = newRunId()
  screen.line(upgradeLine(planned, options))
  const run = await beginRun(
    {
      runId,
      commandLine,
      plans: [planned.plan],
      checks: catalogue,
      environment: await environmentOf(),
      reportDir: options.reportDir,
      made: [runId],
      reproduce: reproducing('upgrade', { ...options, maxGap: `${options.maxGap}ms` }, upgradeDefaults),
    },
    screen,
    signals,
  )
  const work = upgradeTopology(planned, options, run, screen, signals.signal)
  return concludeRun(await withReports(run, work, exitCodeOfUpgrade, signals.signal), screen, options)
}

/** The options of an upgrade without a flag. */
const upgradeDefaults = { ...UpgradeOptions.parse({ topology: '-', from: '-', to: '-' }), maxGap: '1000ms' }

const exitCodeOfUpgrade = ({ topologies: [topology] }: Results): number =>
  exitCodeOf(topology?.upgrade?.verdict ?? 'not-run')

/** Prepares the machine, then upgrades the mesh. The run’s results hold what is known at any time. */
const upgradeTopology = async (
  { plan, source, versions, fault, earlier }: UpgradePlan,
  options: UpgradeOptions,
  run: RunUnderWay,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> => {
  const { topology } = plan
  const engine = await prepareEngine(terminal, signal)
  const preparing = phaseLog(terminal)
  preparing.started('images', Date.now())
  const images = await getUpgradeImages(source, options, options, {
    engine,
    say: terminal.line,
    progress: terminal.building,
    signal,
  })
  preparing.ended('images', Date.now(), 'pass')
  run.results.environment = await environmentOf(engine, images.to)

  const record = upgradeRecord(
    { topology, images, versions, strategy: options.strategy, budgets: budgetsOf(options), earlier },
    { before: preparing.all(), phases: phaseLog(terminal), unchecked: run.results.topologies[0]?.checks ?? [] },
    (result) => {
      run.results.topologies[0] = result
      run.progressed()
    },
  )
  const bundle = bundlePlace(run.folder, topology, 1)
  const order = { runId: run.results.run.id, plan, engine, keep: options.keep, reuse: false, terminal, signal }
  const error = await failureOf(upgradeInLab({ ...order, images, options, fault, bundle }, record), signal)
  record.publish()
  const { upgrade: result } = record.result()
  if (fault && result) terminal.line(faultLine(fault, result))
  if (error !== undefined) throw error
}
