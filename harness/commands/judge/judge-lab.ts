import { readFile } from 'node:fs/promises'
import type { EngineInfo } from '#engine/docker.ts'
import { installGatewayApi, requireGatewayApi } from '#istio/gateway-api.ts'
import { injectionLabel, revisionOf } from '#istio/revision.ts'
import { sourceGatewayApi } from '#images/gateway-api.ts'
import type { GatewayApiFiles, Images } from '#images/images.ts'
import { mirroredIn } from '#images/release/registry.ts'
import { type EchoImage, sourceEcho } from '#images/source/source-judges.ts'
import { manifestsOf, refOf } from '#kube/client.ts'
import { loadImage } from '#lab/kind.ts'
import type { LabCluster } from '#lab/lab.ts'
import { newRunId } from '#lab/run-state.ts'
import type { Terminal } from '#report/terminal.ts'
import { resolveImageSource } from '#images/versions.ts'
import { environmentOf } from '#run/environment.ts'
import { openLab, type OpenLab } from '#run/open-lab.ts'
import { phaseLog } from '#run/phase-log.ts'
import { prepareLabs } from '#run/prepare.ts'
import { reproducing } from '#run/reproducing.ts'
import { exitCodeOfChecks } from '#run/run-results.ts'
import type { Run } from '#results/results.ts'
import { beginRun, type Signals, withReports } from '#run/with-reports.ts'
import { judgeLabByIstio, readyIstioTests } from './istio/judge-lab.ts'
import { type AskedCluster, judgeClusters, requireEchoIn } from './judge-clusters.ts'
import { inJudgesPhase, type JudgeRecord, judgeRecord, withJudgeRecord } from './judge-record.ts'
import { JudgeOptions } from './options.ts'
import {
  judgeLines,
  type JudgePlan,
  judgesNeeded,
  judgeTime,
  plannedJudges,
  type PlannedJudge,
  planLab,
  versionedJudges,
} from './plan-judges.ts'
import { requireConformance } from './programs.ts'

/**
 * A whole run of judges in a lab, new or kept: programs, lab, judges, reports.
 * @throws MeshproofError MP-1xx for a mistake in the options, before anything is made.
 */
export const judgeLab = async (
  options: JudgeOptions,
  commandLine: string,
  terminal: Terminal,
  signals: Signals,
): Promise<Run> => {
  const planned = await planLab(options)
  const { plan, reused } = planned
  const runId = newRunId()
  const judges = await versionedJudges(options)
  const results = await plannedJudges(plan.topology, judges)
  for (const line of judgeLines(plan.topology, results, await judgeTime(results, options))) terminal.line(line)
  const run = await beginRun(
    {
      runId,
      commandLine,
      plans: [plan],
      checks: [],
      environment: await environmentOf(),
      reportDir: options.reportDir,
      made: reused === undefined ? [runId] : [],
      reproduce: reproducing('judge', options, JudgeOptions.parse({})),
    },
    terminal,
    signals,
  )
  const phases = phaseLog(terminal)
  const record = judgeRecord(plan.topology, results, phases, (result) => {
    run.results.topologies[0] = result
    run.progressed()
  })
  record.publish()
  const work = judgeInLab({
    ...planned,
    judges: judgesNeeded(judges, results),
    labId: reused?.id ?? runId,
    run,
    options,
    record,
    terminal,
    signal: signals.signal,
  })
  return withReports(run, withJudgeRecord(record, work, signals.signal), exitCodeOfChecks, signals.signal)
}

/** The judgement of a lab. `labId` is the id of the run that made the lab: this one, or an earlier one. */
type LabJudgement = JudgePlan & {
  judges: readonly PlannedJudge[]
  labId: string
  run: Run
  options: JudgeOptions
  record: JudgeRecord
  terminal: Terminal
  signal: AbortSignal
}

