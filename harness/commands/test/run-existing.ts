import { inExisting } from '#commands/test/existing/in-existing.ts'
import { planExisting } from '#commands/test/existing/plan-existing.ts'
import { newRunId } from '#lab/run-state.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Phase, TopologyResult } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { environmentOf } from '#run/environment.ts'
import type { RunOptions } from '#run/options.ts'
import { reported, type Run } from '#run/reported.ts'
import { exitCodeOfChecks } from '#run/run-results.ts'
import type { Signals } from '#run/signals.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { connectContexts } from '#survey/contexts.ts'
import { describePlans } from './plan-line.ts'
import { runMesh } from './run-mesh.ts'

/**
 * A run on clusters that somebody else made: survey, namespaces and workloads of our own, checks, clean-up, reports.
 * Neither engine nor node image is needed.
 * @throws MeshproofError as connectContexts and planExisting do, before anything is made.
 */
export const runExisting = async (
  contexts: string[],
  options: RunOptions,
  commandLine: string,
  terminal: Terminal,
  signals: Signals,
): Promise<Run> => {
  const { signal } = signals
  const checks = catalogue
  const since = Date.now()
  const plan = await planExisting(connectContexts(contexts, options.kubeconfig), options, checks)
  signal.throwIfAborted()
  const surveyed: Phase = {
    name: 'survey',
    startedAt: new Date(since).toISOString(),
    seconds: (Date.now() - since) / 1000,
    verdict: 'pass',
  }
  const runId = newRunId()
  for (const line of [...plan.lines, ...describePlans([plan], checks)]) terminal.line(line)

  const environment = {
    ...(await environmentOf()),
    engine: 'none',
    kind: 'none',
    kubernetes: plan.kubernetes,
    istio: plan.istio,
  }
  const where = [
    `--contexts=${contexts.join(',')}`,
    ...(options.kubeconfig === undefined ? [] : [`--kubeconfig=${options.kubeconfig}`]),
  ]
  return reported(
    {
      runId,
      commandLine,
      plans: [plan],
      checks,
      environment,
      reportDir: options.reportDir,
      made: [runId],
      where,
      exitCode: exitCodeOfChecks,
    },
    terminal,
    signals,
    async (results, folder) => {
      const record = (result: TopologyResult): void => {
        results.topologies[0] = { ...result, phases: [surveyed, ...result.phases] }
      }
      const { timeout, failFast } = options
      const { result, error } = await runMesh(
        { plan, timeout, failFast, unasked: 'the workloads were not ready', progress: record, terminal, signal },
        (phases, ask, lookBack) =>
          inExisting(
            { runId, plan, terminal, signal, bundle: bundlePlace(folder, plan.topology, 1) },
            phases,
            ask,
            lookBack,
          ),
      )
      record(result)
      return error
    },
  )
}
