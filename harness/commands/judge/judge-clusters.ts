import { ownerLabel, runLabel } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { namespaceOf } from '#istio/workloads.ts'
import type { KubeClient } from '#kube/client.ts'
import { clearNamespaces, removeNamespaces } from '#commands/test/existing/namespaces.ts'
import type { Terminal } from '#report/terminal.ts'
import { judgeGatewayApi, type JudgedCluster, judgeNamespaces, type Judging } from './gateway-api.ts'
import type { JudgeRecord } from './judge-record.ts'
import { echoNamespace, requireEcho } from './require-echo.ts'

/** A cluster that judges are asked about, with its API. `context` is its name in messages. */
export type AskedCluster = JudgedCluster & { context: string; readonly kube: KubeClient }

/** What all clusters are judged with. */
export type Asking = Omit<Judging, 'owner'> & { terminal: Terminal }

/** The longest time for the pod that shows whether echo starts, in milliseconds: a cluster may have to pull it. */
const echoPatience = 120_000

/**
 * Judges clusters, one after the other, as the phase `judges`: services of the same name in two clusters of a mesh are
 * one service, so the tests of one cluster would get answers from the other. Whatever is made in a cluster is removed
 * before the next one is judged.
 * @throws MeshproofError MP-140 and MP-144 where a namespace is somebody else’s, MP-371 where echo cannot start,
 * MP-146 where a namespace stays; the signal’s reason when it fires.
 */
export const judgeClusters = async (
  clusters: readonly AskedCluster[],
  asking: Asking,
  record: JudgeRecord,
): Promise<void> => {
  const { phases, judged } = record
  const owner = await ownerOf(process.pid)
  phases.started('judges', Date.now())
  try {
    for (const cluster of clusters) await clearNamespaces(cluster, [...judgeNamespaces, echoNamespace])
    for (const cluster of clusters) {
      await using made = new AsyncDisposableStack()
      made.defer(() => removeNamespaces(cluster, asking.runId))
      await requireEcho(
        { ...cluster, kube: cluster.kube, runId: asking.runId, owner, image: asking.echoImage },
        { every: 500, within: echoPatience, signal: asking.signal },
      )
    }
    for (const cluster of clusters) {
      await using made = new AsyncDisposableStack()
      made.defer(() => removeNamespaces(cluster, asking.runId))
      const title = `gateway-api in ${cluster.name}`
      asking.terminal.started(title)
      await createJudgeNamespace(cluster, asking.runId, owner)
      const result = await judgeGatewayApi(cluster, { ...asking, owner })
      if (result.verdict === 'not-run') asking.terminal.problem(`${title}: ${result.reason}`)
      asking.terminal.ended(
        title,
        result.seconds,
        result.verdict === 'pass' ? 'pass' : result.verdict === 'fail' ? 'fail' : 'not-run',
      )
      judged(result)
    }
  } catch (error) {
    phases.ended('judges', Date.now(), asking.signal.aborted ? 'not-run' : 'fail', error)
    throw error
  }
  phases.ended('judges', Date.now(), record.failed() ? 'fail' : 'pass')
}

/**
 * Makes the namespace of the tests, which they then use as it is, with a policy that accepts plain requests too: one
 * test sends requests to addresses of pods, and a client’s proxy sends those without mutual TLS.
 */
const createJudgeNamespace = async ({ kube }: AskedCluster, runId: string, owner: string): Promise<void> => {
  const [namespace] = judgeNamespaces
  await kube.create(namespaceOf(namespace, { [runLabel]: runId }, { [ownerLabel]: owner }))
  await kube.create({
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace },
    spec: { mtls: { mode: 'PERMISSIVE' } },
  })
}
