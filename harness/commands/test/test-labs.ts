import { MeshproofError } from '#errors.ts'
import { gatewaysOf, type ImageSource } from '#images/images.ts'
import { newRunId, type RunState } from '#lab/run-state.ts'
import { about, type Terminal } from '#report/terminal.ts'
import { variantName, type Run } from '#results/results.ts'
import { asksEcho, requireEchoImage } from '#run/asks-echo.ts'
import { catalogue } from '#run/catalogue.ts'
import { environmentOf } from '#run/environment.ts'
import { forEachLab } from '#run/for-each-lab.ts'
import type { RunOptions } from '#run/options.ts'
import { phaseLog } from '#run/phase-log.ts'
import { makePlans, type TopologyPlan } from '#run/plan.ts'
import { prepareLabs } from '#run/prepare.ts'
import { requireIstioOfClusters } from '#run/require-istio-of-clusters.ts'
import type { Publishing } from '#run/publishing.ts'
import { reproducing } from '#run/reproducing.ts'
import { exitCodeOfChecks } from '#run/run-results.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { beginRun, type RunUnderWay, type Signals, withReports } from '#run/with-reports.ts'
import type { Gateways } from '#topology/topology-file.ts'
import { keptLab } from './kept-lab.ts'
import { meshRecord, withRecord } from './mesh-record.ts'
import { describePlans } from './plan-line.ts'
import { resultsOfLabs } from './results-of-labs.ts'
import { testInLab } from './test-in-lab.ts'

/** The labs of a run: their plans and ids, and the kept lab where the run reuses one. */
type Labs = { plans: TopologyPlan[]; labs: PlannedLab[]; reused: RunState | undefined }

/** A lab of a run: its id, its plan, which of the topologies that is, and which of the topology’s labs it is. */
type PlannedLab = { id: string; plan: TopologyPlan; topology: number; number: number }

/** What a run does in its labs. Without checks it only brings them up (`up`). */
export type InLabs = { withChecks: boolean; publishing?: Publishing }

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
  { withChecks, publishing }: InLabs = { withChecks: true },
): Promise<Run> => {
  const runId = newRunId()
  const labs = await planLabs(runId, options)
  for (const line of describePlans(labs.plans, catalogue)) terminal.line(line)
  const made = new Set<string>()
  const run = await beginRun(
    {
      runId,
      commandLine,
      plans: labs.plans,
      checks: catalogue,
      environment: await environmentOf(),
      reportDir: options.reportDir,
      made,
      reproduce: reproducing(withChecks ? 'test' : 'up', options),
      publishing,
    },
    terminal,
    signals,
  )
  const work = testTopologies(labs, run, { ...options, source, withChecks, terminal, signal: signals.signal, made })
  return withReports(run, work, withChecks ? exitCodeOfChecks : () => 0, signals.signal)
}

/** Plans the labs of a run. @throws MeshproofError MP-101 to MP-110 for what cannot be planned. */
const planLabs = async (runId: string, options: RunOptions): Promise<Labs> => {
  const { topology, suite, istio, installer, gateways, keep, reuse, repeat, fresh } = options
  const planned = (kind: Gateways | undefined): Promise<TopologyPlan[]> =>
    makePlans(topology, suite, catalogue, { ...options, gateways: kind })
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
  const perLab = plans.flatMap((plan, index) =>
    Array.from({ length: fresh ? repeat : 1 }, (_, number) => ({ plan, topology: index, number })),
  )
  const idOf = (index: number): string => reused?.id ?? (perLab.length === 1 ? runId : `${runId}-${index + 1}`)
  return { plans, labs: perLab.map((lab, index) => ({ id: idOf(index), ...lab })), reused }
}

/** The options of a run, and what its labs share. `made` has the ids of the labs that exist now. */
type Testing = RunOptions & {
  withChecks: boolean
  source: ImageSource | 'auto'
  terminal: Terminal
  signal: AbortSignal
  made: Set<string>
}

/** Prepares the machine, then tests every topology. The run’s results always have what is known so far. */
const testTopologies = async ({ plans, labs, reused }: Labs, run: RunUnderWay, testing: Testing): Promise<void> => {
  const { source, terminal, signal, withChecks, timeout, failFast, fresh, repeat, made } = testing
  const echo = asksEcho(plans, catalogue)
  const { engine, images, phases } = await prepareLabs(source, { ...testing, echo }, terminal, signal, reused?.images)
  if (echo && images.echo === undefined)
    requireEchoImage(testing.suite, catalogue, reused === undefined ? 'published images' : `the kept lab ${reused.id}`)
  run.results.environment = await environmentOf(engine, images)
  const alone = labs.length === 1
  const resultsOf = plans.map((_, index) => {
    const own = labs.filter(({ topology }) => topology === index).map(({ id }) => id)
    return resultsOfLabs(run.results, index, own)
  })
  await forEachLab(labs, signal, async ({ id, plan, topology, number }, _, machine) => {
    const ofTopology = resultsOf[topology]
    if (!ofTopology) return
    // With --fail-fast the next lab waits for the verdict of this one.
    if (fresh && failFast) await machine.earlierEnded()
    if (fresh && failFast && ofTopology.hasFailed()) {
      ofTopology.leaveOut(number, 'an earlier lab failed and --fail-fast was given')
      return
    }
    const name = fresh && repeat > 1 ? `${variantName(plan.topology)}, lab ${number + 1}` : variantName(plan.topology)
    const screen = alone ? terminal : about(terminal, name)
    const record = meshRecord(
      plan,
      withChecks ? 'the lab was not complete' : 'up runs no checks',
      phaseLog(screen),
      (result) => {
        ofTopology.publish(number, { ...result, phases: [...phases, ...result.phases] })
        run.progressed()
      },
      { rounds: fresh ? 1 : repeat, lab: id },
    )
    if (reused === undefined) made.add(id)
    const work = testInLab(
      {
        ...machine,
        runId: id,
        plan,
        images,
        engine,
        keep: alone && testing.keep,
        reuse: reused !== undefined,
        withChecks,
        timeout,
        failFast,
        rounds: fresh ? 1 : repeat,
        bundle: bundlePlace(run.folder, plan.topology, labs.length, number + 1),
        terminal: screen,
      },
      record,
    )
    await withRecord(record, work, machine.signal)
    made.delete(id)
  })
}
