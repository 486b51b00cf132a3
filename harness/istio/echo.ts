import type { V1Pod } from '@kubernetes/client-node'
import type { KubeClient, Manifest } from '#kube/client.ts'
import { isReady } from '#kube/pods.ts'
import { until } from '#kube/until.ts'
import { fixture } from './fixture.ts'

/** The ports of echo’s services, by what is asked there. */
export const echoPorts = {
  http: 8080,
  websocket: 8081,
  bodies: 8082,
  headers: 8083,
  /** Where the services of several pods lead: the port of one pod has one declaration. */
  shared: 8084,
  http2: 8085,
  tls: 8443,
  grpc: 7070,
  grpcBodies: 7072,
  /** A server of gRPC whose port is declared as HTTP/1.1. */
  grpcAsHttp: 7071,
  /** The server speaks first. */
  tcp: 9091,
  /** The server speaks first, and the port is declared as nothing. */
  undeclared: 9092,
} as const

/** The name of the service whose only pods are those of the cluster with this version. */
export const echoService = (version: string): string => `echo-${version}`

/** The services of the echoes of all clusters; `near` prefers those that are near. */
export const echoServices = { all: 'echo-all', near: 'echo-near', pods: 'echo-pods' } as const

/** The name of the service that exists in the cluster with this version alone. */
export const echoOnly = (version: string): string => `echo-only-${version}`

/** The namespaces of the workloads and of what is outside of the mesh. */
type Namespaces = { mesh: string; outside: string }

/** Where echo runs: the cluster with its version, the namespaces, the image, and the versions of all clusters. */
export type EchoPlace = {
  cluster: string
  version: string
  namespaces: Namespaces
  image: string
  versions: readonly string[]
}

/**
 * The echo of a cluster: its pod, a service for the echo of every cluster of the mesh, those for all of them together,
 * and a server outside of the mesh.
 */
export const echoOf = async ({
  cluster,
  version,
  namespaces: { mesh: namespace, outside },
  image,
  versions,
}: EchoPlace): Promise<Manifest[]> => [
  ...(
    await Promise.all(versions.map((each) => fixture('workloads/echo-service.yaml', { namespace, version: each })))
  ).flat(),
  ...(await fixture('workloads/echo-services.yaml', { namespace, version })),
  ...(await fixture('workloads/echo.yaml', { namespace, version, cluster, image })),
  ...(await fixture('workloads/echo-outside.yaml', { namespace: outside, version, cluster, image })),
]

/** Where the host outside of the mesh runs: the labels of its pods. */
export const outsideSelector = 'app=echo-outside'

/** True once the echo of a cluster and its server outside of the mesh are ready. */
export const isEchoReady = async (kube: KubeClient, { mesh, outside }: Namespaces): Promise<boolean> => {
  const pods = await Promise.all([
    kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace: mesh, selector: 'app=echo' }),
    kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace: outside, selector: outsideSelector }),
  ])
  return pods.every((some) => some.some(isReady))
}

/** Waits until the echo of a cluster is ready. @throws MeshproofError MP-401 after two minutes. */
export const echoReady = (
  { name, kube }: { name: string; kube: KubeClient },
  namespaces: Namespaces,
  signal: AbortSignal,
): Promise<unknown> =>
  until(
    `${namespaces.mesh}/echo and ${namespaces.outside}/echo-outside are ready in ${name}`,
    () => isEchoReady(kube, namespaces),
    { every: 250, within: 120_000, signal },
  )
