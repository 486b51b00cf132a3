import { MeshproofError } from '#errors.ts'
import { gatewaysOf, type ImageSource } from '#images/images.ts'
import { newRunId, type RunState } from '#lab/run-state.ts'
import { about, type Terminal } from '#report/terminal.ts'
import { variantName } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { environmentOf } from '#run/environment.ts'
import { forEachLab } from '#run/for-each-lab.ts'
import { type RunOptions, wantedOf } from '#run/options.ts'
import { phaseLog } from '#run/phase-log.ts'
import { makePlans, type TopologyPlan } from '#run/plan.ts'
import { prepareLabs } from '#run/prepare.ts'
import { requireIstioOfClusters } from '#run/require-istio-of-clusters.ts'
import { exitCodeOfChecks } from '#run/run-results.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { beginRun, type Run, type RunUnderWay, type Signals, withReports } from '#run/with-reports.ts'
import type { Gateways } from '#topology/topology-file.ts'
import { keptLab } from './kept-lab.ts'
import { meshRecord, withRecord } from './mesh-record.ts'
import { describePlans } from './plan-line.ts'
import { testInLab } from './test-in-lab.ts'

/** The labs of a run: their plans and ids, and the kept lab where the run reuses one. */
type Labs = { plans: TopologyPlan[]; ids: string[]; reused: RunState | undefined }

/** What a run does in its labs. Without checks it only brings them up (`up`). */
export type InLabs = { withChecks: boolean }

/**
 * A whole run in labs: engine, images, every planned topology, reports. It writes results.json however the run ends.
 * Only a mistake in the options is thrown, before anything is made.
 * @throws MeshproofError MP-1xx for such a mistake.
 */
export const testLabs = async (
  options: RunOptions,
  source: ImageSource | 'auto',
  commandLine: string,
  terminal: Terminal,
  signals: Signals,
  { withChecks }: InLabs = { withChecks: true },
): Promise<Run> => {
  const runId = newRunId()
  const labs = await planLabs(runId, options)
  for (const line of describePlans(labs.plans, catalogue)) terminal.line(line)
  const run = await beginRun(
    {
      runId,
      commandLine,
      plans: labs.plans,
      checks: catalogue,
      environment: await environmentOf(),
      reportDir: options.reportDir,
      made: labs.reused ? [] : labs.ids,
    },
    terminal,
    signals,
  )
  const work = testTopologies(labs, run, { ...options, source, withChecks, terminal, signal: signals.signal })
  return withReports(run, work, withChecks ? exitCodeOfChecks : () => 0, signals.signal)
}

/** Plans the labs of a run. @throws MeshproofError MP-101 to MP-110 for what cannot be planned. */
const planLabs = async (
  runId: string,
  { topology, suite, mtls, istioNamespace, istio, installer, gateways, keep, reuse }: RunOptions,
): Promise<Labs> => {
  const planned = (kind: Gateways | undefined): Promise<TopologyPlan[]> =>
    makePlans(topology, suite, catalogue, mtls, istioNamespace, installer, kind)
  const candidates = await planned(gateways)
  requireIstioOfClusters(candidates, istio)
  const reused = reuse === false ? undefined : await keptLab(reuse, candidates, installer, gateways)
  // A kept lab has the gateways that it was made with.
  const made = reused === undefined ? candidates : await planned(gatewaysOf(reused.images ?? {}))
  const plans = made.filter(
    (plan) => reused === undefined || (plan.topology.name === reused.topology && plan.topology.mtls === reused.mtls),
  )
  if (plans.length > 1 && keep) {
    throw new MeshproofError('MP-110', {
      what: 'One lab is kept at a time',
      where: plans.map((plan) => variantName(plan.topology)).join(', '),
      next: 'Name one topology with --topology, and one --mtls where it has both.',
    })
  }
  const ids = plans.map((_, index) => reused?.id ?? (plans.length === 1 ? runId : `${runId}-${index + 1}`))
  return { plans, ids, reused }
}

/** The options of a run, and what its labs share. */
type Testing = RunOptions & InLabs & { source: ImageSource | 'auto'; terminal: Terminal; signal: AbortSignal }

/** Prepares the machine, then tests every topology. The run’s results always have what is known so far. */
const testTopologies = async ({ plans, ids, reused }: Labs, run: RunUnderWay, testing: Testing): Promise<void> => {
  const { source, terminal, signal, withChecks, timeout, failFast } = testing
  const { engine, images, phases } = await prepareLabs(source, wantedOf(testing), terminal, signal, reused?.images)
  run.results.environment = await environmentOf(engine, images)
  const alone = plans.length === 1
  await forEachLab(plans, signal, async (plan, index, machine) => {
    const screen = alone ? terminal : about(terminal, variantName(plan.topology))
    const record = meshRecord(
      plan,
      withChecks ? 'the lab was not complete' : 'up runs no checks',
      phaseLog(screen),
      (result) => {
        run.results.topologies[index] = { ...result, phases: [...phases, ...result.phases] }
        run.progressed()
      },
    )
    const work = testInLab(
      {
        ...machine,
        runId: ids[index] ?? run.results.run.id,
        plan,
        images,
        engine,
        keep: alone && testing.keep,
        reuse: reused !== undefined,
        withChecks,
        timeout,
        failFast,
        bundle: bundlePlace(run.folder, plan.topology, plans.length),
        terminal: screen,
      },
      record,
    )
    await withRecord(record, work, machine.signal)
  })
}
