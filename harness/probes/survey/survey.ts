import type { V1EndpointSlice, V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import { z } from 'zod'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import { withoutCredentials } from '#kube/proxy.ts'
import { inOneLine, shellWord } from '#results/text.ts'
import { tagOf } from '#images/version.ts'
import { meshNetworksIn } from '#istio/mesh-networks.ts'
import { proxyOf, variableOf } from '#istio/proxy-container.ts'
import { severalNetworks } from '#topology/networks.ts'
import { primariesOf } from '#topology/roles.ts'
import { defaultIstioNamespace, type ProcedureName } from '#topology/topology-schema.ts'
import type { ContextCluster } from './contexts.ts'
import { placeIn } from './injection-path.ts'
import { injectorMapOf, meshMapOf } from './mesh-config.ts'
import { type Reads, readsOf } from './reads.ts'
import { requireIstio } from './require-istio.ts'

/** One cluster of an existing mesh, as it describes itself. */
export type SurveyedCluster = ContextCluster & {
  /** Istio’s name for it; the name of the context where Istio has none. */
  name: string
  role: 'primary' | 'remote'
  /** Its network; empty where it names none. */
  network: string
  /** The id that it gives its mesh; undefined where it gives none. */
  meshId?: string | undefined
  kubernetes: string
  /** Version of its control plane, for a remote of its proxies: the tag of their image; empty where nothing runs. */
  istio: string
  /** Istio’s root namespace: the same in every cluster. */
  istioNamespace: string
  /**
   * The cluster in which the istiod of this one runs, where that is another: this is the config cluster of an external
   * control plane. `istiodKube` is the API of that cluster, and `reads` reads its istiods.
   */
  istiodHost?: SurveyedCluster
  istiodKube?: KubeClient
  reads: Reads
}

/** The cluster in which the istiod of a primary runs. */
export const hostOf = (cluster: SurveyedCluster): SurveyedCluster => cluster.istiodHost ?? cluster

/**
 * An existing mesh, and the documented topology that it resembles. `domain` is the end of its services’ names:
 * `cluster.local`.
 */
export type Survey = { clusters: SurveyedCluster[]; topology: ProcedureName; domain: string; istioNamespace: string }

/**
 * Looks at clusters until it knows who is who: names, roles, networks, versions.
 * @throws MeshproofError MP-115 when two contexts lead to one cluster, MP-117 when a cluster cannot be looked at,
 * MP-118 when one has no Istio, MP-147 when one has its Istio in another namespace.
 */
export const survey = async (contexts: ContextCluster[], istioNamespace = defaultIstioNamespace): Promise<Survey> => {
  const looks = await Promise.all(
    contexts.map(async (cluster) => {
      try {
        return await lookAt(cluster, istioNamespace)
      } catch (error) {
        if (error instanceof MeshproofError && ['MP-118', 'MP-147'].includes(error.code)) throw error
        throw new MeshproofError('MP-117', {
          what: 'The cluster cannot be looked at',
          where: [`context ${cluster.context}`, ...wayOf(cluster)].join(', '),
          why: reasonOf(error),
          next:
            `Try kubectl --context=${shellWord(cluster.context)} get namespaces: its server must answer, and let you ` +
            `list them and what is in ${istioNamespace}.`,
          cause: error,
        })
      }
    }),
  )
  const twin = looks.find(({ uid }, index) => looks.findIndex((other) => other.uid === uid) !== index)
  if (twin) {
    const twins = looks.filter(({ uid }) => uid === twin.uid).map(({ cluster: { context } }) => context)
    throw new MeshproofError('MP-115', {
      what: 'Two contexts lead to the same cluster',
      where: twins.join(', '),
      next: 'Name every cluster of the mesh once: --contexts=A,B.',
    })
  }
  const clusters = await withConfigClusters(looks)
  return {
    clusters,
    topology: await resemblance(clusters),
    domain: looks.find(({ domain }) => domain)?.domain ?? 'cluster.local',
    istioNamespace,
  }
}

/** How a context leads to its cluster: its server, and the proxy before it. */
const wayOf = ({ kube }: ContextCluster): string[] => {
  const { server, proxyUrl } = kube.config.getCurrentCluster() ?? {}
  return [
    ...(server ? [withoutCredentials(server)] : []),
    ...(proxyUrl ? [`through the proxy ${withoutCredentials(proxyUrl)}`] : []),
  ]
}

const InjectorValues = z.object({
  global: z.object({
    meshID: z.string().optional(),
    network: z.string().optional(),
    multiCluster: z.object({ clusterName: z.string().optional() }).optional(),
  }),
})

/** The cluster, network and mesh that an injector gives new proxies. For a remote, its webhook’s path has them. */
export const injectedWith = async (
  reads: Reads,
): Promise<{ cluster?: string | undefined; network?: string | undefined; mesh?: string | undefined }> => {
  const [istiods, map, injectors] = await Promise.all([reads.istiods(), injectorMapOf(reads), reads.injectors()])
  const paths = injectors.flatMap(({ webhooks }) =>
    (webhooks ?? []).flatMap(
      ({ clientConfig }) => clientConfig.service?.path ?? (clientConfig.url ? new URL(clientConfig.url).pathname : []),
    ),
  )
  const { cluster, network } = paths.map(placeIn).find((place) => place.cluster !== undefined) ?? {}
  const values =
    istiods.length === 0 ? undefined : InjectorValues.safeParse(JSON.parse(map?.data?.['values'] ?? '{}')).data?.global
  return {
    cluster: cluster ?? values?.multiCluster?.clusterName,
    network: network ?? values?.network,
    mesh: values?.meshID,
  }
}

/**
 * A cluster as it describes itself. `istiodFor` is the name that its istiod goes by, and `injectsFor` the one that its
 * injector gives new proxies. `injects` is false where every injector leads to another namespace: then the cluster has
 * no workloads of this mesh.
 */
type Sight = {
  cluster: SurveyedCluster
  uid: string
  domain: string | undefined
  istiodFor: string | undefined
  injectsFor: string | undefined
  injects: boolean
}

/**
 * Finds external control planes. Such an istiod goes by the name of another cluster, which has none, and has a
 * kubeconfig of that cluster. The other is then the primary. The cluster that istiod runs in is a remote one where it
 * has workloads of the mesh, and otherwise no cluster of the mesh.
 */
const withConfigClusters = async (looks: Sight[]): Promise<SurveyedCluster[]> => {
  const pairs = (
    await Promise.all(
      looks.map(async ({ cluster: host, istiodFor, injectsFor, injects }) => {
        if (istiodFor === undefined || istiodFor === injectsFor) return []
        const config = looks.find((other) => other.istiodFor === undefined && other.injectsFor === istiodFor)?.cluster
        const secrets = config ? await host.reads.secrets().catch(() => []) : []
        const isExternal = secrets.some(({ metadata }) => metadata?.name === 'istio-kubeconfig')
        return config && isExternal
          ? [
              {
                config,
                host,
                injects,
                asRemote: { ...host, role: 'remote' as const, name: injectsFor ?? host.context },
              },
            ]
          : []
      }),
    )
  ).flat()
  return looks.flatMap(({ cluster }): SurveyedCluster[] => {
    const hosted = pairs.find(({ host }) => host === cluster)
    if (hosted) return hosted.injects ? [hosted.asRemote] : []
    const external = pairs.find(({ config }) => config === cluster)
    if (!external) return [cluster]
    const { asRemote: host } = external
    const reads = readsOf(cluster.kube, cluster.istioNamespace, host.kube)
    return [{ ...cluster, role: 'primary', istio: host.istio, istiodHost: host, istiodKube: host.kube, reads }]
  })
}

/** Whether an injector leads to a control plane in a namespace. One that leads to a URL may belong to any. */
const leadsTo = ({ webhooks = [] }: V1MutatingWebhookConfiguration, istioNamespace: string): boolean =>
  webhooks.some(({ clientConfig }) => (clientConfig.service?.namespace ?? istioNamespace) === istioNamespace)

const lookAt = async (context: ContextCluster, istioNamespace: string): Promise<Sight> => {
  const reads = readsOf(context.kube, istioNamespace)
  const [kubernetes, namespaces] = await Promise.all([reads.version(), reads.namespaces()])
  const namespace = (name: string): (typeof namespaces)[number] | undefined =>
    namespaces.find(({ metadata }) => metadata?.name === name)
  await requireIstio(context, reads, istioNamespace)
  const [istiods, proxies, injected, injectors] = await Promise.all([
    reads.istiods(),
    reads.proxies(),
    injectedWith(reads),
    reads.injectors(),
  ])
  const ofProxies = (variable: string): string | undefined =>
    mostFrequent(proxies.flatMap((pod) => variableOf(proxyOf(pod), variable) || []))
  const discovery = istiods[0]?.spec?.template.spec?.containers.find(({ name }) => name === 'discovery')
  const image = discovery?.image ?? proxies.map(proxyOf).find((proxy) => proxy)?.image
  const istiodFor = variableOf(discovery, 'CLUSTER_ID')
  const injectsFor = injected.cluster ?? ofProxies('ISTIO_META_CLUSTER_ID')
  return {
    istiodFor: istiods.length > 0 ? (istiodFor ?? injectsFor) : undefined,
    injectsFor,
    injects: injectors.length === 0 || injectors.some((injector) => leadsTo(injector, istioNamespace)),
    uid: namespace('kube-system')?.metadata?.uid ?? context.context,
    domain: proxies
      .flatMap((pod) => proxyOf(pod)?.args ?? [])
      .map((argument) => /\.svc\.([a-z\d]([a-z\d.-]*[a-z\d])?)$/i.exec(argument)?.[1])
      .find((domain) => domain),
    cluster: {
      ...context,
      reads,
      istioNamespace,
      meshId: injected.mesh ?? ofProxies('ISTIO_META_MESH_ID'),
      kubernetes,
      name: istiodFor ?? injectsFor ?? context.context,
      role: istiods.length > 0 ? 'primary' : 'remote',
      network: namespace(istioNamespace)?.metadata?.labels?.['topology.istio.io/network'] ?? injected.network ?? '',
      istio: tagOf(image),
    },
  }
}

/** The value that occurs most often, the first of equals: a few proxies may have a wrong one. */
const mostFrequent = (values: string[]): string | undefined => {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].toSorted(([, first], [, second]) => second - first)[0]?.[0]
}

