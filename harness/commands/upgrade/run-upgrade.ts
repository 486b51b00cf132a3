import { constants, setPriority } from 'node:os'
import { leftOut } from '#commands/upgrade/phases/phases.ts'
import { phasesFor } from '#commands/upgrade/phases/upgrade-phases.ts'
import { trafficIn } from '#commands/upgrade/traffic/traffic.ts'
import { budgetsOf } from '#commands/upgrade/verdict/budgets.ts'
import { exitCodeOf } from '#commands/upgrade/verdict/verdict.ts'
import { reasonOf } from '#errors.ts'
import { chooseUpgradeImages } from '#images/choose.ts'
import type { Lab } from '#lab/lab.ts'
import { newRunId } from '#lab/run-state.ts'
import { labSource } from '#report/bundle/collect.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Results, TopologyResult } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { environmentOf } from '#run/environment.ts'
import { inLab } from '#run/in-lab.ts'
import { phaseLog } from '#run/phase-log.ts'
import { prepare } from '#run/prepare.ts'
import { reported, type Run } from '#run/reported.ts'
import type { Signals } from '#run/signals.ts'
import { bundlePlace, supportBundle } from '#run/support-bundle.ts'
import { turns } from '#run/turns.ts'
import { asking } from './ask-stage.ts'
import { type CarriedOut, upgradeMesh } from './carry-out.ts'
import type { UpgradeOptions } from './options.ts'
import { faultLine } from './upgrade-fault.ts'
import { upgradeLabOf } from './upgrade-lab.ts'
import { planUpgrade, upgradeLine } from './upgrade-plan.ts'
import { topologyResult, type Underway } from './upgrade-result.ts'

/**
 * A whole upgrade: a lab with the old release, every phase of the way to the new one under live traffic, a verdict,
 * reports. What the versions alone forbid is told before anything is made.
 * @throws MeshproofError MP-1xx for a mistake in what it was asked for.
 */
export const runUpgrade = async (
  options: UpgradeOptions,
  commandLine: string,
  terminal: Terminal,
  signals: Signals,
): Promise<Run> => {
  const { signal } = signals
  const checks = catalogue
  const planned = await planUpgrade(options, checks)
  const { plan, versions, source, fault, earlier } = planned
  const { topology } = plan
  const runId = newRunId()
  terminal.line(upgradeLine(planned, options))
  const exitCode = ({ topologies: [only] }: Results): number => exitCodeOf(only?.upgrade?.verdict ?? 'not-run')
  return reported(
    {
      runId,
      commandLine,
      plans: [plan],
      checks,
      environment: await environmentOf(),
      reportDir: options.reportDir,
      made: [runId],
      exitCode,
    },
    terminal,
    signals,
    async (results, folder) => {
      const {
        engine,
        images,
        phase: got,
      } = await prepare(
        (ready) =>
          chooseUpgradeImages(
            { images: source, pins: options.pins, registry: options.registry },
            options,
            ready,
            terminal.line,
            terminal.building,
            signal,
          ),
        terminal,
        signal,
      )
      results.environment = await environmentOf(engine, images.to)
      const log = phaseLog(terminal)
      const underway: Underway = {
        topology,
        images,
        versions,
        strategy: options.strategy,
        budgets: budgetsOf(options),
        planned: [],
        leftOut: [],
        carriedOut: [],
        seen: { samples: [], events: [] },
        earlier,
        unreached: 'an earlier phase failed',
      }
      let bundle: string | undefined
      const tell = (): TopologyResult =>
        (results.topologies[0] = topologyResult(
          underway,
          [got, ...log.all()],
          results.topologies[0]?.checks ?? [],
          bundle,
        ))

      const work = async (lab: Lab): Promise<void> => {
        const upgrade = upgradeLabOf(lab, images.to, options.strategy)
        const traffic = trafficIn(lab)
        const phases = phasesFor(upgrade, traffic, fault, options)
        underway.planned = phases
        underway.leftOut = leftOut(upgrade, options)
        const record = (phase: CarriedOut): void => {
          underway.carriedOut = [...underway.carriedOut.filter(({ id }) => id !== phase.id), phase]
          tell()
        }
        const ask = asking({
          lab,
          checks,
          from: images.from.roles['tag'] ?? '',
          timeout: options.timeout,
          terminal,
          signal,
        })
        log.started('upgrade', Date.now())
        // Checks and programs give way to the traffic that is measured.
        setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
        try {
          await upgradeMesh({ lab: upgrade.to, phases, traffic, ask, record, terminal }, signal)
        } catch (error) {
          underway.unreached = reasonOf(signal.aborted ? signal.reason : error)
          throw error
        } finally {
          underway.seen = traffic.seen()
          log.ended('upgrade', Date.now(), tell().verdict === 'fail' ? 'fail' : signal.aborted ? 'not-run' : 'pass')
        }
      }
      const outcome = await inLab(
        { runId, plan, images: images.from, engine, keep: options.keep, reuse: false, turn: turns(), terminal, signal },
        log,
        work,
        async (lab) => {
          if (['fail', 'not-run'].includes(tell().verdict))
            bundle = await supportBundle(labSource(lab), tell(), bundlePlace(folder, topology, 1), log, signal)
        },
      )
      const { upgrade: seen } = tell()
      if (fault && seen) terminal.line(faultLine(fault, seen))
      return outcome.error
    },
  )
}
