import { MeshproofError } from '#errors.ts'
import { hasExternalControlPlane } from '#topology/roles.ts'
import type { TopologyPlan } from './plan.ts'

/**
 * Refuses plans of which none has its istiod in the cluster of its configuration: `upgrade` and `prove` change the
 * istiod of a primary in that cluster.
 * @throws MeshproofError MP-138.
 */
export const refuseExternal = (command: 'upgrade' | 'prove', plans: TopologyPlan[]): void => {
  if (plans.length === 0 || !plans.every(({ topology }) => hasExternalControlPlane(topology))) return
  throw new MeshproofError('MP-138', {
    what: `${command} does not support an external control plane`,
    where: plans.map(({ topology }) => topology.name).join(', '),
    next: 'Name another topology, or use meshproof test, which runs every check on it.',
  })
}