/**
 * The documented topology that clusters resemble: by control planes and networks, and by how gateways and istiod are
 * found.
 */
const resemblance = async (clusters: SurveyedCluster[]): Promise<ProcedureName> => {
  const primaries = primariesOf({ clusters })
  const several = severalNetworks({ clusters })
  if (primaries.some(({ istiodHost }) => istiodHost)) return 'external-control-plane'
  if (primaries.length > 1) return several ? 'multi-primary-multi-network' : 'multi-primary'
  if (several) {
    const declared = Object.values(
      meshNetworksIn(primaries[0] && (await meshMapOf(primaries[0].reads, 'meshNetworks'))) ?? {},
    )
    return declared.some((network) => network?.endpoints?.length) ? 'gateway' : 'primary-remote'
  }
  const pods = (await Promise.all(primaries.map(({ reads }) => reads.istiodPods())))
    .flat()
    .flatMap(({ status }) => status?.podIP ?? [])
  const slices = (await Promise.all(clusters.filter(({ role }) => role === 'remote').map(istiodSlices))).flat()
  const captured = slices.some(({ endpoints }) =>
    (endpoints ?? []).some(({ addresses }) => addresses.some((address) => pods.includes(address))),
  )
  return captured ? 'shared-control-plane' : 'vpn'
}

