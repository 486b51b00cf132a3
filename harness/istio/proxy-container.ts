import type { V1Pod } from '@kubernetes/client-node'

/** The proxy’s container in a pod: since 1.27 an init container that keeps running, before one beside the others. */
export const proxyOf = ({ spec }: V1Pod): NonNullable<V1Pod['spec']>['containers'][number] | undefined =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find(({ name }) => name === 'istio-proxy')

/**
 * Whether a pod’s proxy is an Envoy that can be asked: ambient’s ztunnel is none, and beside a program that speaks
 * gRPC with the control plane itself only the agent runs.
 */
export const hasEnvoy = (pod: V1Pod): boolean => {
  const proxy = proxyOf(pod)
  return (
    proxy !== undefined &&
    proxy.args?.includes('ztunnel') !== true &&
    variableOf(proxy, 'ISTIO_META_GENERATOR') !== 'grpc'
  )
}

/** Whether a pod’s proxy is a sidecar, and no gateway. */
export const isSidecar = (pod: V1Pod): boolean => proxyOf(pod)?.args?.includes('sidecar') ?? false

/** The revision of the control plane that gave a pod its proxy. */
export const revisionOfPod = ({ metadata }: V1Pod): string | undefined => metadata?.annotations?.['istio.io/rev']

/** A variable of a container, where it is written down and not taken from elsewhere. */
export const variableOf = (
  container: { env?: { name: string; value?: string }[] } | undefined,
  name: string,
): string | undefined => container?.env?.find((variable) => variable.name === name)?.value
