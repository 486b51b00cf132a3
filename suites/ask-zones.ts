import {
  answerOf,
  because,
  countedIn,
  expect,
  haveShares,
  localityOf,
  podsOfZones,
  regionOf,
  sharesOf,
  zoneNames,
  type Answers,
  type Cluster,
  type Counted,
  type Mesh,
  type Shares,
  type Zone,
  type Zones,
} from '#suite.ts'
import { versionsIn } from './every-client.ts'
import { zoneShares } from './zone-rules.ts'

/** How many requests show whether a share holds, and whether a zone or cluster answers at all. */
const requests = { shares: 200, answers: 100 }

const answered = ({ all, ok }: Answers): boolean => ok === all.length

/** The version of the cluster in an answer that names a zone, as `v1-a`. */
const clusterIn = (answer: string): string => answer.split('-')[0] ?? answer

/** Which answers are expected, by the versions that they name, and that in words. */
type Expected = { is: (versions: string[]) => boolean; words: string }

/** The answers of one zone of the client’s own cluster, and no others. */
const ofOwn = (from: Cluster, zone: Zone): Expected => ({
  is: (versions) => versions.join() === answerOf(from, zone),
  words: `expected ${localityOf(from, zone)} alone`,
})

/** The answers of every other cluster, in any of their zones, and none of the own. */
const ofOthers = (mesh: Mesh, from: Cluster): Expected => ({
  is: (versions) => [...new Set(versions.map(clusterIn))].sort().join() === versionsIn(mesh.othersThan(from)).join(),
  words: 'expected every other cluster, and not the own one',
})

/** The answers of both zones of the own cluster, and of every other one. */
export const ofEveryCluster = (mesh: Mesh, from: Cluster): Expected => ({
  is: (versions) =>
    zoneNames.every((zone) => versions.includes(answerOf(from, zone))) &&
    ofOthers(mesh, from).is(versions.filter((version) => clusterIn(version) !== from.version)),
  words: 'expected both zones of the own cluster, and every other cluster',
})

/** Expects that the client of each cluster gets all answers from where they are expected. */
export const everyClientGets = async (
  mesh: Mesh,
  zones: Zones,
  expectedFor: (from: Cluster) => Expected,
): Promise<string> => {
  const perClient = await Promise.all(
    mesh.clusters.map(async (from) => {
      const { is, words } = expectedFor(from)
      const answers = await zones.clientIn(from).get(zones.url, {
        until: (some) => answered(some) && is(some.versions),
        count: requests.answers,
      })
      expect(answers.statuses, because('MP-785')).toEqual([200])
      expect(is(answers.versions), `${because('MP-785')}: ${words}; ${from.name} got ${answers.summary}`).toBe(true)
      return `${from.name} ${answers.versions.join(' ')}`
    }),
  )
  return perClient.join(', ')
}

/** Takes the pods of a cluster away, zone by zone, and brings them back: its client moves on, and the others stay. */
export const failsOver = async (mesh: Mesh, zones: Zones, down: Cluster): Promise<string> => {
  const near = (): Promise<string> => everyClientGets(mesh, zones, (from) => ofOwn(from, 'a'))
  const without = (expected: Expected): Promise<string> =>
    everyClientGets(mesh, zones, (from) => (from.name === down.name ? expected : ofOwn(from, 'a')))
  const reports = [await near()]
  await zones.scale(down, { ...podsOfZones, a: 0 })
  reports.push(`without ${localityOf(down, 'a')} ${await without(ofOwn(down, 'b'))}`)
  await zones.scale(down, { a: 0, b: 0 })
  reports.push(`without ${regionOf(down)} ${await without(ofOthers(mesh, down))}`)
  await zones.scale(down, podsOfZones)
  await near()
  return reports.join('; ')
}

/** How many answers each has, by a name that is made from the answer. */
const tally = ({ all }: Answers, nameOf: (answer: string) => string): Record<string, number> => {
  const named = Map.groupBy(
    all.flatMap(({ version }) => version ?? []),
    nameOf,
  )
  return Object.fromEntries([...named].map(([name, answers]) => [name, answers.length]))
}

/**
 * Asks from a client, and expects the shares of the rule for zones. Without the rule, as the control, expects answers,
 * and that their shares are others.
 */
