import { because, check, expect, whereRequestsCross, type Mesh, type Cluster } from '#suite.ts'
import { everyClientSees } from './every-client.ts'

const concept = 'Istio’s multicluster concept'

/** The checks of this layer, in the order of the catalogue. */
export const failover = [
  check(
    {
      id: 'failover.local-down',
      layer: 'failover',
      title: 'when a cluster has no helloworld, clients of every cluster get all answers from the others',
      source: `${concept}: a service survives the loss of its pods in one cluster; istio/istio#38440`,
      from: 'mesh',
      alone: 'in the mesh',
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const reports: string[] = []
      for (const down of mesh.clusters) {
        await everyClientSees(mesh, mesh.versions, 'MP-782')
        reports.push(
          await withoutHelloworld(down, mesh, () =>
            everyClientSees(
              mesh,
              mesh.versions.filter((version) => version !== down.version),
              'MP-781',
            ),
          ),
        )
      }
      return reports.join('; ')
    },
  ),
  check(
    {
      id: 'failover.recover',
      layer: 'failover',
      title: 'when helloworld is back in a cluster, every version answers again',
      source: 'Istio’s multicluster concept: endpoints are followed as they come and go',
      from: 'mesh',
      alone: 'in the mesh',
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const down = mesh.clusters.at(-1) ?? mesh.primary
      const others = mesh.versions.filter((version) => version !== down.version)
      const meanwhile = await withoutHelloworld(down, mesh, () => everyClientSees(mesh, others, 'MP-781'))
      return `without ${down.name} ${meanwhile}; then ${await everyClientSees(mesh, mesh.versions, 'MP-782')}`
    },
  ),
]

/**
 * Scales a cluster’s helloworld to zero while `during` runs, then to what it was before, and waits until its pod is
 * back. Somebody else’s zero stays: it may be the fault that the run looks for.
 */
const withoutHelloworld = async <T>(cluster: Cluster, mesh: Mesh, during: () => Promise<T>): Promise<T> => {
  const before = await cluster.scaleHelloworld(0)
  const back = async (): Promise<boolean> => {
    await cluster.scaleHelloworld(before)
    return mesh.eventually(async () => (await cluster.apiEndpoints()).length === 1, 30_000)
  }
  let result: T
  try {
    expect(await mesh.eventually(async () => (await cluster.apiEndpoints()).length === 0), because('MP-783')).toBe(true)
    result = await during()
  } catch (error) {
    await back()
    throw error
  }
  expect(await back(), because('MP-782')).toBe(true)
  return result
}
