import type { V1Pod } from '@kubernetes/client-node'
import { z } from 'zod'

const TargetRef = z.object({
  group: z.string().default(''),
  kind: z.string().default(''),
  name: z.string().default(''),
  namespace: z.string().default(''),
})

const Targets = z.object({ targetRef: TargetRef.optional(), targetRefs: z.array(TargetRef).default([]) })

/**
 * Whether what an object says of its targets leaves a pod in: an object with targets is for the pods of the Gateways
 * that it names in its own namespace, and for waypoints, but for no other pod.
 */
export const leavesIn = (spec: unknown, namespace: string | undefined, { metadata }: V1Pod): boolean => {
  const { targetRef, targetRefs = [] } = Targets.safeParse(spec ?? {}).data ?? {}
  const targets = targetRefs.length === 0 && targetRef ? [targetRef] : targetRefs
  const gateway = metadata?.labels?.['gateway.networking.k8s.io/gateway-name']
  return (
    targets.length === 0 ||
    targets.some(
      (target) =>
        target.kind === 'Gateway' &&
        target.group === 'gateway.networking.k8s.io' &&
        target.name === gateway &&
        namespace === metadata?.namespace &&
        ['', namespace].includes(target.namespace),
    )
  )
}
