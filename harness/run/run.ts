import { ensureEngine } from '../engine/ensure.ts'
import { requireSpace } from '../engine/space.ts'
import { catalogue } from '../checks/catalogue.ts'
import { Interrupted, MeshproofError, reasonOf } from '../errors.ts'
import { requireCache } from '../images/cache.ts'
import { chooseImages } from '../images/choose.ts'
import { imagesFor } from '../images/versions.ts'
import { reap } from '../lab/reaper.ts'
import { newRunId } from '../lab/run-state.ts'
import { makePlans, type TopologyPlan } from '../plan/plan.ts'
import { makeReportFolder, writeReports } from '../report/report-folder.ts'
import type { Results, TopologyResult } from '../report/results.ts'
import { topologyVerdict } from '../report/results.ts'
import type { Terminal } from '../report/terminal.ts'
import { resultWithout } from '../checks/plan-checks.ts'
import { environmentOf } from './environment.ts'
import { keptLab } from './kept-lab.ts'
import { leaveAtOnce } from './leave-at-once.ts'
import type { RunOptions } from './options.ts'
import { describePlans } from './plan-line.ts'
import { runTopology } from './run-topology.ts'
import type { Signals } from './signals.ts'

/** What a run leaves: its results, and the folder they were written to. */
export type Run = { results: Results; folder: string }

/**
 * A whole run: engine, images, every planned topology, reports. It writes results.json on every way out but a mistake in what it
 * was asked for, which is thrown before anything is made.
 * @throws MeshproofError MP-1xx for such a mistake.
 */
export const run = async (command: 'test' | 'up', options: RunOptions, commandLine: string, terminal: Terminal, signals: Signals): Promise<Run> => {
  const checks = await catalogue()
  const plans = await makePlans(options.topology, options.suite, checks, options.mtls)
  const source = await imagesFor(options)
  const reused = options.reuse === false ? undefined : await keptLab(options.reuse, plans)
  const wanted = reused === undefined ? plans : plans.filter(({ topology }) => topology.name === reused.topology && topology.mtls === reused.mtls)
  const runId = newRunId()
  const folder = await makeReportFolder(runId, options.reportDir)
  for (const line of describePlans(wanted, checks)) terminal.line(line)

  const results: Results = {
    schema: 'meshproof.results/v1',
    run: { id: runId, command: commandLine, startedAt: new Date().toISOString(), finishedAt: new Date().toISOString(), exitCode: 2, interrupted: false },
    environment: await environmentOf(),
    topologies: wanted.map((plan) => notReached(plan, checks)),
  }
  signals.atOnce(() => leaveAtOnce(results, folder, terminal))
  let error: unknown
  try {
    await requireCache()
    const engine = await ensureEngine(terminal.line, signals.signal)
    await requireSpace(engine)
    for (const id of await reap()) terminal.line(`Removed what the killed run ${id} had left.`)
    const since = Date.now()
    terminal.started('images')
    const images = await chooseImages(source, engine, terminal.line, terminal.building, signals.signal)
    const phase = { name: 'images', startedAt: new Date(since).toISOString(), seconds: (Date.now() - since) / 1000, verdict: 'pass' as const }
    terminal.ended('images', phase.seconds, 'pass')
    results.environment = await environmentOf(engine, images)
    for (const [index, plan] of wanted.entries()) {
      const keep = results.topologies.length === 1 && (options.keep || command === 'up')
      const outcome = await runTopology({
        runId: reused?.id ?? (wanted.length > 1 ? `${runId}-${index + 1}` : runId), plan, images, engine, keep, reuse: reused !== undefined, withChecks: command === 'test',
        timeout: options.timeout, failFast: options.failFast, terminal, signal: signals.signal,
        progress: (result) => { results.topologies[index] = { ...result, phases: [phase, ...result.phases] } },
      })
      results.topologies[index] = { ...outcome.result, phases: [phase, ...outcome.result.phases] }
      if (outcome.error !== undefined) throw outcome.error
    }
    // Also when the verdict was complete and only the cleaning up was interrupted.
    signals.signal.throwIfAborted()
  } catch (thrown) {
    error = signals.signal.aborted ? signals.signal.reason : thrown
  }
  finish(results, command, error)
  await writeReports(results, folder)
  if (error !== undefined && !(error instanceof MeshproofError)) throw error
  return { results, folder }
}

const finish = (results: Results, command: 'test' | 'up', error: unknown): void => {
  const verdicts = results.topologies.map(({ verdict }) => verdict)
  const { run: about } = results
  about.finishedAt = new Date().toISOString()
  about.interrupted = error instanceof Interrupted
  if (error !== undefined) {
    const known = error instanceof MeshproofError ? error : new MeshproofError('MP-900', { what: 'The harness itself failed', why: reasonOf(error), next: 'Please report it with the command line.', cause: error })
    about.error = { code: known.code, message: known.message, next: known.next }
    about.exitCode = known.exitCode
  } else if (command === 'up') about.exitCode = 0
  else about.exitCode = verdicts.includes('fail') ? 1 : verdicts.length > 0 && verdicts.every((verdict) => verdict === 'pass' || verdict === 'flaky') ? 0 : 2
}

const notReached = ({ topology, planned, skipped }: TopologyPlan, checks: Awaited<ReturnType<typeof catalogue>>): TopologyResult => {
  const all = [...planned.flatMap((one) => checks.filter(({ id }) => id === one.id).map((check) => resultWithout(check, one, 'not-run', 'the run ended before it'))), ...skipped]
  return { name: topology.name, mtls: topology.mtls, verdict: topologyVerdict(all), reason: 'the run ended before it', phases: [], checks: all }
}
