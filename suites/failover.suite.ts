import { allSeen, because, check, expect, whereRequestsCross, type Mesh, type Site } from '../harness/test.ts'

check({
  id: 'failover.local-down',
  layer: 'failover',
  title: 'when a cluster has no helloworld, clients of every cluster get all answers from the others',
  source: 'Istio’s multicluster concept: a service survives the loss of its pods in one cluster; istio/istio#38440',
  from: 'mesh',
  changesMesh: true,
  applies: whereRequestsCross,
}, async ({ mesh }) => {
  const told: string[] = []
  for (const down of mesh.clusters) {
    await everyClientSees(mesh, mesh.versions, 'MP-782')
    told.push(await without([down], mesh, () => everyClientSees(mesh, mesh.versions.filter((version) => version !== down.version), 'MP-781')))
  }
  return told.join('; ')
})

check({
  id: 'failover.recover',
  layer: 'failover',
  title: 'when helloworld is back in every cluster, every version answers again',
  source: 'Istio’s multicluster concept: endpoints are followed as they come and go',
  from: 'mesh',
  changesMesh: true,
  applies: whereRequestsCross,
}, async ({ mesh }) => {
  await without(mesh.clusters, mesh, () => Promise.all(mesh.clusters.map(async (from) => {
    const nobody = await from.sleep.get(mesh.helloworld.url, { until: ({ ok }) => ok === 0, count: 4, tolerant: true, seconds: 1 })
    expect(nobody.ok, 'with every pod gone nobody may answer').toBe(0)
  })))
  return everyClientSees(mesh, mesh.versions, 'MP-782')
})

/** Scales helloworld to nothing in some clusters for as long as `during` runs, and waits until its pods are back. */
const without = async <T>(sites: Site[], mesh: Mesh, during: () => Promise<T>): Promise<T> => {
  try {
    await Promise.all(sites.map((site) => site.scaleHelloworld(0)))
    expect(await mesh.eventually(async () => (await Promise.all(sites.map((site) => site.apiEndpoints()))).flat().length === 0), because('MP-783')).toBe(true)
    return await during()
  } finally {
    await Promise.all(sites.map((site) => site.scaleHelloworld(1)))
    const back = await mesh.eventually(async () => (await Promise.all(sites.map((site) => site.apiEndpoints()))).every(({ length }) => length === 1), 30_000)
    expect(back, because('MP-782')).toBe(true)
  }
}

const everyClientSees = async (mesh: Mesh, versions: string[], code: 'MP-781' | 'MP-782'): Promise<string> => {
  const perClient = await Promise.all(mesh.clusters.map(async (from) => {
    const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(versions) })
    expect(answers.statuses, because(code)).toEqual([200])
    expect(answers.versions, because(code)).toEqual(versions)
    return `${from.name} ${answers.summary}`
  }))
  return perClient.join('; ')
}
