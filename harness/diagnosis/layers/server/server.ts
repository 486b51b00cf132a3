import pMap from 'p-map'
import { reasonOf } from '#errors.ts'
import type { Layer } from '#diagnosis/layer.ts'
import { onceEach } from '#diagnosis/once-each.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import {
  clientsWithAccounts,
  conditionalPolicies,
  conditionsNote,
  policiesAt,
  refusedByPolicy,
} from './authorization-policies.ts'
import { refusedByExtension } from './extensions.ts'
import { passesOnToNobody } from './inbound.ts'
import { keptInByNetworkPolicy } from './kept-in.ts'
import { type Asked, notListening } from './listening.ts'
import { leftOutByNetworkPolicy, shutGateways } from './network-policies.ts'

/** How many servers are asked whether their application listens, and their proxies whether they refuse all. */
const asked = 10

/**
 * What a service’s servers accept: no AuthorizationPolicy refuses the clients there are, no NetworkPolicy leaves the
 * gateway or a client out or keeps a client in its cluster, no extension of the proxy refuses all, and the application
 * listens where requests are sent.
 */
export const server: Layer = {
  name: 'server',
  look: async (mesh) => {
    const services = await sharedServices(mesh)
    const clients = await clientsWithAccounts(mesh)
    const parts = services.flatMap((service) =>
      service.perCluster.filter(({ meshed }) => meshed.length > 0).map((part) => ({ service, part })),
    )
    const policies = await Promise.all(
      parts.map(async ({ service, part }) => {
        const applying = await policiesAt(mesh, service, part)
        return {
          findings: [
            ...(applying ? await refusedByPolicy(applying, service, clients) : []),
            ...(await leftOutByNetworkPolicy(mesh, service, part)),
          ],
          conditional: applying ? conditionalPolicies(applying, clients) : [],
        }
      }),
    )
    const deaf = await pMap(
      parts.slice(0, asked),
      async ({ service, part }): Promise<Asked> => {
        try {
          const { findings, notes } = await notListening(service, part)
          return {
            findings: [
              ...findings,
              ...(await passesOnToNobody(mesh, service, part)),
              ...(await refusedByExtension(mesh, service, part)),
            ],
            notes,
          }
        } catch (error) {
          const why = reasonOf(error)
          return {
            findings: [],
            notes: [`whether ${service.host} serves in ${part.cluster.name} was not asked: ${why}`],
          }
        }
      },
      { concurrency: 4 },
    )
    return {
      findings: [
        ...(await shutGateways(mesh)),
        ...(await keptInByNetworkPolicy(mesh, services)),
        ...onceEach(policies.flatMap(({ findings }) => findings)),
        ...deaf.flatMap(({ findings }) => findings),
      ],
      seen: `servers of ${services.length} shared services accept their clients`,
      notes: [
        ...conditionsNote([...new Set(policies.flatMap(({ conditional }) => conditional))]),
        ...deaf.flatMap(({ notes }) => notes),
        ...(parts.length > asked ? [`${asked} of ${parts.length} services were asked whether they serve`] : []),
      ],
    }
  },
}
