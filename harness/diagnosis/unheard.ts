import type { V1Deployment } from '@kubernetes/client-node'
import { dial, type Vantage } from '#probes/dial.ts'
import { greet } from '#probes/handshake.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { readyPodIn } from './clients.ts'
import { kubectl, type Finding } from './layer.ts'
import { serverOf, targetPort } from './layers/server/server-pod.ts'
import { takingTlsAlone } from './layers/transport.ts'
import { scaledToNothing } from './layers/workloads/missing-pods.ts'
import { placeOf, vantagePlace } from './places.ts'
import type { RequestAccount } from './request-account.ts'
import { selects } from './selects.ts'
import { sharedServices, type MeshService, type ServiceIn } from './shared-services.ts'

/**
 * A client whose requests never reached the server of its own cluster. Where none is there, its workload may be scaled
 * to nothing; otherwise the client asks that pod itself, past its own proxy. Either the pod takes no connection, or its
 * program hears what its sidecar should take. Without curl in the client’s proxy the second is not seen.
 * @throws MeshproofError MP-403 where the client runs no command, MP-602 where it is too slow to judge what it sees.
 */
export const unheardServer = async (mesh: Survey, account: RequestAccount): Promise<Finding[]> => {
  const { from, host, client } = account
  const heardNothing = account.servers.some(({ cluster, lines }) => cluster === from && lines.length === 0)
  const cluster = mesh.clusters.find(({ name }) => name === from)
  const service = (await sharedServices(mesh)).find((candidate) => candidate.host === host)
  const part = service?.perCluster.find((candidate) => candidate.cluster === cluster)
  if (!heardNothing || client.lines.length === 0 || !cluster || !service || !part) return []
  const idle = await idleWorkload(service, part)
  if (idle) return [scaledToNothing('MP-961', cluster, idle, [service.name])]
  const [server, port] = [await serverOf(service, part), await targetPort(service, part)]
  const caller = await readyPodIn(cluster, client)
  const address = server?.status?.podIP
  if (!server || !caller || address === undefined || port === 0) return []
  const vantage: Vantage = { kube: cluster.kube, namespace: client.namespace, pod: caller.metadata?.name ?? '' }
  const inCaller = (command: string): string =>
    kubectl(cluster, `-n ${vantage.namespace} exec ${vantage.pod} -c istio-proxy -- ${command}`)
  const place = { where: `${host} in ${from}`, clusters: [from] }
  const { open, to, said } = await dial(vantage, address, port)
  if (!open)
    return [
      {
        code: 'MP-927',
        ...place,
        evidence: [
          `from ${vantagePlace(vantage, cluster)}: ${said}`,
          `${address} is ${placeOf(server)}, which is ready, and its proxy saw none of the requests`,
        ],
        fix: inCaller(`pilot-agent wait --timeoutSeconds 2 --url http://${to}/`),
      },
    ]
  if ((await takingTlsAlone(mesh, [service])).length === 0) return []
  const serverName = `outbound_.${part.service?.spec?.ports?.[0]?.port ?? port}_._.${host}`
  if ((await greet(vantage, address, port, serverName)) !== 'other') return []
  return [
    {
      code: 'MP-982',
      ...place,
      evidence: [
        `${placeOf(server)} answers a TLS greeting at ${to} with plaintext: its program hears what is for its sidecar`,
        'its proxy saw none of the requests, and no setting of the pod leaves the port out: the packet rules in its ' +
          'network are missing, which istio-init or Istio’s network plugin makes',
      ],
      fix: kubectl(
        cluster,
        `-n ${service.namespace} delete pod ${server.metadata?.name ?? ''}   # it starts with new rules`,
      ),
    },
  ]
}

/** The deployment that a service without a pod in a cluster should have them of, where it is scaled to nothing. */
const idleWorkload = async (
  { namespace }: MeshService,
  { cluster, service, pods }: ServiceIn,
): Promise<V1Deployment | undefined> => {
  if (!service || pods.length > 0) return undefined
  const deployments = await cluster.reads.deployments().catch((): V1Deployment[] => [])
  return deployments.find(
    ({ metadata, spec }) =>
      metadata?.namespace === namespace && spec?.replicas === 0 && selects(service, spec.template.metadata?.labels),
  )
}
