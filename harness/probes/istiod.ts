import { z } from 'zod'
import type { KubeClient } from '#kube/client.ts'
import { readPage } from '#kube/pod-http.ts'
import { execIn, readyPod } from '#kube/pods.ts'
import { istiodApi, type IstioCluster, istiodSelector } from '#istio/istiod-pods.ts'

const RemoteClusters = z.array(
  z.object({ id: z.string(), syncStatus: z.string().default(''), secretName: z.string().default('') }),
)

const Shards = z.record(
  z.string(),
  z.record(
    z.string(),
    z.object({
      Shards: z
        .record(
          z.string(),
          z.array(z.object({ Addresses: z.array(z.string()), HealthStatus: z.number().optional() })).nullable(),
        )
        .nullable(),
    }),
  ),
)

const ProxySync = z.array(
  z.object({
    proxy: z.string(),
    cluster_id: z.string().default(''),
    cluster_sent: z.string().optional(),
    cluster_acked: z.string().optional(),
    listener_sent: z.string().optional(),
    listener_acked: z.string().optional(),
    route_sent: z.string().optional(),
    route_acked: z.string().optional(),
    endpoint_sent: z.string().optional(),
    endpoint_acked: z.string().optional(),
    resources: z.record(z.string(), z.object({ lastError: z.string().optional() })).optional(),
  }),
)

const ask = async (cluster: IstioCluster, path: string, pod?: string): Promise<unknown> => {
  const [kube, namespace] = [istiodApi(cluster), cluster.istioNamespace]
  const asked = pod ?? (await readyPod(kube, namespace, istiodSelector())).metadata?.name ?? ''
  return JSON.parse(await debugPage(kube, { namespace, pod: asked }, path))
}

/**
 * A debug page of an istiod, as text. istiod serves it to its own pod without authentication.
 * @throws MeshproofError MP-403 when it cannot be read within so many milliseconds.
 */
export const debugPage = (
  kube: KubeClient,
  istiod: { namespace: string; pod: string },
  path: string,
  within?: number,
): Promise<string> => readPage(kube, { ...istiod, port: 15014, path }, within)

const Version = z.object({ clientVersion: z.object({ version: z.string() }) })

/** The stamp of the program that an istiod pod runs. */
export const istiodRelease = async (kube: KubeClient, namespace: string, pod: string): Promise<string> => {
  const { stdout } = await execIn(kube, { namespace, pod, container: 'discovery' }, [
    'pilot-discovery',
    'version',
    '--output',
    'json',
  ])
  return Version.parse(JSON.parse(stdout)).clientVersion.version
}

/**
 * The clusters that istiod watches, and whether each was ever synced (istiod never takes that back). It asks any pod of
 * istiod, or the one that `pod` names.
 */
export const watchedClusters = async (cluster: IstioCluster, pod?: string): Promise<z.infer<typeof RemoteClusters>> =>
  RemoteClusters.parse(await ask(cluster, '/debug/clusterz', pod))

/** Istio’s number for an endpoint that clients are given. It also keeps those of pods that are not ready. */
const healthy = 1

/**
 * The addresses that istiod holds for every service and gives to clients, by host, namespace and cluster. It asks any
 * pod of istiod, or the one that `pod` names.
 */
export const allShards = async (
  cluster: IstioCluster,
  pod?: string,
): Promise<(host: string, namespace: string) => Record<string, string[]>> => {
  const shards = Shards.parse(await ask(cluster, '/debug/endpointShardz', pod))
  return (host, namespace) =>
    Object.fromEntries(
      Object.entries(shards[host]?.[namespace]?.Shards ?? {}).map(([shard, endpoints]) => [
        shard.replace('Kubernetes/', ''),
        (endpoints ?? [])
          .filter(({ HealthStatus = healthy }) => HealthStatus === healthy)
          .flatMap(({ Addresses }) => Addresses)
          .sort(),
      ]),
    )
}

/** The addresses istiod holds for a service, by cluster. */
export const endpointShards = async (
  cluster: IstioCluster,
  host: string,
  namespace: string,
  pod?: string,
): Promise<Record<string, string[]>> => (await allShards(cluster, pod))(host, namespace)

/** The mesh config that an istiod works with, defaults included. */
export const activeMeshConfig = (cluster: IstioCluster, pod?: string): Promise<unknown> =>
  ask(cluster, '/debug/mesh', pod)

const NetworkGateways = z
  .array(
    z.object({
      Network: z.string(),
      Cluster: z.string().default(''),
      Addr: z.string(),
      Port: z.number(),
      HBONEPort: z.number().default(0),
    }),
  )
  .nullable()

/** A gateway as istiod sends it to clients of other networks. */
export type KnownGateway = { network: string; cluster: string; address: string; port: number }

/**
 * The gateways that istiod knows, names resolved to addresses: those that clients of other networks are sent to. A
 * gateway of meshNetworks belongs to no cluster.
 */
export const knownGateways = async (cluster: IstioCluster, pod?: string): Promise<KnownGateway[]> =>
  gatewaysIn(await ask(cluster, '/debug/networkz', pod))

/**
 * The gateways in istiod’s page of them. Those that take HBONE alone are left out: they are for ambient meshes, and
 * sidecars send nothing there.
 * @throws ZodError for another page.
 */
export const gatewaysIn = (page: unknown): KnownGateway[] =>
  (NetworkGateways.parse(page) ?? [])
    .filter(({ Port, HBONEPort }) => Port !== 0 && Port !== HBONEPort)
    .map(({ Network, Cluster, Addr, Port }) => ({ network: Network, cluster: Cluster, address: Addr, port: Port }))

/** How far one proxy is behind: what is not acknowledged, and what it refused. */
export type ProxyState = { proxy: string; cluster: string; stale: string[]; refused: string[] }

/** Every proxy that is connected to istiod: to any of its pods, or to the one that `pod` names. */
export const proxyStates = async (cluster: IstioCluster, pod?: string): Promise<ProxyState[]> =>
  ProxySync.parse(await ask(cluster, '/debug/syncz', pod)).map((state) => ({
    proxy: state.proxy,
    cluster: state.cluster_id,
    stale: (
      [
        ['clusters', state.cluster_sent, state.cluster_acked],
        ['listeners', state.listener_sent, state.listener_acked],
        ['routes', state.route_sent, state.route_acked],
        ['endpoints', state.endpoint_sent, state.endpoint_acked],
      ] as const
    ).flatMap(([type, sent, acked]) => (sent === acked ? [] : [type])),
    refused: Object.entries(state.resources ?? {}).flatMap(([type, { lastError }]) =>
      lastError ? [`${type}: ${lastError}`] : [],
    ),
  }))
