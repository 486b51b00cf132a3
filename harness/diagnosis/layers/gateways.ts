import { istiodSlices, type Survey, type SurveyedCluster } from '#survey/survey.ts'
import { dial } from '#probes/dial.ts'
import { serverNamesOf } from '#probes/envoy.ts'
import { addressesBehind, portBehind } from '#diagnosis/addresses.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'
import { entrancesOf, networkGateways, type GatewayService, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import { vantageIn } from '#diagnosis/vantage.ts'
import { severalNetworks } from '#topology/networks.ts'

/**
 * Every network is entered through a gateway that has an address, passes on the mesh’s services, and opens its ports
 * to the others.
 */
export const gateways: Layer = {
  name: 'gateways',
  look: async (mesh) => {
    const all = severalNetworks(mesh) ? await networkGateways(mesh) : []
    const named = await Promise.all(all.map((one) => withoutEntrance(mesh, one)))
    if (named.flat().length > 0) return { findings: named.flat(), seen: '' }
    const found = await Promise.all([
      ...all.map((one) => closedPorts(mesh, one)),
      ...all.flatMap(({ services }) => services.map((one) => notPassedOn(mesh, one))),
      ...mesh.clusters.flatMap((one) => [closedToIstiod(one), closedNeighbours(mesh, one)]),
    ])
    const told = all.map((one) => `${one.network} at ${entrancesOf(one).join(', ')} open to the others`)
    const joined =
      mesh.clusters.some((one) => neighboursOf(mesh, one).length > 0) && (await sharedServices(mesh)).length > 0
    return {
      findings: found.flat(),
      seen:
        [...told, ...(joined ? ['pods of clusters on one network reach each other'] : [])].join('; ') ||
        'one network needs none',
    }
  },
}

/** Findings about the way into a network as it is written down (istio/istio#49045, istio/istio#43656). */
const withoutEntrance = async (
  mesh: Survey,
  { network, services, configured }: NetworkGateways,
): Promise<Finding[]> => {
  const [cluster] = mesh.clusters.filter((one) => one.network === network)
  if (!cluster) return []
  if (services.length === 0 && configured.length === 0) {
    return [
      {
        code: 'MP-881',
        where: network,
        evidence: [
          `no service of ${mesh.clusters
            .filter((one) => one.network === network)
            .map(({ name }) => name)
            .join(', ')} is labelled topology.istio.io/network=${network}, and meshNetworks names no gateway`,
        ],
        fix: kubectl(cluster, 'get services -A -l topology.istio.io/network'),
      },
    ]
  }
  const pending = services
    .filter(({ addresses }) => addresses.length === 0)
    .map((one): Finding => ({
      code: 'MP-882',
      where: nameOf(one),
      evidence: [`type ${one.service.spec?.type ?? ''}, no address in its status and no externalIPs`],
      fix: kubectl(
        one.cluster,
        `-n ${one.service.metadata?.namespace ?? ''} describe service ${one.service.metadata?.name ?? ''}`,
      ),
    }))
  if (pending.length > 0 && services.every(({ addresses }) => addresses.length === 0)) return pending
  const known = services.flatMap(({ addresses }) => addresses)
  const strange = configured.filter(
    ({ address }) => address === '0.0.0.0' || (known.length > 0 && !known.includes(address)),
  )
  if (strange.length > 0) {
    return strange.map(({ primary, address }) => ({
      code: 'MP-883' as const,
      where: `${primary.name} ${network}`,
      evidence: [`meshNetworks says ${address}, gateways of ${network} have ${known.join(', ') || 'none'}`],
      fix: kubectl(primary, `-n ${primary.istioNamespace} edit configmap istio`),
    }))
  }
  const behind = await Promise.all(
    services.map(async (one) => ({
      one,
      pods: await addressesBehind(one.cluster, one.service.metadata?.namespace ?? '', one.service.metadata?.name ?? ''),
    })),
  )
  return behind
    .filter(({ pods }) => pods.length === 0)
    .map(({ one }) => ({
      code: 'MP-887' as const,
      where: nameOf(one),
      evidence: ['its service has no ready endpoints'],
      fix: kubectl(one.cluster, `-n ${one.service.metadata?.namespace ?? ''} get pods,endpointslices`),
    }))
}

const nameOf = ({ cluster, service }: GatewayService): string =>
  `${cluster.name} ${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`

/** The port between networks, dialled from a pod of every cluster on another one. */
const closedPorts = async (mesh: Survey, one: NetworkGateways): Promise<Finding[]> => {
  const targets =
    one.configured.length > 0
      ? one.configured.map(({ address, port }) => ({ address, port }))
      : one.services.flatMap(({ addresses, port }) => addresses.map((address) => ({ address, port })))
  const from = mesh.clusters.filter(({ network }) => network !== one.network)
  return (
    await Promise.all(
      from.flatMap((cluster) => targets.map(({ address, port }) => closed(cluster, address, port, 'MP-885'))),
    )
  ).flat()
}

/**
 * istiod’s ports, dialled from a pod of a remote cluster at the addresses it knows (istio/istio#42327); the
 * webhook’s is 15017.
 */
const closedToIstiod = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  if (cluster.role === 'primary') return []
  const targets = (await istiodSlices(cluster)).flatMap(({ endpoints, ports }) =>
    (endpoints ?? [])
      .flatMap(({ addresses }) => addresses)
      .flatMap((address) => (ports ?? []).map(({ port }) => ({ address, port: port ?? 15012 }))),
  )
  return (await Promise.all(targets.map(({ address, port }) => closed(cluster, address, port, 'MP-886')))).flat()
}

