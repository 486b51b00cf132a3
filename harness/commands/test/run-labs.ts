import pMap from 'p-map'
import { MeshproofError } from '#errors.ts'
import { chooseImages } from '#images/choose.ts'
import { imagesFor } from '#images/versions.ts'
import { newRunId } from '#lab/run-state.ts'
import { about, type Terminal } from '#report/terminal.ts'
import { type TopologyResult, variantName } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { environmentOf } from '#run/environment.ts'
import { type RunOptions, wantedOf } from '#run/options.ts'
import { makePlans } from '#run/plan.ts'
import { prepare } from '#run/prepare.ts'
import { reported, type Run } from '#run/reported.ts'
import { exitCodeOfChecks } from '#run/run-results.ts'
import type { Signals } from '#run/signals.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { turns } from '#run/turns.ts'
import { keptLab } from './kept-lab.ts'
import { describePlans } from './plan-line.ts'
import { runTopology } from './run-mesh.ts'

/**
 * A whole run: engine, images, every planned topology, reports. It writes results.json on every way out but a mistake
 * in what it was asked for, which is thrown before anything is made.
 * @throws MeshproofError MP-1xx for such a mistake.
 */
export const run = async (
  command: 'test' | 'up',
  options: RunOptions,
  commandLine: string,
  terminal: Terminal,
  signals: Signals,
): Promise<Run> => {
  const checks = catalogue
  const plans = await makePlans(options.topology, options.suite, checks, options.mtls, options.istioNamespace)
  const source = await imagesFor(options)
  const reused = options.reuse === false ? undefined : await keptLab(options.reuse, plans)
  const wanted =
    reused === undefined
      ? plans
      : plans.filter(({ topology }) => topology.name === reused.topology && topology.mtls === reused.mtls)
  if (wanted.length > 1 && (options.keep || command === 'up')) {
    throw new MeshproofError('MP-110', {
      what: 'One lab is kept at a time',
      where: wanted.map(({ topology }) => variantName(topology)).join(', '),
      next: 'Name one topology with --topology, and one --mtls where it has both.',
    })
  }
  const runId = newRunId()
  for (const line of describePlans(wanted, checks)) terminal.line(line)
  const idOf = (index: number): string => reused?.id ?? (wanted.length === 1 ? runId : `${runId}-${index + 1}`)
  return reported(
    {
      runId,
      commandLine,
      plans: wanted,
      checks,
      environment: await environmentOf(),
      reportDir: options.reportDir,
      made: reused ? [] : wanted.map((_, index) => idOf(index)),
      exitCode: command === 'up' ? () => 0 : exitCodeOfChecks,
    },
    terminal,
    signals,
    async (results, folder) => {
      const { engine, images, phase } = await prepare(
        async (ready) =>
          reused?.images ??
          chooseImages(
            { ...wantedOf(options), images: source },
            ready,
            terminal.line,
            terminal.building,
            signals.signal,
          ),
        terminal,
        signals.signal,
      )
      results.environment = await environmentOf(engine, images)
      const alone = wanted.length === 1
      const failure = new AbortController()
      const turn = turns()
      let error: unknown
      // Two labs at most: one that answers its last checks, and the next that is brought up beside it.
      await pMap(
        wanted.entries(),
        async ([index, plan]) => {
          const record = (result: TopologyResult): void => {
            results.topologies[index] = { ...result, phases: [phase, ...result.phases] }
          }
          const outcome = await runTopology({
            runId: idOf(index),
            plan,
            images,
            engine,
            keep: alone && (options.keep || command === 'up'),
            reuse: reused !== undefined,
            withChecks: command === 'test',
            timeout: options.timeout,
            failFast: options.failFast,
            bundle: bundlePlace(folder, plan.topology, wanted.length),
            turn,
            terminal: alone ? terminal : about(terminal, variantName(plan.topology)),
            signal: AbortSignal.any([signals.signal, failure.signal]),
            progress: record,
          })
          record(outcome.result)
          if (outcome.error === undefined) return
          error ??= outcome.error
          failure.abort(outcome.error)
        },
        { concurrency: 2 },
      )
      return error
    },
  )
}
