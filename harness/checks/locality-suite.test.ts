import { describe, expect, test } from 'vitest'
import { locality } from '../../suites/locality.suite.ts'
import type { WeightedEndpoint } from '#probes/envoy.ts'
import type { Answer } from '#probes/curl.ts'
import { answersOf, type Answers } from '#probes/sample.ts'
import { reasonOf } from '#errors.ts'
import { errorOf } from '#testing/edge.ts'
import type { Client } from './client.ts'
import type { Cluster } from './cluster.ts'
import type { Mesh } from './mesh.ts'
import { podsOfZones, regionOf, zoneNames, type TrafficPolicy, type Zone, type Zones } from './zones.ts'

/** How a mesh differs from a healthy one whose clusters are on two networks. */
type Oddity = {
  /** Gateways weigh as much as the first zone alone, as in istio/istio#56355. */
  firstZoneAlone?: boolean
  oneNetwork?: boolean
  /** An older rule holds, and the check’s own has no effect. */
  rulesIgnored?: boolean
  /** Some answer of every client is an error. */
  loses?: boolean
}

type Weights = Record<string, number>
type Policy = {
  loadBalancer: { localityLbSetting: { distribute?: { from: string; to: Weights }[] } }
  outlierDetection?: object
}

/** A mesh of two clusters that answers by its weights, as Envoy would. */
const meshWith = ({ firstZoneAlone = false, oneNetwork = false, rulesIgnored = false, loses = false }: Oddity = {}): {
  mesh: Mesh
  counted: string[]
  askedForReleases: string[]
} => {
  const [counted, askedForReleases]: [string[], string[]] = [[], []]
  const pods = new Map<string, Record<Zone, number>>()
  let rule: Policy | undefined
  const clusters = (['v1', 'v2'] as const).map(
    (version, index) =>
      ({
        name: `cluster${index + 1}`,
        version,
        network: oneNetwork ? 'network1' : `network${index + 1}`,
        hostsIstiod: index === 0,
        releases: () => Promise.resolve(askedForReleases.push(version)),
      }) as unknown as Cluster,
  )
  const podsOf = ({ version }: Cluster, zone: Zone): number => (pods.get(version) ?? podsOfZones)[zone]
  const isNear = (from: Cluster, to: Cluster): boolean => from.network === to.network
  const endpointsFor = (from: Cluster): WeightedEndpoint[] =>
    clusters.flatMap((to) => {
      const weighed = zoneNames.flatMap((zone) => {
        const weight = podsOf(to, zone)
        const place = { region: regionOf(to), zone: `zone-${zone}`, priority: 0 }
        return weight === 0 ? [] : [{ address: `${to.version}-${zone}`, ...place, weight }]
      })
      const [first, ...others] = weighed
      if (isNear(from, to) || !first) return weighed
      return [
        {
          ...first,
          address: to.version,
          weight: first.weight + (firstZoneAlone ? 0 : others.reduce((sum, { weight }) => sum + weight, 0)),
        },
      ]
    })
  /** The weight of what answers, by its version, under the rule that holds. */
  const answering = (from: Cluster): Weights => {
    const endpoints = endpointsFor(from)
    const distribute = rule?.loadBalancer.localityLbSetting.distribute
    const mine = distribute?.find((entry) => entry.from === `${regionOf(from)}/*`)
    if (mine)
      return Object.fromEntries(
        Object.entries(mine.to).flatMap(([target, share]) => {
          const [region, zone] = target.split('/')
          const matched = endpoints.filter((one) => one.region === region && (zone === '*' || one.zone === zone))
          const weight = matched.reduce((sum, one) => sum + one.weight, 0)
          // The share of a region is split among its zones as istiod knows them; of those, Envoy may keep one.
          const lost = firstZoneAlone && zone === '*' && matched[0]?.address === region?.slice('region-'.length) ? 3 : 1
          return matched.map((one) => [one.address, (share * one.weight) / weight / lost])
        }),
      )
    if (rule?.outlierDetection) {
      const own = endpoints.filter((one) => one.region === regionOf(from))
      const nearest = own.length > 0 ? own.slice(0, 1) : endpoints
      return Object.fromEntries(nearest.map((one) => [one.address, one.weight]))
    }
    return Object.fromEntries(endpoints.map((one) => [one.address, one.weight]))
  }
  const get: (from: Cluster) => Client['get'] =
    (from) =>
    (_, { until, count = 0 }) => {
      const weights = Object.entries(answering(from))
      const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
      const versions = weights.flatMap(([address, weight]) =>
        Array.from({ length: Math.round((count * weight) / total) }, (__, index) =>
          // Behind a gateway any zone answers.
          address.includes('-') ? address : `${address}-${zoneNames[index % 2] ?? 'a'}`,
        ),
      )
      const all = versions.map((version, index): Answer => ({
        status: loses && index === 0 ? 503 : 200,
        version: loses && index === 0 ? undefined : version,
        exit: 0,
        error: '',
        remote: '',
        connected: true,
        seconds: 0,
      }))
      const answers: Answers = answersOf(all)
      until(answers)
      return Promise.resolve(answers)
    }
  const zones: Zones = {
    url: 'http://zones.app1:5000/hello',
    clientIn: (from) => ({ get: get(from) }) as Client,
    weights: (from) => Promise.resolve(endpointsFor(from)),
    scale: ({ version }, scaled) => {
      pods.set(version, scaled)
      return Promise.resolve()
    },
    withRule: async (policy: TrafficPolicy, during) => {
      if (!rulesIgnored) rule = policy as Policy
      try {
        return await during()
      } finally {
        rule = undefined
      }
    },
    counted: (what) => {
      counted.push(what)
    },
  }
  const mesh = {
    clusters,
    othersThan: (cluster: Cluster) => clusters.filter((other) => other !== cluster),
    onNetworkOf: (cluster: Cluster) => clusters.filter((other) => other !== cluster && isNear(cluster, other)),
    readUntil: (read: () => Promise<unknown>) => read(),
    withZones: (during: (some: Zones) => Promise<unknown>) => during(zones),
  } as unknown as Mesh
  return { mesh, counted, askedForReleases }
}