/** Where no gateway is between clusters, pods reach pods: one pod of a shared service in each neighbour is dialled. */
const closedNeighbours = async (mesh: Survey, cluster: SurveyedCluster): Promise<Finding[]> => {
  const shared = (await sharedServices(mesh)).flatMap(({ perCluster }) => perCluster)
  return (
    await Promise.all(
      neighboursOf(mesh, cluster).map(async (neighbour) => {
        const served = shared.find((its) => its.cluster === neighbour && its.addresses.length > 0)
        const [address, first] = [served?.addresses[0], served?.service?.spec?.ports?.[0]]
        const port =
          served?.service &&
          first &&
          (await portBehind(
            neighbour,
            served.service.metadata?.namespace ?? '',
            served.service.metadata?.name ?? '',
            first,
          ))
        return address === undefined || port === undefined ? [] : closed(cluster, address, port, 'MP-888')
      }),
    )
  ).flat()
}

const neighboursOf = ({ clusters }: Survey, cluster: SurveyedCluster): SurveyedCluster[] =>
  clusters.filter((other) => other !== cluster && other.network === cluster.network)

const closed = async (
  cluster: SurveyedCluster,
  address: string,
  port: number,
  code: 'MP-885' | 'MP-886' | 'MP-888',
): Promise<Finding[]> => {
  const vantage = await vantageIn(cluster)
  const { open, to, said } = await dial(vantage, address, port)
  return open
    ? []
    : [
        {
          code,
          where: `${cluster.name} → ${to}`,
          evidence: [`from ${vantage.namespace}/${vantage.pod} of ${cluster.name}: ${said}`],
          fix: kubectl(
            cluster,
            `-n ${vantage.namespace} exec ${vantage.pod} -c istio-proxy -- pilot-agent wait --timeoutSeconds 2 ` +
              `--url http://${to}/`,
          ),
        },
      ]
}

/** A gateway’s live configuration has the name of every shared service that runs behind it (istio/istio#53690). */
const notPassedOn = async (mesh: Survey, one: GatewayService): Promise<Finding[]> => {
  const { cluster, service } = one
  const [namespace, name] = [service.metadata?.namespace ?? '', service.metadata?.name ?? '']
  const pods = await addressesBehind(cluster, namespace, name)
  const gateway = (await cluster.reads.proxies()).find(({ status }) => pods.includes(status?.podIP ?? ''))
  const port = service.spec?.ports?.find((its) => its.port === one.port)
  const listens = port && (await portBehind(cluster, namespace, name, port))
  const names =
    listens && gateway
      ? await serverNamesOf({ kube: cluster.kube, namespace, pod: gateway.metadata?.name ?? '' }, listens)
      : []
  const behind = (await sharedServices(mesh)).filter(({ perCluster }) =>
    perCluster.some((its) => its.cluster.network === cluster.network && its.meshed.length > 0),
  )
  const missing = behind.filter(({ host }) => !names.some((its) => its.endsWith(`_.${host}`)))
  if (missing.length === 0) return []
  return [
    {
      code: 'MP-884',
      where: nameOf(one),
      evidence: [
        !gateway
          ? 'no pod behind its service is a proxy of the mesh'
          : port
            ? `its proxy passes on ${names.length} names at ${one.port}, and not ${missing
                .slice(0, 5)
                .map(({ host }) => host)
                .join(', ')}`
            : `its service has no port ${one.port}`,
      ],
      fix: kubectl(cluster, 'get gateways.networking.istio.io -A -o yaml'),
    },
  ]
}
