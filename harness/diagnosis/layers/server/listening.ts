import type { V1Pod } from '@kubernetes/client-node'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { isIstios } from '#istio/intercepted.ts'
import type { Vantage } from '#probes/dial.ts'
import { clustersOf } from '#probes/envoy.ts'
import { listeningPorts } from '#probes/listening.ts'
import { serverOf, targetPorts } from './server-pod.ts'

/** What came of asking a server, and what could not be asked. */
export type Asked = { findings: Finding[]; notes: string[] }

/** A server whose program does not listen at a port that the service sends requests to, or on localhost alone. */
export const notListening = async (service: MeshService, part: ServiceIn): Promise<Asked> => {
  const pod = await serverOf(service, part)
  const ports = await targetPorts(service, part)
  if (!pod || ports.length === 0) return { findings: [], notes: [] }
  const [namespace, name] = [pod.metadata?.namespace ?? '', pod.metadata?.name ?? '']
  const vantage = { kube: part.cluster.kube, namespace, pod: name }
  const listening = await listeningPorts(vantage)
  if (!listening) return { findings: [], notes: [`${namespace}/${name} cannot say which ports its program listens on`] }
  const open = listening.filter(({ onlyLocal }) => !onlyLocal).map(({ port }) => port)
  const closed = ports.filter((port) => !open.includes(port))
  const local = closed.filter((port) => listening.some((listener) => listener.port === port))
  const [first] = closed
  if (first === undefined) {
    const dead = deadEndpoints(
      await clustersOf(vantage),
      ports,
      listening.map(({ port }) => port),
    )
    return { findings: dead.length > 0 ? [sentToNobody(service, part, pod, dead)] : [], notes: [] }
  }
  if (local.length > 0 && (await sentToLocalhost(vantage, local))) return { findings: [], notes: [] }
  const others = open.filter((port) => !isIstios(port))
  // A service often names more ports than its program opens; requests to the others are answered.
  const isPart = closed.length < ports.length
  return {
    findings: [
      {
        code: isPart ? 'MP-835' : 'MP-907',
        where: `${service.host} in ${part.cluster.name}`,
        ...(local.length > 0 && !isPart
          ? { cause: 'an application listens on localhost alone, and its sidecar asks the pod’s address' }
          : {}),
        evidence: [
          `requests go to port ${closed.join(', ')} of ${namespace}/${name}` +
            (local.length > 0 ? `, where it listens at 127.0.0.1 alone` : ', where nothing listens'),
          `it listens on ${others.join(', ') || 'no port'}`,
        ],
        fix:
          local.length > 0
            ? `let the program listen on 0.0.0.0:${first}`
            : kubectl(part.cluster, `-n ${service.namespace} get service ${service.name} -o yaml   # targetPort`),
        clusters: [part.cluster.name],
      },
    ],
    notes: [],
  }
}

/**
 * Where a server’s proxy sends what comes in at ports, by its clusters, although nothing listens there: a Sidecar’s
 * ingress can name any port of the pod.
 */
export const deadEndpoints = (
  held: ReadonlyMap<string, readonly { address: string; port: number }[]>,
  ports: readonly number[],
  listening: readonly number[],
): string[] =>
  ports.flatMap((port) =>
    (held.get(`inbound|${port}||`) ?? [])
      .filter((endpoint) => endpoint.port !== port && !listening.includes(endpoint.port))
      .map((endpoint) => `${endpoint.address}:${endpoint.port}`),
  )

const sentToNobody = (service: MeshService, { cluster }: ServiceIn, pod: V1Pod, dead: string[]): Finding => ({
  code: 'MP-907',
  where: `${service.host} in ${cluster.name}`,
  cause: 'a sidecar sends what it gets to a port where nothing listens, as a Sidecar’s ingress asks',
  evidence: [
    `the proxy of ${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''} sends requests to ${dead.join(', ')}, ` +
      'where nothing listens',
  ],
  fix: kubectl(cluster, `get sidecars.networking.istio.io -A -o yaml   # ingress.defaultEndpoint`),
  clusters: [cluster.name],
})

/** Whether a server’s proxy sends what comes in to localhost, as a Sidecar can ask for. */
const sentToLocalhost = async (vantage: Vantage, ports: number[]): Promise<boolean> =>
  [...(await clustersOf(vantage))].some(
    ([name, endpoints]) =>
      name.startsWith('inbound|') &&
      endpoints.some(({ address, port }) => address.startsWith('127.') && ports.includes(port)),
  )
