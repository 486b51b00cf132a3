import { type ExistingPlan, planExisting } from '#commands/test/existing/plan-existing.ts'
import { testInExisting } from '#commands/test/existing/test-in-existing.ts'
import { newRunId } from '#lab/run-state.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Environment, Phase, Run } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { environmentOf } from '#run/environment.ts'
import type { RunOptions } from '#run/options.ts'
import { phaseLog } from '#run/phase-log.ts'
import type { Publishing } from '#run/publishing.ts'
import { reproducing } from '#run/reproducing.ts'
import { exitCodeOfChecks } from '#run/run-results.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { beginRun, type Signals, withReports } from '#run/with-reports.ts'
import { istioctlAtHand } from '#probes/survey/istioctl.ts'
import { connectContexts } from '#probes/survey/contexts.ts'
import { meshRecord, withRecord } from './mesh-record.ts'
import { describePlans } from './plan-line.ts'

/**
 * A whole run on existing clusters: survey, our namespaces and workloads, checks, clean-up, reports. It needs neither
 * an engine nor a node image.
 * @throws MeshproofError as connectContexts and planExisting do, before anything is made.
 */
export const testExisting = async (
  contexts: string[],
  options: RunOptions,
  commandLine: string,
  terminal: Terminal,
  signals: Signals,
  publishing: Publishing,
): Promise<Run> => {
  const { signal } = signals
  const since = Date.now()
  const istioctl = istioctlAtHand(options.kubeconfig, options.istioctl)
  const plan = await planExisting(connectContexts(contexts, options.kubeconfig), options, catalogue)
  signal.throwIfAborted()
  const surveyed: Phase = {
    name: 'survey',
    startedAt: new Date(since).toISOString(),
    seconds: (Date.now() - since) / 1000,
    verdict: 'pass',
  }
  const runId = newRunId()
  for (const line of [...plan.lines, ...describePlans([plan], catalogue)]) terminal.line(line)
  const run = await beginRun(
    {
      runId,
      commandLine,
      plans: [plan],
      checks: catalogue,
      environment: await existingEnvironment(plan),
      reproduce: reproducing('test', options),
      publishing,
      reportDir: options.reportDir,
      made: [runId],
      where: [
        `--contexts=${contexts.join(',')}`,
        ...(options.kubeconfig === undefined ? [] : [`--kubeconfig=${options.kubeconfig}`]),
      ],
    },
    terminal,
    signals,
  )
  const { timeout, failFast, repeat: rounds } = options
  const record = meshRecord(
    plan,
    'the workloads were not ready',
    phaseLog(terminal),
    (result) => {
      run.results.topologies[0] = { ...result, phases: [surveyed, ...result.phases] }
      run.progressed()
    },
    { rounds },
  )
  const bundle = bundlePlace(run.folder, plan.topology, 1)
  const work = testInExisting({ runId, plan, timeout, failFast, rounds, bundle, istioctl, terminal, signal }, record)
  return withReports(run, withRecord(record, work, signal), exitCodeOfChecks, signal)
}

/** Existing clusters need neither our engine nor our kind. */
const existingEnvironment = async ({ kubernetes, istio }: ExistingPlan): Promise<Environment> => ({
  ...(await environmentOf()),
  engine: 'none',
  kind: 'none',
  kubernetes,
  istio,
})
