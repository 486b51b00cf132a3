import type { V1Service } from '@kubernetes/client-node'
import pMap from 'p-map'
import { reasonOf } from '#errors.ts'
import { addressesBehind } from '#diagnosis/addresses.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'
import { vantagePlace } from '#diagnosis/places.ts'
import { troubleOf } from '#diagnosis/pod-trouble.ts'
import { selects } from '#diagnosis/selects.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import { vantageIn } from '#diagnosis/vantage.ts'
import { dial, isSilence, type Vantage } from '#probes/dial.ts'
import { resolveIn } from '#probes/resolve.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

/** Every cluster has a ready name server, which knows the services that clusters share. */
export const dns: Layer = {
  name: 'dns',
  look: async (mesh) => {
    const looks = await pMap(mesh.clusters, (cluster) => namesIn(mesh, cluster), { concurrency: 4 })
    return {
      findings: looks.flatMap(({ findings }) => findings),
      seen: looks.flatMap(({ resolved }) => resolved).join(', ') || 'name servers are ready',
      notes: looks.flatMap(({ notes }) => notes),
    }
  },
}

type Names = { findings: Finding[]; resolved: string[]; notes: string[] }

/** How many services are asked for in a cluster. */
const asked = 5

const namesIn = async (mesh: Survey, cluster: SurveyedCluster): Promise<Names> => {
  const down = await nameServerDown(cluster)
  if (down.length > 0) return { findings: down, resolved: [], notes: [] }
  const services = (await sharedServices(mesh)).flatMap(({ host, perCluster }) =>
    perCluster.flatMap(({ cluster: having, service }) => (having === cluster && service ? [{ host, service }] : [])),
  )
  try {
    const [first] = services
    if (!first) return { findings: [], resolved: [], notes: [] }
    const vantage = await vantageIn(cluster)
    const wrong = await pMap(services.slice(0, asked), (service) => wrongName(cluster, vantage, service), {
      concurrency: 4,
    })
    return {
      findings: wrong.flat(),
      resolved: wrong.flat().length > 0 ? [] : [`${first.host} resolves in ${cluster.name}`],
      notes: services.length > asked ? [`${asked} of ${services.length} names were asked for in ${cluster.name}`] : [],
    }
  } catch (error) {
    return { findings: [], resolved: [], notes: [`no name was asked for in ${cluster.name}: ${reasonOf(error)}`] }
  }
}

/** What a name that does not resolve as it should is told with; that of another name is told with that. */
export const nameFinding = (
  cluster: Pick<SurveyedCluster, 'name' | 'context'>,
  { host, service: { metadata, spec } }: { host: string; service: V1Service },
  code: 'MP-970' | 'MP-972',
  evidence: string[],
): Finding => {
  const { namespace = '', name = '' } = metadata ?? {}
  const isOther = spec?.type === 'ExternalName'
  return {
    code,
    where: `${host} in ${cluster.name}`,
    ...(isOther ? { cause: 'a service stands for another name, which does not resolve in its cluster' } : {}),
    evidence: [
      ...evidence,
      ...(isOther
        ? [`service ${namespace}/${name} is of type ExternalName, for ${spec.externalName ?? 'nothing'}`]
        : []),
    ],
    fix: isOther
      ? kubectl(cluster, `-n ${namespace} get service ${name} -o yaml   # as in the other clusters?`)
      : kubectl(
          cluster,
          '-n kube-system get configmap coredns -o yaml   # and service kube-dns, and the log of the CoreDNS pods',
        ),
    clusters: [cluster.name],
  }
}

/** A service’s name that does not lead to the service’s own address. */
const wrongName = async (
  cluster: SurveyedCluster,
  vantage: Vantage,
  { host, service }: { host: string; service: V1Service },
): Promise<Finding[]> => {
  const place = vantagePlace(vantage, cluster)
  const finding = (code: 'MP-970' | 'MP-972', ...evidence: string[]): Finding[] => [
    nameFinding(cluster, { host, service }, code, evidence),
  ]
  const answer = await resolveIn(vantage, host)
  if (answer === undefined)
    return (await unresolvedByDialling(vantage, host, service)).flatMap((said) =>
      finding('MP-972', `${place} asked for it: ${said}`),
    )
  if (answer === 'no answer') return finding('MP-972', `${place} asked for it: the name server did not answer`)
  if (answer.addresses.length === 0)
    return finding(
      'MP-972',
      `${place} asked for it: it got no address: the name server does not know it, or cannot be reached`,
    )
  const own = addressesOf(service)
  return own.length === 0 || answer.addresses.some((address) => own.includes(address))
    ? []
    : finding(
        'MP-970',
        `${place} asked for it and got ${answer.addresses.join(', ')}`,
        `service ${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''} has ${own.join(', ')}`,
      )
}

const addressesOf = ({ spec }: V1Service): string[] => spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : [])

/**
 * What a dialler says of a name that it cannot resolve. A connection by name that gets no answer, where one to the
 * service’s address gets one, waits for the name server.
 */
const unresolvedByDialling = async (vantage: Vantage, host: string, service: V1Service): Promise<string[]> => {
  const port = service.spec?.ports?.[0]?.port ?? 80
  const byName = await dial(vantage, host, port)
  if (/lookup |no such host|server misbehaving/.test(byName.said)) return [byName.said]
  const [address] = addressesOf(service)
  if (byName.open || address === undefined || !isSilence(byName.said)) return []
  const byAddress = await dial(vantage, address, port)
  return byAddress.open || /refused/.test(byAddress.said)
    ? [`no answer by name, and one at ${byAddress.to}: ${byAddress.said}`]
    : []
}

/** The name server behind the service that every kubelet names to its pods; of another kind, nothing is said of it. */
const nameServerDown = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  const services = await cluster.reads.services()
  const service = services.find(
    ({ metadata, spec }) => metadata?.namespace === 'kube-system' && spec?.ports?.some(({ port }) => port === 53),
  )
  const name = service?.metadata?.name
  if (!service || name === undefined) return []
  if ((await addressesBehind(cluster, 'kube-system', name)).length > 0) return []
  const pods = (await cluster.reads.podsIn('kube-system')).filter(({ metadata }) => selects(service, metadata?.labels))
  return [
    {
      code: 'MP-971',
      where: `${cluster.name} kube-system/${name}`,
      evidence: [
        `service ${name} has no ready endpoint`,
        ...(pods.length === 0 ? ['no pod has the labels that it selects'] : []),
        ...pods.flatMap((pod) => {
          const trouble = troubleOf(pod, Date.now())
          return trouble ? [`${pod.metadata?.name ?? ''}: ${trouble.said}`] : []
        }),
      ],
      fix: kubectl(cluster, '-n kube-system get deployments,pods -l k8s-app=kube-dns'),
      clusters: [cluster.name],
      beneath: true,
    },
  ]
}
