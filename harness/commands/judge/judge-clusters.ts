import { ownerLabel, runLabel } from '#engine/labels.ts'
import { ownerOf } from '#engine/owner.ts'
import { namespaceOf } from '#istio/workloads.ts'
import type { KubeClient } from '#kube/client.ts'
import { clearNamespaces, removeNamespaces } from '#commands/test/existing/namespaces.ts'
import type { Terminal } from '#report/terminal.ts'
import { judgeGatewayApi, type JudgedCluster, judgeNamespaces, type Judging } from './gateway-api.ts'
import { asked, type JudgeRecord } from './judge-record.ts'
import { echoNamespace, requireEcho } from './require-echo.ts'

/** A cluster that judges are asked about, with its API. `context` is its name in messages. */
export type AskedCluster = JudgedCluster & { context: string; readonly kube: KubeClient }

/** What all clusters are judged with. */
export type Asking = Omit<Judging, 'owner'> & { terminal: Terminal }

/** The longest time for the pod that shows whether echo starts, in milliseconds: a cluster may have to pull it. */
const echoPatience = 120_000

/**
 * Requires of each cluster that it can start echo, and removes what other runs of judges left there.
 * @throws MeshproofError MP-140 and MP-144 where a namespace is somebody else’s, MP-371 where echo cannot start,
 * MP-146 where a namespace stays; the signal’s reason when it fires.
 */
export const requireEchoIn = async (
  clusters: readonly Pick<AskedCluster, 'name' | 'context' | 'kube'>[],
  { runId, echoImage, signal }: Pick<Asking, 'runId' | 'echoImage' | 'signal'>,
): Promise<void> => {
  const owner = await ownerOf(process.pid)
  for (const cluster of clusters) await clearNamespaces(cluster, [...judgeNamespaces, echoNamespace])
  for (const { name, context, kube } of clusters) {
    await using made = new AsyncDisposableStack()
    made.defer(() => removeNamespaces({ context, kube }, runId))
    await requireEcho({ name, kube, runId, owner, image: echoImage }, { every: 500, within: echoPatience, signal })
  }
}

/**
 * Judges clusters by gateway-api, one after the other: services of the same name in two clusters of a mesh are one
 * service, so the tests of one cluster would get answers from the other. Whatever is made in a cluster is removed
 * before the next one is judged.
 * @throws MeshproofError MP-146 where a namespace stays; the signal’s reason when it fires.
 */
export const judgeClusters = async (
  clusters: readonly AskedCluster[],
  asking: Asking,
  record: JudgeRecord,
): Promise<void> => {
  const owner = await ownerOf(process.pid)
  for (const cluster of clusters) {
    await using made = new AsyncDisposableStack()
    made.defer(() => removeNamespaces(cluster, asking.runId))
    await asked(`gateway-api in ${cluster.name}`, asking.terminal, record, async () => {
      await createJudgeNamespace(cluster, asking.runId, owner)
      return judgeGatewayApi(cluster, { ...asking, owner })
    })
  }
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
