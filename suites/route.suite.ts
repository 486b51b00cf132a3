import { allSeen, because, check, expect, type Mesh } from '../harness/test.ts'

check({
  id: 'route.pin-v2',
  layer: 'route',
  title: 'with a rule that pins v2, clients of every cluster get v2 alone',
  source: 'seed 003: with the rule in place, repeated calls see v2 only',
  from: 'mesh',
  changesMesh: true,
}, async ({ mesh }) => {
  await everyClientSees(mesh, mesh.versions)
  return mesh.withPolicy('pin-v2', () => everyClientSees(mesh, ['v2']))
})

check({
  id: 'route.restore',
  layer: 'route',
  title: 'when the rule is gone, both versions answer again',
  source: 'seed 003: the rule is what pins: without it both versions answer',
  from: 'mesh',
  changesMesh: true,
}, async ({ mesh }) => {
  await mesh.withPolicy('pin-v2', () => everyClientSees(mesh, ['v2']))
  return everyClientSees(mesh, mesh.versions, 'MP-762')
})

const everyClientSees = async (mesh: Mesh, versions: string[], code: 'MP-761' | 'MP-762' = 'MP-761'): Promise<string> => {
  const perClient = await Promise.all(mesh.clusters.map(async (from) => {
    const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(versions) })
    expect(answers.statuses, because(code)).toEqual([200])
    expect(answers.versions, because(code)).toEqual(versions)
    return `${from.name} ${answers.summary}`
  }))
  return perClient.join('; ')
}
