import { allSeen, because, check, expect, plausible, whereRequestsCross, type Answers, type Mesh } from '#suite.ts'
import { everyClientSees, fromEach } from './every-client.ts'

/** The checks of this layer, in the order of the catalogue. */
export const route = [
  check(
    {
      id: 'route.pin-v2',
      layer: 'route',
      title: 'with a rule that pins v2, clients of every cluster get v2 alone',
      source: 'seed 003: with the rule in place, repeated calls see v2 only',
      from: 'mesh',
      alone: 'in the mesh',
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      await everyClientSees(mesh, mesh.versions, 'MP-761')
      return withRule(mesh, 'pin-v2', () => everyClientSees(mesh, ['v2'], 'MP-761'))
    },
  ),
  check(
    {
      id: 'route.weighted',
      layer: 'route',
      title: 'with weights of 80 and 20, v2 answers about a fifth of the requests of every cluster',
      source: 'Istio’s traffic tests: weighted routing holds across clusters',
      from: 'mesh',
      alone: 'in the mesh',
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const count = 200
      const v2 = (answers: Answers['all']): number => answers.filter(({ version }) => version === 'v2').length
      expect(plausible(count / 2, count, 0.2), 'an even split must be out of the bound').toBe(false)
      const isFifth = ({ all, ok }: Answers): boolean => ok === all.length && plausible(v2(all), all.length, 0.2)
      const perClient = await withRule(mesh, 'weighted', () =>
        fromEach(mesh.clusters, async (from) => {
          // A few requests do not show weights. With this header all of them get v2 as soon as the rule is there.
          await from.sleep.get(mesh.helloworld.url, { until: allSeen(['v2']), header: 'end-user: meshproof' })
          const answers = await from.sleep.getNow(mesh.helloworld.url, { count, failEarly: true })
          expect(answers.statuses, because('MP-761')).toEqual([200])
          expect(answers.versions, because('MP-761')).toEqual(['v1', 'v2'])
          expect(isFifth(answers), because('MP-763')).toBe(true)
          return `${from.name} ${v2(answers.all)} of ${count}`
        }),
      )
      return `v2: ${perClient}`
    },
  ),
  check(
    {
      id: 'route.header',
      layer: 'route',
      title: 'requests with a header get v2, those without it v1',
      source: 'Istio’s traffic tests: routing by header holds across clusters',
      from: 'mesh',
      alone: 'in the mesh',
      applies: whereRequestsCross,
    },
    async ({ mesh }) =>
      withRule(mesh, 'header', () =>
        fromEach(mesh.clusters, async (from) => {
          const marked = await from.sleep.get(mesh.helloworld.url, {
            until: allSeen(['v2']),
            header: 'end-user: meshproof',
          })
          expect(marked.versions, because('MP-761')).toEqual(['v2'])
          const plain = await from.sleep.get(mesh.helloworld.url, { until: allSeen(['v1']) })
          expect(plain.versions, because('MP-761')).toEqual(['v1'])
          return `${from.name} with ${marked.summary}, without ${plain.summary}`
        }),
      ),
  ),
  check(
    {
      id: 'route.cluster-local',
      layer: 'route',
      title: 'a service kept local to each cluster stays local, and is shared again afterwards',
      source: 'Istio’s multicluster tests: subsets by topology.istio.io/cluster keep requests in their cluster',
      from: 'mesh',
      alone: 'in the mesh',
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      const local = await withRule(mesh, 'cluster-local', () =>
        fromEach(mesh.clusters, async (from) => {
          const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen([from.version]) })
          expect(answers.statuses, because('MP-761')).toEqual([200])
          expect(answers.versions, because('MP-761')).toEqual([from.version])
          return `${from.name} ${answers.summary}`
        }),
      )
      await everyClientSees(mesh, mesh.versions, 'MP-762')
      return `${local}; then shared again`
    },
  ),
  check(
    {
      id: 'route.restore',
      layer: 'route',
      title: 'when the rule is gone, every version answers again',
      source: 'seed 003: the rule is what pins: without it both versions answer',
      from: 'mesh',
      alone: 'in the mesh',
      applies: whereRequestsCross,
    },
    async ({ mesh }) => {
      await withRule(mesh, 'pin-v2', () => everyClientSees(mesh, ['v2'], 'MP-761'))
      await everyClientSees(mesh, mesh.versions, 'MP-762')
      // The second time shows that no controller has brought the rule back.
      return everyClientSees(mesh, mesh.versions, 'MP-762')
    },
  ),
]

/**
 * Applies a rule while `during` runs, which expects that it is followed. Where it is not, another rule of the same host
 * is the cause, if there is one: of two VirtualServices Istio takes the older, and it merges DestinationRules.
 */
const withRule = async <T>(mesh: Mesh, name: string, during: () => Promise<T>): Promise<T> => {
  try {
    return await mesh.withPolicy(name, during)
  } catch (error) {
    expect(await mesh.rulesOf('helloworld'), because('MP-764')).toEqual([])
    throw error
  }
}
