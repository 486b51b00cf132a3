import {
  allSeen,
  because,
  check,
  expect,
  onSeveralNetworks,
  placeOf,
  where,
  whereRequestsCross,
  withMutualTls,
  type Mesh,
  type Cluster,
} from '#suite.ts'
import { fromEach } from './every-client.ts'

/** The checks of this layer, in the order of the catalogue. */
export const reach = [
  check(
    {
      id: 'reach.local',
      layer: 'reach',
      title: 'a client reaches the version in its own cluster',
      source: 'seed 000: what is in the same cluster is reached there',
      from: 'each',
      to: 'own',
    },
    async ({ mesh, from }) => {
      const answers = await from.sleep.get(mesh.helloworld.url, {
        until: ({ versions }) => versions.includes(from.version),
        seconds: 1,
        tolerant: true,
      })
      expect(answers.versions, because('MP-751')).toContain(from.version)
      const nowhere = await from.sleep.getNow(`${mesh.helloworld.origin}/nowhere`, { count: 4, seconds: 1 })
      expect(nowhere.ok, 'a path that nobody serves must not answer 200').toBe(0)
      return `${from.version} among ${answers.summary}`
    },
  ),
  check(
    {
      id: 'reach.both-versions',
      layer: 'reach',
      title: 'a client reaches the local version and those of the other clusters',
      source: 'seed 003: curl of helloworld shows both versions',
      from: 'each',
      applies: whereRequestsCross,
    },
    async ({ mesh, from }) => {
      const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
      expect(answers.statuses, because('MP-752')).toEqual([200])
      expect(answers.versions, because('MP-752')).toEqual(mesh.versions)
      return answers.summary
    },
  ),
  check(
    {
      id: 'reach.path',
      layer: 'reach',
      title: 'a request to another cluster takes the hop that the topology says, on a new connection',
      source:
        'seed 000: a remote workload is reached through its cluster’s gateway; seed 003: the log of istio-proxy ' +
        'shows the endpoint',
      from: 'mesh',
      alone: 'among checks',
      applies: whereRequestsCross,
      needs: ['access log'],
    },
    ({ mesh }) => fromEach(mesh.clusters, (from) => followRequests(mesh, from)),
  ),
  check(
    {
      id: 'reach.outside-mesh',
      layer: 'reach',
      title:
        'a client without a sidecar reaches its own cluster only, and one without a certificate gets nothing ' +
        'from a gateway',
      source: 'Istio’s multicluster tests: clients without a sidecar reach their own cluster only',
      from: 'mesh',
      alone: 'in the mesh',
      applies: where(onSeveralNetworks, withMutualTls),
    },
    async ({ mesh }) => {
      const inClusters = await mesh.allowingPlaintext(() =>
        fromEach(mesh.clusters, async (from) => {
          const answers = await from.outside.get(mesh.helloworld.url, { until: allSeen([from.version]) })
          expect(
            answers.versions.filter((version) => version !== from.version),
            because('MP-754'),
          ).toEqual([])
          expect(answers.ok, because('MP-774')).toBe(answers.all.length)
          return `${from.name} ${answers.summary}`
        }),
      )

      const strangers = await mesh.withStrangers(async (strangerTo) => {
        for (const peer of mesh.clusters) {
          for (const entrance of await peer.entrances()) {
            const answers = await strangerTo(peer).getNow(`http://${mesh.hostOf('helloworld')}:5000/hello`, {
              through: placeOf(entrance),
            })
            expect(
              answers.all.some(({ connected }) => connected),
              because('MP-712'),
            ).toBe(true)
            expect(answers.ok, because('MP-754')).toBe(0)
          }
        }
        return [...new Set(mesh.clusters.map((peer) => strangerTo(peer).name))].join(', ')
      })
      return `${inClusters}; ${strangers} 0`
    },
  ),
]

/**
 * Sends marked requests from one cluster and follows them through the access logs: the hop that the client’s proxy
 * chose, the gateway that each request passed, and the server’s proxy. The answers from a network must be as many
 * as the requests that took the hop to it.
 */
const followRequests = async (mesh: Mesh, from: Cluster): Promise<string> => {
  await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
  const direct = [from, ...mesh.onNetworkOf(from)]
  const beyond = mesh.onOtherNetworks(from)
  const withGatewayLog = mesh.leftOut('gateway log') === undefined ? beyond : []
  const pods = await Promise.all(direct.map(async (cluster) => `${await cluster.helloworldAddress()}:5000`))
  const gateways = (await Promise.all(beyond.map(async (cluster) => (await cluster.entrances()).map(placeOf)))).flat()

  const since = new Date()
  const mark = `/hello?path=${from.name}-${since.getTime()}`
  const answers = await from.sleep.getNow(`${mesh.helloworld.origin}${mark}`, { count: 16 })
  const answeredBy = (clusters: Cluster[]): number =>
    answers.all.filter(({ version }) => clusters.some((cluster) => cluster.version === version)).length
  expect(answeredBy(mesh.othersThan(from)), because('MP-752')).toBeGreaterThan(0)

  const { lines, passedGateways, downstreams } = await mesh.readUntil(
    async () => {
      const isMarked = ({ path }: { path?: string | null | undefined }): boolean => path?.startsWith(mark) ?? false
      const throughGateway = await Promise.all(
        withGatewayLog.map((peer) =>
          peer.accessLog('gateway', since, ({ sni }) => sni?.includes(mesh.hostOf('helloworld')) ?? false),
        ),
      )
      const arrived = await Promise.all(
        mesh.clusters.map((cluster) => cluster.accessLog('helloworld', since, isMarked)),
      )
      return {
        lines: await from.accessLog('sleep', since, isMarked),
        passedGateways: throughGateway.flat().length,
        downstreams: arrived.flat().map(({ downstream }) => downstream ?? ''),
      }
    },
    (logs) =>
      logs.lines.length >= answers.all.length &&
      logs.downstreams.length >= answers.ok &&
      logs.passedGateways >= answeredBy(withGatewayLog),
    8_000,
  )
  const upstreams = lines.map(({ upstream }) => upstream ?? '')
  const routes = lines.map(({ cluster }) => cluster ?? '')
  const requestsVia = (hops: string[]): number => upstreams.filter((upstream) => hops.includes(upstream)).length
  expect(new Set(routes), because('MP-753')).toEqual(new Set([mesh.helloworld.cluster]))
  expect(
    upstreams.filter((upstream) => ![...pods, ...gateways].includes(upstream)),
    because('MP-753'),
  ).toEqual([])
  expect(requestsVia(pods), because('MP-753')).toBe(answeredBy(direct))
  expect(requestsVia(gateways), because('MP-753')).toBe(answeredBy(beyond))
  expect(passedGateways, because('MP-753')).toBeGreaterThanOrEqual(answeredBy(withGatewayLog))
  expect(downstreams.length, because('MP-753')).toBe(answers.ok)
  expect(
    new Set(downstreams).size,
    'each request must come on a connection of its own: a kept connection hides a broken path',
  ).toBe(answers.ok)
  return (
    `${from.name} → ${[...pods.slice(1), ...gateways].join(', ')} ${answeredBy(mesh.othersThan(from))} of ` +
    `${answers.all.length}`
  )
}
