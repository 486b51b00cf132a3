import { type ExistingMeshCluster, type ExistingMesh, ownNamespaces } from '#checks/existing-target.ts'
import type { Need } from '#checks/target.ts'
import type { KubeClient } from '#kube/client.ts'
import { primariesOf } from '#topology/roles.ts'
import type { WorkloadImages } from './images.ts'
import { deployEcho } from './echo.ts'
import { clearNamespaces, createNamespaces, removeNamespaces } from './namespaces.ts'
import { applyPolicies, deployCapture, deployOwn } from './workloads.ts'

/** A cluster of an existing mesh, with a client of its API server. */
export type ExistingCluster = ExistingMeshCluster & { kube: KubeClient }

/** What a step gets: its run, where to print lines, and where to report what the mesh turns out to withhold. */
export type Making = {
  runId: string
  owner: string
  say: (line: string) => void
  withhold: (need: Need, reason: string) => void
}

/**
 * A step that prepares existing clusters. Everything that it creates is in our namespaces, and is deleted with them.
 */
export type Step = {
  name: string
  after: string[]
  run: (making: Making, signal: AbortSignal) => Promise<void>
  undo?: (making: Making) => Promise<void>
}

/**
 * The steps for all clusters. The clusters’ steps run at the same time. `echoImage` is the image of echo, where a
 * check asks it.
 */
export const stepsOf = (
  mesh: ExistingMesh,
  clusters: ExistingCluster[],
  { roles }: WorkloadImages,
  echoImage?: string,
): Step[] => {
  const primaries = primariesOf({ clusters })
  const names = {
    namespaces: ({ name }: ExistingCluster): string =>
      `${name}: namespaces ${ownNamespaces.mesh} and ${ownNamespaces.outside}`,
    policies: ({ name }: ExistingCluster): string =>
      `${name}: mutual TLS ${mesh.mtls === 'strict' ? 'required' : 'off'} for our workloads`,
    workloads: ({ name }: ExistingCluster): string => `${name}: workloads`,
  }
  return [
    ...clusters.map((cluster): Step => ({
      name: names.namespaces(cluster),
      after: [],
      run: async ({ runId, owner, say }) => {
        for (const id of await clearNamespaces(cluster))
          say(`Removed what the killed run ${id} had left in ${cluster.context}.`)
        await createNamespaces(cluster, runId, owner, cluster.injection, mesh.admission.labels)
      },
      undo: ({ runId }) => removeNamespaces(cluster, runId),
    })),
    ...primaries.map((cluster): Step => ({
      name: names.policies(cluster),
      after: [names.namespaces(cluster)],
      run: async ({ withhold }) => {
        const reason = await applyPolicies(cluster, mesh)
        if (reason !== undefined) withhold('access log', `${cluster.name}: ${reason}`)
      },
    })),
    ...clusters.map((cluster): Step => ({
      name: names.workloads(cluster),
      after: [names.namespaces(cluster), ...primaries.map(names.policies)],
      run: (_, signal) => deployOwn(cluster, roles, mesh.admission, signal),
    })),
    ...(echoImage === undefined ? [] : clusters).map((cluster): Step => ({
      name: `${cluster.name}: echo`,
      after: [names.namespaces(cluster), ...primaries.map(names.policies)],
      run: (_, signal) =>
        deployEcho(
          cluster,
          echoImage ?? '',
          clusters.map(({ version }) => version),
          signal,
        ),
    })),
    ...(mesh.withheld.capture === undefined ? clusters : []).map((cluster): Step => ({
      name: `${cluster.name}: pod that captures`,
      after: [names.workloads(cluster)],
      run: async ({ withhold }, signal) => {
        const reason = await deployCapture(cluster, signal)
        if (reason !== undefined) withhold('capture', `${cluster.name}: ${reason}`)
      },
    })),
  ]
}
