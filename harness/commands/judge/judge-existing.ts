import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { stringify } from 'yaml'
import type { ExistingMesh } from '#checks/existing-target.ts'
import { prepareExistingMesh } from '#commands/test/existing/existing-mesh.ts'
import { admissionTo } from '#diagnosis/new-namespace.ts'
import { readKubeconfigs } from '#kube/kubeconfig-files.ts'
import { inOrderFor } from '#kube/kubeconfig-order.ts'
import { inClusterContext } from '#kube/own-account.ts'
import { newRunId } from '#lab/run-state.ts'
import { connectContexts } from '#probes/survey/contexts.ts'
import { meshLines, type Survey, survey } from '#probes/survey/survey.ts'
import type { Terminal } from '#report/terminal.ts'
import { environmentOf } from '#run/environment.ts'
import { phaseLog } from '#run/phase-log.ts'
import { reproducing } from '#run/reproducing.ts'
import { exitCodeOfChecks } from '#run/run-results.ts'
import type { Run } from '#results/results.ts'
import { beginRun, type Signals, withReports } from '#run/with-reports.ts'
import { type AskedCluster, judgeClusters, requireEchoIn } from './judge-clusters.ts'
import { inJudgesPhase, judgeRecord, withJudgeRecord } from './judge-record.ts'
import { JudgeOptions } from './options.ts'
import { judgeLines, judgeTime, plannedJudges, versionedJudges } from './plan-judges.ts'
import { conformanceVersion, requireConformance } from './programs.ts'
import { requireDefinitions, requireRights } from './requirements.ts'

/** The echo that the project of the Gateway API publishes. */
const publishedEcho = 'registry.k8s.io/gateway-api/echo-advanced:v1.5.1'

/**
 * Looks at existing clusters.
 * @throws MeshproofError as connectContexts and survey do, and MP-145 for clusters that are not judged together.
 */
export const surveyMesh = async (
  contexts: string[],
  { kubeconfig, istioNamespace, mtls = 'strict' }: Pick<JudgeOptions, 'kubeconfig' | 'istioNamespace' | 'mtls'>,
): Promise<{ surveyed: Survey; mesh: ExistingMesh }> => {
  const surveyed = await survey(connectContexts(contexts, kubeconfig), istioNamespace)
  return { surveyed, mesh: await prepareExistingMesh(surveyed, mtls, kubeconfig, await admissionTo(surveyed)) }
}

/**
 * A whole run of judges on existing clusters. What judges make there is removed.
 * @throws MeshproofError as judgesOf and surveyMesh does, MP-370 where the program cannot be had,
 * MP-372 and MP-373, before anything is made.
 */
export const judgeExisting = async (
  contexts: string[],
  options: JudgeOptions,
  commandLine: string,
  terminal: Terminal,
  signals: Signals,
): Promise<Run> => {
  const { signal } = signals
  const { kubeconfig, echoImage = publishedEcho, timeout } = options
  const version = await conformanceVersion()
  const judges = await versionedJudges(options)
  const { surveyed, mesh } = await surveyMesh(contexts, options)
  await using scratch = await scratchFolder()
  const clusters = await Promise.all(
    surveyed.clusters
      .filter(({ role }) => role === 'primary')
      .map(async ({ context, kube, name }): Promise<AskedCluster> => ({
        name,
        context,
        kube,
        kubeconfig: await kubeconfigOf(context, kubeconfig, scratch.path),
        injection: mesh.clusters.find((cluster) => cluster.context === context)?.injection ?? {},
      })),
  )
  await requireRights(clusters)
  await requireDefinitions(clusters, version)
  const planned = await plannedJudges(mesh, judges)
  const time = await judgeTime(planned, options)
  for (const line of [...meshLines(surveyed), ...judgeLines(mesh, planned, time)]) terminal.line(line)
  const program = await requireConformance(version, terminal.building, signal)
  signal.throwIfAborted()

  const runId = newRunId()
  const istio = [...new Set(surveyed.clusters.map((cluster) => cluster.istio || 'unknown'))].join(', ')
  const kubernetes = [...new Set(surveyed.clusters.map((cluster) => cluster.kubernetes))].join(', ')
  const run = await beginRun(
    {
      runId,
      commandLine,
      plans: [{ topology: mesh, planned: [], skipped: [] }],
      checks: [],
      environment: { ...(await environmentOf()), engine: 'none', kind: 'none', kubernetes, istio },
      reportDir: options.reportDir,
      made: [runId],
      reproduce: reproducing('judge', options, JudgeOptions.parse({})),
      where: [`--contexts=${contexts.join(',')}`, ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`])],
    },
    terminal,
    signals,
  )
  const record = judgeRecord(mesh, planned, phaseLog(terminal), (result) => {
    run.results.topologies[0] = result
    run.progressed()
  })
  record.publish()
  const asking = { runId, program, version, echoImage, istio, folder: run.folder, timeout, terminal, signal }
  const work = inJudgesPhase(
    record,
    async () => {
      await requireEchoIn(clusters, asking)
      await judgeClusters(clusters, asking, record)
    },
    signal,
  )
  return await withReports(run, withJudgeRecord(record, work, signal), exitCodeOfChecks, signal)
}

/**
 * The KUBECONFIG that leads to a context: the user’s files, and before them one that only names the context. Empty
 * for a pod’s own cluster: the program takes the pod’s account by itself.
 */
const kubeconfigOf = async (context: string, named: string | undefined, folder: string): Promise<string> => {
  if (context === inClusterContext) return ''
  const chosen = join(folder, `${encodeURIComponent(context)}.kubeconfig`)
  await writeFile(chosen, stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': context }))
  return [chosen, ...inOrderFor(readKubeconfigs(named).files, context).map(({ path }) => path)].join(delimiter)
}

const scratchFolder = async (): Promise<AsyncDisposable & { path: string }> => {
  const path = await mkdtemp(join(tmpdir(), 'meshproof-judge-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
