import type { KubeClient, Manifest } from '#kube/client.ts'

/** A VirtualService or a DestinationRule, as far as it says which hosts it is for. */
type Rule = Manifest & { spec?: { host?: string; hosts?: string[]; gateways?: string[] } }

/**
 * The VirtualServices and DestinationRules that clients of the mesh have for a service, as
 * `VirtualService app1/canary`. `host` is the service’s full name.
 */
export const rulesFor = async (kube: KubeClient, host: string): Promise<string[]> => {
  const perKind = await Promise.all(
    ['VirtualService', 'DestinationRule'].map((kind) =>
      kube
        .list<Rule>({ apiVersion: 'networking.istio.io/v1', kind })
        .then((rules) =>
          rules
            .filter((rule) => isFor(rule, host))
            .map(({ metadata }) => `${kind} ${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`),
        ),
    ),
  )
  return perKind.flat()
}

const isFor = ({ metadata, spec = {} }: Rule, host: string): boolean => {
  const { host: only, hosts = [], gateways = ['mesh'] } = spec
  const [service = '', namespace = ''] = host.split('.')
  const names = [host, `${service}.${namespace}.svc`, `${service}.${namespace}`]
  // A name without a dot is that of a service in the rule’s namespace.
  if (metadata?.namespace === namespace) names.push(service)
  return gateways.includes('mesh') && [only, ...hosts].some((named) => named !== undefined && names.includes(named))
}
