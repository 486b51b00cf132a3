import { type ExistingMeshCluster, type ExistingMesh, ownNamespaces } from '#checks/existing-target.ts'
import type { Need } from '#checks/target.ts'
import type { KubeClient } from '#kube/client.ts'
import { primariesOf } from '#topology/roles.ts'
import type { WorkloadImages } from './images.ts'
import { clearNamespaces, createNamespaces, removeNamespaces } from './namespaces.ts'
import { applyPolicies, deployCapture, deployOwn } from './workloads.ts'

/** A found cluster that can be asked. */
export type ExistingCluster = ExistingMeshCluster & { kube: KubeClient }

/** What a step is given: the run that makes things, what it says, and where it tells what turns out to be withheld. */
export type Making = {
  runId: string
  owner: string
  say: (line: string) => void
  withhold: (need: Need, reason: string) => void
}

/** One step of making existing clusters ready: everything it creates is in our own namespaces, and goes with them. */
export type Step = {
  name: string
  after: string[]
  run: (making: Making, signal: AbortSignal) => Promise<void>
  undo?: (making: Making) => Promise<void>
}

/** The steps, each cluster’s beside the others’. */
export const stepsOf = (found: ExistingMesh, clusters: ExistingCluster[], { roles }: WorkloadImages): Step[] => {
  const primaries = primariesOf({ clusters })
  const named = {
    namespaces: ({ name }: ExistingCluster): string =>
      `${name}: namespaces ${ownNamespaces.mesh} and ${ownNamespaces.outside}`,
    policies: ({ name }: ExistingCluster): string =>
      `${name}: mutual TLS ${found.mtls === 'strict' ? 'required' : 'off'} for our workloads`,
    workloads: ({ name }: ExistingCluster): string => `${name}: workloads`,
  }
  return [
    ...clusters.map((cluster): Step => ({
      name: named.namespaces(cluster),
      after: [],
      run: async ({ runId, owner, say }) => {
        for (const id of await clearNamespaces(cluster))
          say(`Removed what the killed run ${id} had left in ${cluster.context}.`)
        await createNamespaces(cluster, runId, owner, cluster.injection)
      },
      undo: ({ runId }) => removeNamespaces(cluster, runId),
    })),
    ...primaries.map((cluster): Step => ({
      name: named.policies(cluster),
      after: [named.namespaces(cluster)],
      run: async ({ withhold }) => {
        const reason = await applyPolicies(cluster, found)
        if (reason !== undefined) withhold('access log', `${cluster.name}: ${reason}`)
      },
    })),
    ...clusters.map((cluster): Step => ({
      name: named.workloads(cluster),
      after: [named.namespaces(cluster), ...primaries.map(named.policies)],
      run: (_, signal) => deployOwn(cluster, roles, signal),
    })),
    ...(found.withheld.capture === undefined ? clusters : []).map((cluster): Step => ({
      name: `${cluster.name}: pod that captures`,
      after: [named.workloads(cluster)],
      run: async ({ withhold }, signal) => {
        const reason = await deployCapture(cluster, signal)
        if (reason !== undefined) withhold('capture', `${cluster.name}: ${reason}`)
      },
    })),
  ]
}