/** Builds what judges need before there is a lab, brings the lab up, and asks the judges in it. */
const judgeInLab = async (judgement: LabJudgement): Promise<void> => {
  const { plan, reused, judges, labId, run, options, record, terminal, signal } = judgement
  const source = await resolveImageSource(options)
  const { engine, images } = await prepareLabs(source, options, terminal, signal, reused?.images)
  run.results.environment = await environmentOf(engine, images)
  record.phases.started('judge programs', Date.now())
  const istioSource = options.istioSource
  const gatewayApiTests = judges.find(({ name }) => name === 'gateway-api')
  const program = gatewayApiTests && (await requireConformance(gatewayApiTests.version, terminal.building, signal))
  const istio = await readyIstioTests(judges, { images, istioSource, engine }, terminal.building, signal)
  const echo = await echoFor(images, options, engine, terminal, signal)
  const gatewayApi = await sourceGatewayApi()
  record.phases.ended('judge programs', Date.now(), 'pass')

  const stays = options.keep || reused !== undefined
  const lifetime = { keep: options.keep, reuse: reused !== undefined }
  await using lab = openLab({ runId: labId, plan, images, engine, ...lifetime, terminal, signal }, record.phases)
  await lab.bringUp()
  await using undo = new AsyncDisposableStack()
  const judged = istio === undefined ? lab.primaries : lab.clusters
  const archives = [
    ...('archive' in echo ? [echo.archive] : []),
    ...(istio?.servers ?? []).map((image) => image.archive),
  ]
  const { runId } = lab
  for (const { name } of judged)
    for (const archive of archives) await loadImage({ runId, cluster: name, kind: images.kind, archive }, signal)
  for (const cluster of lab.primaries) {
    const before = await requireGatewayApi(cluster, gatewayApi.version)
    // An installation that fails half-way leaves definitions, too.
    if (before === 'absent' && stays) undo.defer(() => removeGatewayApi(cluster, gatewayApi))
    await installGatewayApi(cluster, gatewayApi, signal)
  }
  const asking = {
    runId: run.results.run.id,
    echoImage: echo.name,
    folder: run.folder,
    timeout: options.timeout,
    terminal,
    signal,
  }
  await inJudgesPhase(
    record,
    async () => {
      await requireEchoIn(judged.map(asAsked(lab)), asking)
      if (program !== undefined)
        await judgeClusters(
          lab.primaries.map(asAsked(lab)),
          { ...asking, program, version: gatewayApiTests?.version ?? '', istio: images.roles['tag'] ?? 'unknown' },
          record,
        )
      if (istio !== undefined) await judgeLabByIstio(lab, { ...asking, ...istio, stays }, record)
    },
    signal,
  )
}

/**
 * The image of echo for a lab: the one that is named, else that of the release under test. Only an image that is built
 * here has an archive; any other is pulled by the clusters.
 */
const echoFor = async (
  images: Images,
  { echoImage, istioSource, registry }: JudgeOptions,
  engine: EngineInfo,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<EchoImage | { name: string }> => {
  if (echoImage !== undefined) return { name: echoImage }
  const { hub = '', tag = '' } = images.roles
  if (images.source === 'source') return sourceEcho({ istioSource, release: tag }, engine, terminal.building, signal)
  return { name: mirroredIn(registry, { name: `${hub}/app:${tag}`, digest: undefined }).name }
}

const removeGatewayApi = async ({ kube }: LabCluster, { manifests }: GatewayApiFiles): Promise<void> => {
  const texts = await Promise.all(manifests.map((path) => readFile(path, 'utf8')))
  for (const manifest of manifestsOf(texts.join('\n---\n'))) await kube.remove(refOf(manifest))
}

const asAsked =
  (lab: OpenLab) =>
  (cluster: LabCluster): AskedCluster => ({
    name: cluster.name,
    context: cluster.name,
    kube: cluster.kube,
    kubeconfig: cluster.kubeconfig,
    injection: injectionLabel(revisionOf(lab.topology)),
  })
