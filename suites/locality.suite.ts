import {
  answerOf,
  because,
  check,
  countedIn,
  expect,
  haveShares,
  localityOf,
  podsOfZones,
  regionOf,
  sharesOf,
  whereRequestsCross,
  zoneNames,
  type Answers,
  type CheckHead,
  type Cluster,
  type Counted,
  type Mesh,
  type Shares,
  type TrafficPolicy,
  type Zone,
  type Zones,
} from '#suite.ts'

/** What these checks have in common. */
const zoned = {
  layer: 'locality',
  from: 'mesh',
  alone: 'in the mesh',
  needs: ['zones'],
  onDemand: 'it deploys pods in zones of their own, which other runs do not',
  applies: (topology, upgrade) =>
    upgrade === undefined ? whereRequestsCross(topology) : 'an upgrade deploys no pods in zones of their own',
} as const satisfies Partial<CheckHead>

/** How many requests show whether a share holds, and whether a zone or cluster answers at all. */
const requests = { shares: 200, answers: 60 }

/** The checks of regions and zones. Each deploys a service with pods in two zones of every cluster. */
export const locality = [
  check(
    {
      ...zoned,
      id: 'locality.failover',
      title:
        'with locality failover, requests stay in the client’s zone; without pods there they go to its region’s other ' +
        'zone, and without any there to the other clusters',
      source: 'Istio’s locality failover: it needs outlierDetection; Istio’s locality tests (tests/integration/pilot)',
    },
    ({ mesh }) =>
      mesh.withZones(async (zones) => {
        // The control: without the rule every cluster answers.
        await everyClientGets(mesh, zones, (from) => ofAll(mesh, from))
        return zones.withRule(failover, async () => {
          const reports = []
          for (const down of mesh.clusters) reports.push(await failsOver(mesh, zones, down))
          return reports.join('; ')
        })
      }),
  ),
  check(
    {
      ...zoned,
      id: 'locality.distribute',
      title: 'with shares for zones of the own region and for the others, each zone or cluster answers its share',
      source: 'Istio’s locality weighted distribution; Istio’s locality tests (tests/integration/pilot)',
    },
    ({ mesh }) =>
      mesh.withZones(async (zones) => {
        const everyClient = (rule: boolean): Promise<string[]> =>
          Promise.all(mesh.clusters.map((from) => asksForShares(mesh, zones, from, rule)))
        await everyClient(false)
        const rules = mesh.clusters.map((from) => [from, zoneRule(mesh, from)] as const)
        return zones.withRule(distribute(rules), async () => (await everyClient(true)).join('; '))
      }),
  ),
  check(
    {
      ...zoned,
      id: 'locality.weights',
      title: 'every zone of a cluster counts in its share of requests, without a rule and with shares for regions',
      source: 'Istio’s load balancing: an endpoint weighs as much as any other; istio/istio#56355',
    },
    ({ mesh }) =>
      mesh.withZones(async (zones) => {
        const even = evenShares(mesh)
        for (const from of mesh.clusters)
          expect(
            haveShares(scaled(even, requests.shares), regionShares(mesh, from), requests.shares),
            'the shares of the rule must be others than those without it',
          ).toBe(false)
        const weights = await Promise.all(mesh.clusters.map((from) => weightsFrom(mesh, zones, from)))
        const plain = await sharesSeen(mesh, zones, 'no rule', weights, () => even)
        const rules = mesh.clusters.map((from) => [from, regionRule(mesh, from)] as const)
        const shared = await zones.withRule(distribute(rules), () =>
          sharesSeen(mesh, zones, 'shares for regions', weights, (from) => regionShares(mesh, from)),
        )
        const seen = [...plain, ...shared]
        const counted = weights.flatMap((weighed) => Object.values(weighed.counted))
        const holds = counted.every((each) => each === 'every zone') && seen.every(({ asExpected }) => asExpected)
        const firstAlone =
          counted.includes('the first zone alone') &&
          !counted.includes('something else') &&
          seen.every(({ asWeighed }) => asWeighed)
        const verdict: Counted = holds ? 'every zone' : firstAlone ? 'the first zone alone' : 'something else'
        zones.counted(verdict, { weights, seen })
        // Which release it is decides whether it is a known issue.
        if (!holds)
          await Promise.all(mesh.clusters.filter(({ hostsIstiod }) => hostsIstiod).map((home) => home.releases()))
        const words = seen.map(({ from, rule, summary }) => `${from} with ${rule} ${summary}`).join('; ')
        expect(verdict, `${because('MP-787')}: ${words}`).toBe('every zone')
        return words
      }),
  ),
]

/** Outlier detection is what turns locality failover on. */
const failover: TrafficPolicy = {
  loadBalancer: { simple: 'ROUND_ROBIN', localityLbSetting: { enabled: true } },
  outlierDetection: { consecutive5xxErrors: 5, interval: '1s', baseEjectionTime: '5s' },
}

/** Shares for what clients of each cluster ask, by localities; those of a client are together 100. */
const distribute = (rules: (readonly [Cluster, Record<string, number>])[]): TrafficPolicy => ({
  loadBalancer: {
    simple: 'ROUND_ROBIN',
    localityLbSetting: {
      enabled: true,
      distribute: rules.map(([from, to]) => ({ from: `${regionOf(from)}/*`, to })),
    },
  },
})