export const asksForShares = async (mesh: Mesh, zones: Zones, from: Cluster, withRule: boolean): Promise<string> => {
  const shares = zoneShares(mesh, from)
  const near = [from, ...mesh.onNetworkOf(from)].map(({ version }) => version)
  const nameOf = (answer: string): string => (near.includes(clusterIn(answer)) ? answer : clusterIn(answer))
  const hold = (answers: Answers): boolean => haveShares(tally(answers, nameOf), shares, answers.all.length)
  const answers = await zones.clientIn(from).get(zones.url, {
    until: (some) => answered(some) && (!withRule || hold(some)),
    count: requests.shares,
  })
  expect(answers.statuses, because('MP-786')).toEqual([200])
  const words = withRule
    ? 'expected the shares of the rule'
    : 'without a rule, expected other shares than those of the rule'
  expect(hold(answers), `${because('MP-786')}: ${words}; ${from.name} got ${answers.summary}`).toBe(withRule)
  return `${from.name} ${answers.summary}`
}

/** What a client’s proxy knows of each cluster: which of its zones count, by the version of the cluster. */
export type Weighed = { from: string; counted: Record<string, Counted>; endpoints: string[] }

const allPods = Object.values(podsOfZones).reduce((sum, pods) => sum + pods, 0)

/** Reads the weights in a client’s proxy until every zone counts, for five seconds: endpoints can arrive late. */
export const weightsFrom = async (mesh: Mesh, zones: Zones, from: Cluster): Promise<Weighed> => {
  const { endpoints, counted } = await mesh.readUntil(
    async () => {
      const known = await zones.weights(from)
      const unit = known.find(({ region }) => region === regionOf(from))?.weight ?? 0
      const perCluster = mesh.clusters.map((to): [string, Counted] => {
        const [region, firstZone = ''] = localityOf(to, 'a').split('/')
        const otherNetwork = to.network !== from.network
        const expected = {
          region: region ?? '',
          pods: allPods,
          firstZone,
          podsOfFirstZone: podsOfZones.a,
          otherNetwork,
        }
        return [to.version, countedIn(expected, known, unit)]
      })
      return { endpoints: known, counted: Object.fromEntries(perCluster) }
    },
    ({ counted: perCluster }) => Object.values(perCluster).every((each) => each === 'every zone'),
    5_000,
  )
  return {
    from: from.name,
    counted,
    endpoints: endpoints.map(({ address, region, zone, weight }) => `${address} in ${region}/${zone} weighs ${weight}`),
  }
}

/** The answers of a client under a rule: whether clusters have their shares, and whether they have what they weigh. */
export type Shared = {
  from: string
  rule: string
  shares: Shares
  summary: string
  asExpected: boolean
  asWeighed: boolean
}

/**
 * Asks from the client of every cluster once a rule holds. `weighed` are the expected shares, less those of the zones
 * that do not count in the client’s proxy.
 */
export const sharesUnder = (
  rule: string,
  mesh: Mesh,
  zones: Zones,
  weights: readonly Weighed[],
  sharesFor: (from: Cluster) => Shares,
): Promise<Shared[]> =>
  Promise.all(
    mesh.clusters.map(async (from) => {
      const shares = sharesFor(from)
      const weighed = weighedShares(shares, weights.find((each) => each.from === from.name)?.counted ?? {})
      const have = (answers: Answers, expected: Shares): boolean =>
        answered(answers) && haveShares(tally(answers, clusterIn), expected, answers.all.length)
      const answers = await zones.clientIn(from).get(zones.url, {
        until: (some) => have(some, weighed),
        count: requests.shares,
      })
      const { summary } = answers
      const [asExpected, asWeighed] = [have(answers, shares), have(answers, weighed)]
      return { from: from.name, rule, shares, summary, asExpected, asWeighed }
    }),
  )

const weighedShares = (shares: Shares, counted: Record<string, Counted>): Shares =>
  sharesOf(
    Object.fromEntries(
      Object.entries(shares).map(([to, share]) => [
        to,
        counted[to] === 'the first zone alone' ? (share * podsOfZones.a) / allPods : share,
      ]),
    ),
  )

/** Which zones count, by the weights and the answers together. */
export const verdictOf = (weights: readonly Weighed[], shared: readonly Shared[]): Counted => {
  const counted = weights.flatMap((weighed) => Object.values(weighed.counted))
  if (counted.every((each) => each === 'every zone') && shared.every(({ asExpected }) => asExpected))
    return 'every zone'
  const isFirstAlone =
    counted.includes('the first zone alone') &&
    !counted.includes('something else') &&
    shared.every(({ asWeighed }) => asWeighed)
  return isFirstAlone ? 'the first zone alone' : 'something else'
}
