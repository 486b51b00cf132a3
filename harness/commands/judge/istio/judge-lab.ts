import type { V1Namespace } from '@kubernetes/client-node'
import type { EngineInfo } from '#engine/docker.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import type { Images } from '#images/images.ts'
import { type EchoImage, type IstioTests, istioTestServers } from '#images/source/source-judges.ts'
import type { Ref } from '#kube/client.ts'
import { asItIs } from '#kube/put-in-place.ts'
import { until } from '#kube/until.ts'
import type { LabCluster } from '#lab/lab.ts'
import type { Terminal } from '#report/terminal.ts'
import type { OpenLab } from '#run/open-lab.ts'
import { asked, type JudgeRecord } from '#commands/judge/judge-record.ts'
import { istioGroups, type PlannedJudge } from '#commands/judge/plan-judges.ts'
import { requireIstioTests } from '#commands/judge/programs.ts'
import { type IstioJudge, istioList, type KnownFailure } from './istio-list.ts'
import { judgeIstio, type TestedCluster } from './judge-istio.ts'
import { prepareMesh } from './prepare-mesh.ts'

/** Istio’s judges that are asked, with their programs and the images of the servers that they need. */
export type IstioTestsReady = {
  asked: IstioJudge[]
  known: KnownFailure[]
  tests: IstioTests
  servers: EchoImage[]
  hub: string
  tag: string
}

/**
 * Builds what Istio’s judges need, where one of them is asked. Servers are built for images from source; clusters
 * pull published ones.
 * @throws MeshproofError MP-370 as requireIstioTests does.
 */
export const readyIstioTests = async (
  planned: readonly PlannedJudge[],
  { images, istioSource, engine }: { images: Images; istioSource: string | undefined; engine: EngineInfo },
  progress: (now: BuildProgress) => void,
  signal: AbortSignal,
): Promise<IstioTestsReady | undefined> => {
  const { judges, known } = await istioList()
  const wanted = judges.filter(({ name }) => planned.some((judge) => judge.name === name))
  if (wanted.length === 0) return undefined
  const { hub = '', tag = '' } = images.roles
  const packages = [...new Set(wanted.map((judge) => judge.package))]
  const tests = await requireIstioTests({ istioSource, release: tag, packages }, progress, signal)
  const servers =
    packages.includes('security') && images.source === 'source'
      ? await istioTestServers({ istioSource, release: tag }, engine, progress, signal)
      : []
  return { asked: wanted, known, tests, servers, hub, tag }
}

type LabAsking = IstioTestsReady & {
  echoImage: string
  folder: string
  timeout: number
  /** Whether the lab stays up, and must be as it was before. */
  stays: boolean
  terminal: Terminal
  signal: AbortSignal
}

/**
 * Asks Istio’s judges about a lab, one after the other. Where the lab stays, what was changed for them is taken back.
 * @throws MeshproofError as prepareMesh does; MP-401 where a namespace of the tests stays; the signal’s reason when
 * it fires.
 */
export const judgeLabByIstio = async (
  lab: OpenLab,
  { asked: judges, stays, terminal, ...asking }: LabAsking,
  record: JudgeRecord,
): Promise<void> => {
  const { topology, clusters } = lab
  const groups = judges.flatMap((judge) =>
    istioGroups(topology, judge)
      .filter(({ skipped }) => skipped === undefined)
      .map((group) => ({ judge, names: group.clusters })),
  )
  if (groups.length === 0) return
  const changes = new AsyncDisposableStack()
  await using undo = new AsyncDisposableStack()
  if (stays) undo.use(changes)
  const restores = await Promise.all(
    lab.primaries.map(({ kube, istioNamespace }) => asItIs(kube, gatewayIn(istioNamespace))),
  )
  const clear = async (): Promise<void> => {
    await Promise.all(clusters.map(removeTestNamespaces))
    await Promise.all(restores.map((restore) => restore()))
  }
  await clear()
  changes.defer(clear)
  await prepareMesh(
    lab,
    judges.some(({ ingress }) => ingress),
    changes,
    asking.signal,
  )
  const tested = clusters.map(testedOf(lab))
  for (const [index, { judge, names }] of groups.entries()) {
    if (index > 0) await clear()
    const { istioNamespace, revision, name } = topology
    await asked(`${judge.name} in ${names.join(', ')}`, terminal, record, () =>
      judgeIstio(
        judge,
        tested.filter((cluster) => names.includes(cluster.name)),
        { ...asking, istioNamespace, revision, topology: name, imageSource: lab.images.source },
      ),
    )
  }
}

const testedOf =
  ({ primary }: OpenLab) =>
  ({ name, network, kubeconfig, role }: LabCluster): TestedCluster => ({
    name,
    network,
    kubeconfig,
    ...(role === 'remote' ? { primary: primary.name } : {}),
  })

/** The Gateway between networks. TestWorkloadEntryGateway applies its own under the same name, and deletes it. */
const gatewayIn = (namespace: string): Ref => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  name: 'cross-network-gateway',
  namespace,
})

/** The label of every namespace that Istio’s tests make. */
const testLabel = 'istio-testing=istio-test'

/** Tests delete their namespaces and do not wait; tests that were stopped leave them. */
const removeTestNamespaces = async ({ name: cluster, kube }: LabCluster): Promise<void> => {
  const left = (): Promise<V1Namespace[]> =>
    kube.list<V1Namespace>({ apiVersion: 'v1', kind: 'Namespace', selector: testLabel })
  for (const { metadata: { name = '' } = {} } of await left())
    await kube.remove({ apiVersion: 'v1', kind: 'Namespace', name })
  await until(`the namespaces of Istio’s tests are gone from ${cluster}`, async () => (await left()).length === 0, {
    every: 500,
    within: 120_000,
  })
}
