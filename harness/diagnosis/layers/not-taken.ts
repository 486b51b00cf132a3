import type { Client } from '#diagnosis/clients.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'
import { namesHost } from '#istio/host-pattern.ts'
import type { Endpoint } from '#probes/envoy.ts'
import type { EnvoyListener } from '#probes/envoy-listeners.ts'
import type { VirtualHost } from '#probes/envoy-routes.ts'

/** What a client’s proxy has for outgoing requests: endpoints, listeners and routes. */
export type Outgoing = {
  clusters: ReadonlyMap<string, Endpoint[]>
  listeners: readonly Pick<EnvoyListener, 'name' | 'port'>[]
  virtualHosts: readonly VirtualHost[]
}

/**
 * Ports of a service whose endpoints a client’s proxy knows, although it has nothing that takes requests for them: no
 * listener, or no route in a listener that it shares with other services. In words.
 */
export const notTaken = (
  { cluster }: Pick<Client, 'cluster'>,
  { host, perCluster }: MeshService,
  { clusters, listeners, virtualHosts }: Outgoing,
): string[] => {
  const own = perCluster.find((part) => part.cluster === cluster)?.service
  const address = own?.spec?.clusterIP
  if (!own || address === undefined) return []
  return (own.spec?.ports ?? []).flatMap(({ port }) => {
    if (!clusters.has(`outbound|${port}||${host}`)) return []
    // One that drains after it was removed has no port any more.
    const atPort = listeners.filter((listener) => listener.port === port)
    if (atPort.length === 0) return [`port ${port}: it has no listener, so requests leave the pod as they are`]
    // Where the service has a listener of its own, no route is looked up by the host.
    if (atPort.some(({ name }) => name.startsWith(`${address}_`))) return []
    const isRouted = virtualHosts.some(
      ({ port: of, domains }) =>
        (of === undefined || of === port) &&
        // `*` is for requests to hosts that the proxy does not know.
        domains.some((domain) => domain.startsWith(`${host}:`) || (domain !== '*' && namesHost(domain, host))),
    )
    return isRouted ? [] : [`port ${port}: no route of its listener is for ${host}`]
  })
}
