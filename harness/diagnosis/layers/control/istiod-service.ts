import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { placeOf, vantagePlace } from '#diagnosis/places.ts'
import { selects } from '#diagnosis/selects.ts'
import { dialFrom } from '#diagnosis/vantage.ts'
import { isReady } from '#kube/pods.ts'
import { hostOf, type SurveyedCluster } from '#probes/survey/survey.ts'

/** The port at which proxies ask istiod for certificates and configuration. */
const discoveryPort = 15012

/**
 * A service of istiod that does not lead to a ready one, in istiod’s own cluster. Proxies that are connected stay so,
 * and none starts. How remote clusters reach istiod is for other layers.
 * @throws MeshproofError MP-122 where no pod can dial, and as `dial` does.
 */
export const closedIstiodService = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  if (hostOf(cluster) !== cluster) return []
  const [pods, services] = await Promise.all([cluster.reads.istiodPods(), cluster.reads.services()])
  const offering = services.filter(
    (service) =>
      service.metadata?.namespace === cluster.istioNamespace &&
      service.spec?.ports?.some(({ port }) => port === discoveryPort) &&
      pods.some((pod) => isReady(pod) && selects(service, pod.metadata?.labels)),
  )
  const perService = await Promise.all(
    offering.map(async (service): Promise<Finding[]> => {
      const address = service.spec?.clusterIP
      if (!address || address === 'None') return []
      const { open, to, said, vantage } = await dialFrom(cluster, address, discoveryPort)
      if (open) return []
      const { namespace = '', name = '' } = service.metadata ?? {}
      const target = service.spec?.ports?.find(({ port }) => port === discoveryPort)?.targetPort ?? discoveryPort
      return [
        {
          code: 'MP-849',
          where: `${cluster.name} ${placeOf(service)}`,
          evidence: [
            `from ${vantagePlace(vantage, cluster)}: ${to} ${said}`,
            `the service sends port ${discoveryPort} to port ${target} of istiod’s pods`,
          ],
          fix: kubectl(cluster, `-n ${namespace} get service ${name} -o yaml   # targetPort`),
          clusters: [cluster.name],
        },
      ]
    }),
  )
  return perService.flat()
}
