import { MeshproofError } from '#errors.ts'
import { addressesBehind } from '#diagnosis/addresses.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { dialFrom } from '#diagnosis/vantage.ts'
import { outsideAddresses } from '#istio/service-address.ts'
import { isReady } from '#kube/pods.ts'
import { hostOf, type SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * A remote whose proxies and webhook look for istiod where its control plane is not. An address that the control
 * plane’s cluster does not know may still lead there, through a load balancer of somebody else: one that answers is
 * taken for right. Where a control plane on another network offers no address at all, that is no wrong address: the
 * layer of the gateways says what is missing.
 */
export const wrongDiscoveryAddress = async (
  cluster: SurveyedCluster,
  serving: SurveyedCluster | undefined,
): Promise<Finding[]> => {
  const home = serving && hostOf(serving)
  if (!home || home === cluster) return []
  const [pods, services, injectors] = await Promise.all([
    home.reads.istiodPods(),
    home.reads.services(),
    cluster.reads.injectors(),
  ])
  const offering = services.filter(({ spec }) => spec?.ports?.some(({ port }) => port === 15012))
  const outside = offering.flatMap(outsideAddresses)
  // Across networks it can only be another address where there is one: otherwise the way to istiod is gone.
  if (cluster.network !== home.network && outside.length === 0) return []
  const inside = [
    ...pods.filter(isReady).flatMap(({ status }) => status?.podIP ?? []),
    ...offering.flatMap(({ spec }) => spec?.clusterIPs ?? []),
  ]
  const known = [...inside, ...outside]
  const names = new Set(
    injectors.flatMap(({ webhooks }) =>
      (webhooks ?? []).flatMap(({ clientConfig }) => clientConfig.service?.name ?? []),
    ),
  )
  const { istioNamespace } = cluster
  const lookedAt = (await Promise.all([...names].map((name) => addressesBehind(cluster, istioNamespace, name)))).flat()
  const strange = lookedAt.filter((address) => !known.includes(address))
  const closed = (await Promise.all(strange.map((address) => answers(cluster, address)))).filter(({ open }) => !open)
  const tried = closed.map(({ address, said }) => `${address} (${said})`)
  return closed.length === 0
    ? []
    : [
        {
          code: 'MP-855',
          where: cluster.name,
          evidence: [
            `${cluster.name} looks for istiod at ${tried.join(', ')}`,
            `${home.name} offers it at ${known.join(', ')}`,
          ],
          fix: kubectl(cluster, `-n ${istioNamespace} get endpointslices -l kubernetes.io/service-name=istiod`),
          clusters: [cluster.name],
        },
      ]
}

const answers = async (
  cluster: SurveyedCluster,
  address: string,
): Promise<{ address: string; open: boolean; said: string }> => {
  try {
    const { open, said } = await dialFrom(cluster, address, 15012)
    return { address, open, said }
  } catch (error) {
    // Silence where everything is too slow is no silence of this address.
    const isSlow = error instanceof MeshproofError && error.code === 'MP-602'
    return { address, open: isSlow, said: 'not dialled' }
  }
}
