import pMap from 'p-map'
import { reasonOf } from '#errors.ts'
import { addressesBehind } from '#diagnosis/addresses.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'
import { vantagePlace } from '#diagnosis/places.ts'
import { troubleOf } from '#diagnosis/pod-trouble.ts'
import { selects } from '#diagnosis/selects.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import { vantageIn } from '#diagnosis/vantage.ts'
import { dial } from '#probes/dial.ts'
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

const namesIn = async (mesh: Survey, cluster: SurveyedCluster): Promise<Names> => {
  const down = await nameServerDown(cluster)
  if (down.length > 0) return { findings: down, resolved: [], notes: [] }
  const service = (await sharedServices(mesh)).find(({ perCluster }) =>
    perCluster.some((part) => part.cluster === cluster && part.service !== undefined),
  )
  if (!service) return { findings: [], resolved: [], notes: [] }
  try {
    const vantage = await vantageIn(cluster)
    const port = service.perCluster.find((part) => part.cluster === cluster)?.service?.spec?.ports?.[0]?.port ?? 80
    const { said } = await dial(vantage, service.host, port)
    if (!/lookup |no such host|server misbehaving/.test(said))
      return { findings: [], resolved: [`${service.host} resolves in ${cluster.name}`], notes: [] }
    return {
      findings: [
        {
          code: 'MP-972',
          where: `${service.host} in ${cluster.name}`,
          evidence: [`${vantagePlace(vantage, cluster)} asked for it: ${said}`],
          fix: kubectl(cluster, '-n kube-system logs -l k8s-app=kube-dns --tail=50'),
          clusters: [cluster.name],
        },
      ],
      resolved: [],
      notes: [],
    }
  } catch (error) {
    return { findings: [], resolved: [], notes: [`no name was asked for in ${cluster.name}: ${reasonOf(error)}`] }
  }
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
    },
  ]
}