/** Where a cluster’s proxies find istiod, of every revision: the endpoints of its services. */
const istiodSlices = async ({ reads, istioNamespace }: SurveyedCluster): Promise<V1EndpointSlice[]> =>
  (await reads.slices()).filter(
    ({ metadata }) =>
      metadata?.namespace === istioNamespace && metadata.labels?.['kubernetes.io/service-name']?.startsWith('istiod'),
  )

/** What a topology is, in words. */
const resembles: Record<ProcedureName, string> = {
  vpn: 'one control plane, one network',
  'shared-control-plane': 'one control plane at its pod’s address, one network',
  gateway: 'one control plane, several networks, gateways named in meshNetworks',
  'primary-remote': 'one control plane, several networks, gateways found by their labels',
  'multi-primary': 'several control planes, one network',
  'multi-primary-multi-network': 'several control planes, several networks',
  'external-control-plane': 'one control plane, in another cluster than its configuration',
}

/** The clusters that are looked at, in lines. */
export const meshLines = ({
  clusters,
  topology,
}: {
  topology: ProcedureName
  clusters: (Omit<SurveyedCluster, 'reads' | 'kube' | 'istiodHost'> & { istiodHost?: { name: string } })[]
}): string[] => [
  `${clusters.length} clusters, like topology ${topology}: ${resembles[topology]}`,
  ...clusters.map(({ context, name, role, network, kubernetes, istio, istiodHost }) => {
    const words = [
      name,
      network ? `${role}, ${network}` : role,
      ...(istiodHost ? [`istiod in ${istiodHost.name}`] : []),
      `Kubernetes ${kubernetes}, Istio ${istio || 'unknown'}`,
      ...(context === name ? [] : [`(context ${context})`]),
    ]
    return `  ${words.map(inOneLine).join('  ')}`
  }),
]

/** What the clusters call their mesh, where they do not agree: it is a name for telemetry (istio/istio#46388). */
export const differentMeshIds = ({ clusters }: Pick<Survey, 'clusters'>): string[] => {
  const stated = clusters.filter(({ meshId }) => meshId !== undefined)
  return new Set(stated.map(({ meshId }) => meshId)).size < 2
    ? []
    : stated.map(({ name, meshId }) => `${name} calls its mesh ${meshId ?? ''}`)
}