const messageOf = async (failing: Promise<string>): Promise<string> => reasonOf(await errorOf(failing))

const prove = (id: string, { mesh }: ReturnType<typeof meshWith>): Promise<string> => {
  const check = locality.find((candidate) => candidate.id === id)
  if (!check) throw new Error(`no check ${id}`)
  return check.prove({ mesh, from: mesh.clusters[0]!, signal: new AbortController().signal })
}

describe.each([
  ['two networks', {}],
  ['one network', { oneNetwork: true }],
])('in a healthy mesh of %s', (_, oddity) => {
  test.each(locality.map(({ id }) => id))('%s passes', async (id) => {
    expect(await prove(id, meshWith(oddity))).toContain('cluster2')
  })
})

test('locality.failover tells what answers as pods go', async () => {
  expect(await prove('locality.failover', meshWith())).toContain(
    'without region-v1/zone-a cluster1 v1-b, cluster2 v2-a; without region-v1 cluster1 v2-a v2-b, cluster2 v2-a',
  )
})

test.each([
  ['locality.failover', 'MP-785'],
  ['locality.distribute', 'MP-786'],
  ['locality.weights', 'MP-787'],
])('%s fails where its rule has no effect, and names %s', async (id, code) => {
  expect(await messageOf(prove(id, meshWith({ rulesIgnored: true, oneNetwork: true })))).toContain(code)
})

test.each(locality.map(({ id }) => id))('%s fails where a request gets no answer', async (id) => {
  expect(await messageOf(prove(id, meshWith({ loses: true })))).toMatch(/^MP-78[567]/)
})

describe('where gateways weigh as much as the first zone', () => {
  test('locality.weights fails, says so, and reads the releases of the control planes', async () => {
    const mesh = meshWith({ firstZoneAlone: true })
    expect(await messageOf(prove('locality.weights', mesh))).toContain('MP-787')
    expect(mesh).toMatchObject({ counted: ['the first zone alone'], askedForReleases: ['v1'] })
  })

  test.each(['locality.failover', 'locality.distribute'])('%s passes: it asks for one zone there', async (id) => {
    expect(await prove(id, meshWith({ firstZoneAlone: true }))).toContain('cluster2')
  })
})

test('answers that the weights do not explain are something else', async () => {
  const mesh = meshWith({ firstZoneAlone: true, rulesIgnored: true })
  await errorOf(prove('locality.weights', mesh))
  expect(mesh.counted).toEqual(['something else'])
})