/** The share in percent of each of the other clusters, where they have `percent` together; the rest is the own one’s. */
const ofEachOther = (mesh: Mesh, percent: number): number => Math.floor(percent / (mesh.clusters.length - 1))

/**
 * Most for the own zone, little for the own region’s other one, and the rest for one zone of each other cluster: behind
 * a gateway any of its zones answers.
 */
const zoneRule = (mesh: Mesh, from: Cluster): Record<string, number> => {
  const others = mesh.othersThan(from)
  const other = ofEachOther(mesh, 30)
  return {
    [localityOf(from, 'a')]: 90 - other * others.length,
    [localityOf(from, 'b')]: 10,
    ...Object.fromEntries(others.map((to) => [localityOf(to, 'a'), other])),
  }
}

/** The shares of that rule, by what answers: a zone, or a cluster on another network, whose gateway hides its zones. */
const zoneShares = (mesh: Mesh, from: Cluster): Shares => {
  const rule = zoneRule(mesh, from)
  const others = mesh
    .othersThan(from)
    .map((to) => [to.network === from.network ? answerOf(to, 'a') : to.version, rule[localityOf(to, 'a')] ?? 0])
  const own = zoneNames.map((zone) => [answerOf(from, zone), rule[localityOf(from, zone)] ?? 0])
  return sharesOf(Object.fromEntries([...own, ...others]) as Shares)
}

/**
 * Asks from a client, and expects the shares of the rule for zones. The control, without the rule, expects answers, and
 * that the shares are others.
 */
const asksForShares = async (mesh: Mesh, zones: Zones, from: Cluster, rule: boolean): Promise<string> => {
  const shares = zoneShares(mesh, from)
  const near = [from, ...mesh.onNetworkOf(from)].map(({ version }) => version)
  const nameOf = (answer: string): string => (near.includes(clusterIn(answer)) ? answer : clusterIn(answer))
  const hold = (answers: Answers): boolean => haveShares(tally(answers, nameOf), shares, answers.all.length)
  const answers = await zones.clientIn(from).get(zones.url, {
    until: rule ? (all) => answered(all) && hold(all) : answered,
    count: requests.shares,
  })
  expect(answers.statuses, because('MP-786')).toEqual([200])
  const which = rule ? 'with the rule the shares are its own' : 'without a rule the shares are others'
  expect(hold(answers), `${because('MP-786')}: ${which}: ${from.name} ${answers.summary}`).toBe(rule)
  return `${from.name} ${answers.summary}`
}

/** A fifth for the own region, and the rest for the others. */
const regionRule = (mesh: Mesh, from: Cluster): Record<string, number> => {
  const others = mesh.othersThan(from)
  const other = ofEachOther(mesh, 80)
  return {
    [`${regionOf(from)}/*`]: 100 - other * others.length,
    ...Object.fromEntries(others.map((to) => [`${regionOf(to)}/*`, other])),
  }
}

const regionShares = (mesh: Mesh, from: Cluster): Shares => {
  const rule = regionRule(mesh, from)
  return sharesOf(
    Object.fromEntries([from, ...mesh.othersThan(from)].map((to) => [to.version, rule[`${regionOf(to)}/*`] ?? 0])),
  )
}

/** The same share for every cluster, as each has as many pods as any other. */
const evenShares = (mesh: Mesh): Shares =>
  sharesOf(Object.fromEntries(mesh.clusters.map(({ version }) => [version, 1])))

/** Shares as numbers of requests. */
const scaled = (shares: Shares, count: number): Record<string, number> =>
  Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, Math.round(share * count)]))

const answered = ({ all, ok }: Answers): boolean => ok === all.length

/** The version of the cluster in an answer that names a zone, as `v1-a`. */
const clusterIn = (answer: string): string => answer.split('-')[0] ?? answer

/** How many answers each has, by a name that is made from the answer. */
const tally = ({ all }: Answers, nameOf: (answer: string) => string): Record<string, number> => {
  const named = Map.groupBy(
    all.flatMap(({ version }) => version ?? []),
    nameOf,
  )
  return Object.fromEntries([...named].map(([name, answers]) => [name, answers.length]))
}

const allPods = Object.values(podsOfZones).reduce((sum, pods) => sum + pods, 0)

/** What a client’s proxy knows of each cluster’s region: which of its zones count, by the version of the cluster. */
type Weighed = { from: string; counted: Record<string, Counted>; endpoints: string[] }

