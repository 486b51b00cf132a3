import { gatewayResources } from '#diagnosis/gateway-objects.ts'
import { classOf, isAutoPassthrough, listenersIn, serviceNameOf } from '#istio/gateway-listeners.ts'
import type { Manifest } from '#kube/client.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { z } from 'zod'

const Status = z.object({
  conditions: z.array(
    z.object({ type: z.string(), status: z.string(), reason: z.string().default(''), message: z.string().default('') }),
  ),
})

/** How much of a condition’s message is shown. */
const shown = 300

/**
 * Gateways of the Gateway API between networks for which a cluster has no service, and what istiod says of them: of a
 * class or a revision that nobody serves, or in a cluster that istiod does not read its configuration from.
 */
export const notMade = async (cluster: SurveyedCluster): Promise<string[]> => {
  const services = await cluster.reads.services()
  const isMade = (gateway: Manifest): boolean =>
    services.some(
      ({ metadata }) => metadata?.name === serviceNameOf(gateway) && metadata.namespace === gateway.metadata?.namespace,
    )
  return (await gatewayResources(cluster))
    .filter((gateway) => listenersIn(gateway).some((listener) => isAutoPassthrough(gateway, listener)))
    .filter((gateway) => !isMade(gateway))
    .map((gateway) => {
      const { namespace = '', name = '', labels } = gateway.metadata ?? {}
      const revision = labels?.['istio.io/rev']
      return (
        `Gateway ${namespace}/${name} of ${cluster.name} (class ${classOf(gateway)}` +
        `${revision === undefined ? '' : `, revision ${revision}`}) has no service ${serviceNameOf(gateway)}: ` +
        saidOf(gateway, cluster)
      )
    })
}

const saidOf = (gateway: Manifest, { role }: SurveyedCluster): string => {
  if (role === 'remote') return 'istiod makes Gateways only in the cluster that it reads its configuration from'
  const { conditions = [] } = Status.safeParse(gateway['status']).data ?? {}
  const refused = conditions.find(({ status }) => status === 'False')
  if (refused) return `${refused.type} is False, ${refused.reason}: ${refused.message.slice(0, shown)}`
  return conditions.length === 0 ? 'no istiod has taken it' : 'istiod has accepted it and not made its service yet'
}
