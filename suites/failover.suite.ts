import { because, check, expect, whereRequestsCross, type CauseCode, type Mesh, type Cluster } from '#suite.ts'
import { endpointsHeld } from './disrupted.ts'
import { everyClientSees, versionsIn } from './every-client.ts'

const concept = 'Istio’s multicluster concept'

/** The checks of this layer, in the order of the catalogue. They ask a service whose pods nobody else needs. */
export const failover = [
  check(
    {
      id: 'failover.local-down',
      layer: 'failover',
      title: 'when a cluster has no helloworld, clients of every cluster get all answers from the others',
      source: `${concept}: a service survives the loss of its pods in one cluster; istio/istio#38440`,
      from: 'mesh',
      ownPods: true,
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const reports: string[] = []
      for (const down of mesh.clusters) {
        await everyClientAnswered(mesh, mesh.versions, 'MP-782')
        reports.push(
          await withoutPods(down, mesh, async () => {
            const answered = await everyClientAnswered(mesh, versionsIn(mesh.othersThan(down)), 'MP-781')
            await expectLossHeard(mesh, down)
            return answered
          }),
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
      ownPods: true,
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const down = mesh.clusters.at(-1) ?? mesh.primary
      const meanwhile = await withoutPods(down, mesh, () =>
        everyClientAnswered(mesh, versionsIn(mesh.othersThan(down)), 'MP-781'),
      )
      return `without ${down.name} ${meanwhile}; then ${await everyClientAnswered(mesh, mesh.versions, 'MP-782')}`
    },
  ),
]

const everyClientAnswered = (mesh: Mesh, versions: string[], code: CauseCode): Promise<string> =>
  everyClientSees(mesh, versions, code, { url: mesh.failover.url })

/**
 * Expects that every control plane hears that a cluster’s pods are gone. Answers do not show it where requests cross
 * through gateways: a proxy that finds no pod behind a gateway asks another cluster.
 */
const expectLossHeard = async (mesh: Mesh, down: Cluster): Promise<void> => {
  if (mesh.leftOut('istiod') !== undefined) return
  const held = await mesh.readUntil(
    () => endpointsHeld(mesh.controlPlanes, down.name, 'helloworld-failover'),
    (endpoints) => endpoints.every(({ length }) => length === 0),
  )
  expect(held.flat(), because('MP-784')).toEqual([])
}

/**
 * Scales the service’s pods in a cluster to zero while `during` runs, then to what it was before, and waits until a
 * pod is back. Somebody else’s zero stays: it may be the fault that the run looks for.
 */
const withoutPods = async <T>(cluster: Cluster, mesh: Mesh, during: () => Promise<T>): Promise<T> => {
  const before = await cluster.scale('helloworld-failover', 0)
  const ready = async (): Promise<number> => (await cluster.apiEndpoints('helloworld-failover')).length
  const back = async (): Promise<boolean> => {
    await cluster.scale('helloworld-failover', before)
    return mesh.eventually(async () => (await ready()) === 1, 30_000)
  }
  let result: T
  try {
    expect(await mesh.eventually(async () => (await ready()) === 0), because('MP-783')).toBe(true)
    result = await during()
  } catch (error) {
    await back()
    throw error
  }
  expect(await back(), because('MP-782')).toBe(true)
  return result
}