/** Reads the weights in a client’s proxy until every zone counts, for five seconds: endpoints take a moment to arrive. */
const weightsFrom = async (mesh: Mesh, zones: Zones, from: Cluster): Promise<Weighed> => {
  const weighed = await mesh.readUntil(
    async () => {
      const endpoints = await zones.weights(from)
      const unit = endpoints.find(({ region }) => region === regionOf(from))?.weight ?? 0
      const counted = mesh.clusters.map((to): [string, Counted] => [
        to.version,
        countedIn(
          {
            region: regionOf(to),
            pods: allPods,
            firstZone: 'zone-a',
            podsOfFirstZone: podsOfZones.a,
            otherNetwork: to.network !== from.network,
          },
          endpoints,
          unit,
        ),
      ])
      return { endpoints, counted: Object.fromEntries(counted) as Weighed['counted'] }
    },
    ({ counted }) => Object.values(counted).every((each) => each === 'every zone'),
    5_000,
  )
  return {
    from: from.name,
    counted: weighed.counted,
    endpoints: weighed.endpoints.map(
      ({ address, region, zone, weight }) => `${address} in ${region}/${zone} weighs ${weight}`,
    ),
  }
}

/** What the clients’ answers say: whether each cluster has its share, and whether it has the one of what is weighed. */
type Seen = {
  from: string
  rule: string
  shares: Shares
  summary: string
  answers: Record<string, number>
  asExpected: boolean
  asWeighed: boolean
}

/** Asks from every client, once the shares are those that its proxy’s weights make of the ones that are expected. */
const sharesSeen = (
  mesh: Mesh,
  zones: Zones,
  rule: string,
  weights: readonly Weighed[],
  sharesFor: (from: Cluster) => Shares,
): Promise<Seen[]> =>
  Promise.all(
    mesh.clusters.map(async (from) => {
      const shares = sharesFor(from)
      const counted = weights.find((each) => each.from === from.name)?.counted ?? {}
      const weighed = sharesOf(
        Object.fromEntries(
          Object.entries(shares).map(([to, share]) => [
            to,
            counted[to] === 'the first zone alone' ? (share * podsOfZones.a) / allPods : share,
          ]),
        ),
      )
      const have = (answers: Answers, expected: Shares): boolean =>
        answered(answers) && haveShares(tally(answers, clusterIn), expected, answers.all.length)
      const answers = await zones.clientIn(from).get(zones.url, {
        until: (all) => have(all, weighed),
        count: requests.shares,
      })
      return {
        from: from.name,
        rule,
        shares,
        summary: answers.summary,
        answers: tally(answers, clusterIn),
        asExpected: have(answers, shares),
        asWeighed: have(answers, weighed),
      }
    }),
  )

/** Expects that each client gets all answers from exactly these pods, by the versions that they answer with. */
const everyClientGets = async (mesh: Mesh, zones: Zones, expectedFor: (from: Cluster) => Expected): Promise<string> => {
  const perClient = await Promise.all(
    mesh.clusters.map(async (from) => {
      const { is, words } = expectedFor(from)
      const as = (answers: Answers): boolean => answered(answers) && is(answers.versions)
      const answers = await zones.clientIn(from).get(zones.url, { until: as, count: requests.answers })
      expect(answers.statuses, because('MP-785')).toEqual([200])
      expect(is(answers.versions), `${because('MP-785')}: ${words}, ${from.name} got ${answers.summary}`).toBe(true)
      return `${from.name} ${answers.versions.join(' ')}`
    }),
  )
  return perClient.join(', ')
}

/** Whether the versions that answered are the expected ones, and which those are, in words. */
type Expected = { is: (versions: string[]) => boolean; words: string }

/** The answers of some zones of the client’s own cluster, and of no other. */
const ofOwn = (from: Cluster, zone: Zone): Expected => ({
  is: (versions) => versions.join() === answerOf(from, zone),
  words: `expected zone ${zone} of its own region`,
})

/** The answers of every other cluster, in any of their zones, and of none of the own. */
const ofOthers = (mesh: Mesh, from: Cluster): Expected => ({
  is: (versions) =>
    [...new Set(versions.map(clusterIn))].sort().join() ===
    mesh
      .othersThan(from)
      .map(({ version }) => version)
      .sort()
      .join(),
  words: 'expected the other clusters',
})

/** The answers of both zones of the own cluster, and of every other one. */
const ofAll = (mesh: Mesh, from: Cluster): Expected => ({
  is: (versions) =>
    zoneNames.every((zone) => versions.includes(answerOf(from, zone))) &&
    ofOthers(mesh, from).is(versions.filter((version) => clusterIn(version) !== from.version)),
  words: 'expected every cluster',
})

/** Takes the pods of a cluster away, zone by zone, and brings them back: its client moves on, and the others stay. */
const failsOver = async (mesh: Mesh, zones: Zones, down: Cluster): Promise<string> => {
  const near = (): Promise<string> => everyClientGets(mesh, zones, (from) => ofOwn(from, 'a'))
  const without = (expected: Expected): Promise<string> =>
    everyClientGets(mesh, zones, (from) => (from.name === down.name ? expected : ofOwn(from, 'a')))
  const reports = [await near()]
  await zones.scale(down, { ...podsOfZones, a: 0 })
  reports.push(`without ${localityOf(down, 'a')}: ${await without(ofOwn(down, 'b'))}`)
  await zones.scale(down, { a: 0, b: 0 })
  reports.push(`without ${regionOf(down)}: ${await without(ofOthers(mesh, down))}`)
  await zones.scale(down, podsOfZones)
  await near()
  return reports.join('; ')
}
