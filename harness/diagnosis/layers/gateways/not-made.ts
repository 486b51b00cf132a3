import type { V1Deployment, V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import { gatewayControllers, gatewayResources, listenerSets } from '#diagnosis/gateway-objects.ts'
import { saidOfGateway } from '#diagnosis/gateway-status.ts'
import { kubectl } from '#diagnosis/layer.ts'
import {
  addressesOf,
  addsTo,
  classOf,
  controllerOf,
  type Controllers,
  handedOn,
  isAutoPassthrough,
  isIstiods,
  isMade,
  listenersIn,
  remoteClass,
  serviceNameOf,
} from '#istio/gateway-listeners.ts'
import type { Manifest } from '#kube/client.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

const networkLabel = 'topology.istio.io/network'

/** A Gateway that does not open the way into a network although it is meant to: why, and the command that shows it. */
export type Unmade = { line: string; fix: string }

/**
 * The Gateways of the Gateway API in a cluster that are meant to be the entrance of a network and are not, and why: of
 * a class or a revision that nobody serves, in a cluster that istiod does not read its configuration from, or with a
 * service that lacks the label of the network.
 */
export const notMade = async (cluster: SurveyedCluster, network: string): Promise<Unmade[]> => {
  const [services, served, resources, controllers, sets] = await Promise.all([
    cluster.reads.services(),
    revisionsServed(cluster),
    gatewayResources(cluster),
    gatewayControllers(cluster),
    listenerSets(cluster),
  ])
  const opensTheWay = (gateway: Manifest): boolean =>
    [gateway, ...sets.filter((set) => addsTo(set, gateway))].some((object) =>
      listenersIn(object).some((listener) => isAutoPassthrough(object, listener)),
    )
  return resources
    .filter((gateway) => (gateway.metadata?.labels?.[networkLabel] ?? cluster.network) === network)
    .filter(opensTheWay)
    .flatMap((gateway) => {
      const { namespace = '', name = '', labels } = gateway.metadata ?? {}
      const revision = labels?.['istio.io/rev']
      const own = serviceNameOf(gateway, controllers)
      const service = services.find(({ metadata }) => metadata?.name === own && metadata.namespace === namespace)
      const why = service ? withoutLabel(gateway, own, network) : whyNot(gateway, own, cluster, { controllers, served })
      return why === undefined
        ? []
        : {
            line:
              `Gateway ${namespace}/${name} of ${cluster.name} (class ${classOf(gateway)}` +
              `${revision === undefined ? '' : `, revision ${revision}`}) ${why}`,
            fix: kubectl(cluster, `-n ${namespace} get gateways.gateway.networking.k8s.io ${name} -o yaml`),
          }
    })
}

/** Why a Gateway’s service lacks the label by which istiod finds the entrance of a network. */
const withoutLabel = (gateway: Manifest, service: string, network: string): string | undefined => {
  if (handedOn(gateway)[networkLabel] === network) return undefined
  return gateway.metadata?.labels?.[networkLabel] === network
    ? `hands the labels of its spec.infrastructure on to its service ${service}, and ${networkLabel} is not among them`
    : `has no label ${networkLabel}=${network} to hand on to its service ${service}`
}

const whyNot = (gateway: Manifest, service: string, { role }: SurveyedCluster, taking: Taking): string | undefined => {
  const elsewhere = 'only in the cluster that it reads its configuration from'
  if (classOf(gateway) === remoteClass) {
    if (addressesOf(gateway).length === 0) return 'stands for a gateway elsewhere and names no address of it'
    return role === 'remote' ? `is of a class that istiod reads ${elsewhere}` : undefined
  }
  if (!isMade(gateway)) return undefined
  const why = role === 'remote' ? `istiod makes Gateways ${elsewhere}` : saidOf(gateway, taking)
  return `has no service ${service}: ${why}`
}

/** What decides which istiod takes a Gateway: the controllers of classes, and the revisions and tags served. */
type Taking = { controllers: Controllers; served: readonly string[] }

/** The revisions of a cluster’s control planes and the tags that lead to them; none where they cannot be read. */
const revisionsServed = async ({ reads }: SurveyedCluster): Promise<string[]> => {
  const [istiods, injectors] = await Promise.all([
    reads.istiods().catch((): V1Deployment[] => []),
    reads.injectors().catch((): V1MutatingWebhookConfiguration[] => []),
  ])
  const labels = [...istiods, ...injectors].map(({ metadata }) => metadata?.labels ?? {})
  const named = labels.flatMap((own) => [own['istio.io/rev'], own['istio.io/tag']]).filter((name) => name !== undefined)
  return istiods.length === 0 ? [] : [...new Set(named.length > 0 ? named : ['default'])]
}

const saidOf = (gateway: Manifest, { controllers, served }: Taking): string => {
  const { refused, accepted } = saidOfGateway(gateway)
  if (refused !== undefined) return refused
  if (accepted) return 'istiod has accepted it and not made its service yet'
  const controller = controllerOf(gateway, controllers)
  if (controller !== undefined && !isIstiods(controller))
    return `its class belongs to ${controller}, which is not istiod`
  const revision = gateway.metadata?.labels?.['istio.io/rev']
  if (revision !== undefined && served.length > 0 && !served.includes(revision))
    return `no istiod has taken it: revision ${revision} is served by none, and ${served.join(', ')} is`
  // Where no class can be read, one of them may be of that name.
  const isUnknown = controller === undefined && controllers.size > 0
  return `no istiod has taken it${isUnknown ? ', and the cluster has no such class' : ''}`
}
