import {
  allRefused,
  allSeen,
  because,
  check,
  expect,
  noAnswer,
  onSeveralNetworks,
  onSharedNetwork,
  placeOf,
  where,
  withMutualTls,
  withoutMutualTls,
  type Answers,
  type Mesh,
  type Cluster,
} from '#suite.ts'
import { everyClientSees, fromEach, versionsIn } from './every-client.ts'

/** The checks of this layer, in the order of the catalogue. */
export const mtls = [
  check(
    {
      id: 'mtls.strict',
      layer: 'mtls',
      title: 'where mutual TLS is required, clients of every cluster still reach every version',
      source:
        'seed 000: the shared root makes mutual TLS work across clusters; Istio’s mutual TLS matrix: STRICT ' +
        'crosses clusters and networks',
      from: 'mesh',
      applies: withMutualTls,
    },
    async ({ mesh }) => {
      // Answers prove something only once plaintext is refused: before that, mutual TLS may not be required yet.
      await expectPlaintextRefused(mesh)
      return everyClientSees(mesh, mesh.versions, 'MP-771')
    },
  ),
  check(
    {
      id: 'mtls.identity',
      layer: 'mtls',
      title: 'both sides of a request see the other’s SPIFFE identity',
      source:
        'Istio’s security concept: a workload is identified by trust domain, namespace and service account; ' +
        'istio/istio#47130',
      from: 'mesh',
      applies: withMutualTls,
      needs: ['access log'],
    },
    async ({ mesh }) => {
      const perClient = await Promise.all(
        mesh.clusters.map(async (from) => ({ from, ...(await identitiesSeen(mesh, from)) })),
      )
      for (const { from, servers, clients } of perClient) {
        expect(servers, because('MP-772')).toEqual(mesh.identities('default', mesh.reachableFrom(from)))
        expect(clients, because('MP-772')).toEqual(mesh.identities('sleep', [from]))
      }
      return 'sleep and default on both sides'
    },
  ),
  check(
    {
      id: 'mtls.gateway-refuses-certless',
      layer: 'mtls',
      title: 'a gateway answers no caller without a certificate, whatever name it asks for',
      source:
        'Istio’s routing tests: AUTO_PASSTHROUGH serves nobody without a client certificate, for names it knows ' +
        'and names it does not',
      from: 'mesh',
      applies: where(onSeveralNetworks, withMutualTls),
    },
    async ({ mesh }) =>
      mesh.withStrangers(async (strangerTo) => {
        await Promise.all(
          mesh.clusters.map(async (from) => {
            const served = await from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })
            expect(served.ok, 'with a certificate the same gateways must pass requests on').toBe(served.all.length)
          }),
        )
        await Promise.all(
          mesh.clusters.map(async (peer) => {
            const names = [
              `outbound_.5000_._.${mesh.hostOf('helloworld')}`,
              `outbound_.5000_._.${mesh.hostOf('nowhere')}`,
              'nowhere.example',
            ]
            const entrances = (await peer.entrances()).map(placeOf)
            await Promise.all(
              entrances
                .flatMap((through) => names.map((name) => ({ through, name })))
                .map(async ({ through, name }) => {
                  const answers = await strangerTo(peer).getNow(`https://${name}/hello`, { through, count: 4 })
                  expect(
                    answers.all.some(({ connected }) => connected),
                    because('MP-712'),
                  ).toBe(true)
                  expect(answers.statuses, because('MP-776')).toEqual([noAnswer])
                }),
            )
          }),
        )
        return `${mesh.clusters.length} gateways, 3 names each: 0 answers`
      }),
  ),
  check(
    {
      id: 'mtls.wrong-identity',
      layer: 'mtls',
      title: 'a server of another identity than its clients are told gets no request',
      source:
        'Istio’s security concept: a workload is identified by trust domain, namespace and service account; ' +
        'istio/istio#47130',
      from: 'mesh',
      alone: 'in the mesh',
      applies: withMutualTls,
    },
    async ({ mesh }) =>
      mesh.withPolicy('wrong-identity', async () => {
        await Promise.all(
          mesh.clusters.map(async (from) => {
            const answers = await from.sleep.get(mesh.helloworld.url, {
              until: ({ ok }) => ok === 0,
              count: 8,
              tolerant: true,
            })
            expect(answers.ok, because('MP-772')).toBe(0)
          }),
        )
        return '0 answers'
      }),
  ),
  check(
    {
      id: 'mtls.plaintext-refused',
      layer: 'mtls',
      title:
        'a client without a sidecar is served where plaintext is allowed, and refused where mutual TLS is required',
      source:
        'seed 003, mutual TLS on and off; Istio’s mutual TLS matrix: PERMISSIVE serves plaintext, STRICT refuses it',
      from: 'mesh',
      alone: 'in the mesh',
      applies: withMutualTls,
    },
    async ({ mesh }) => {
      await mesh.allowingPlaintext(() =>
        Promise.all(
          mesh.clusters.map(async (from) => {
            const served = await from.outside.get(mesh.helloworld.url, { until: allSeen([from.version]), count: 8 })
            expect(served.ok, because('MP-774')).toBe(8)
          }),
        ),
      )
      return expectPlaintextRefused(mesh)
    },
  ),
  check(
    {
      id: 'mtls.off-crosses',
      layer: 'mtls',
      title: 'with mutual TLS off, clients reach every version of their network, in plaintext',
      source: 'seed 003, mutual TLS off; Istio’s mutual TLS matrix: DISABLE crosses clusters on one network',
      from: 'each',
      to: 'same network',
      applies: where(withoutMutualTls, onSharedNetwork),
      needs: ['access log'],
    },
    async ({ mesh, from }) => {
      const wanted = versionsIn(mesh.reachableFrom(from))
      const { answers, servers, clients } = await identitiesSeen(mesh, from)
      expect(answers.versions, because('MP-779')).toEqual(wanted)
      expect([...servers, ...clients], because('MP-777')).toEqual(['none', 'none'])
      return `${answers.summary}, no identity on either side`
    },
  ),
  check(
    {
      id: 'mtls.off-stays',
      layer: 'mtls',
      title: 'with mutual TLS off, clients never reach another network',
      source: 'Istio’s mutual TLS matrix: plaintext never crosses networks; istio/istio#28798',
      from: 'each',
      applies: where(withoutMutualTls, onSeveralNetworks),
    },
    async ({ mesh, from }) => {
      const wanted = versionsIn(mesh.reachableFrom(from))
      const answers = await from.sleep.get(mesh.helloworld.url, { until: allSeen(wanted) })
      expect(answers.statuses, because('MP-779')).toEqual([200])
      expect(answers.versions, because('MP-770')).toEqual(wanted)
      return answers.summary
    },
  ),
]

/**
 * Sends marked requests from one cluster to every server, and reads from the proxies’ access logs which identity
 * each side saw.
 */
const identitiesSeen = async (
  mesh: Mesh,
  from: Cluster,
): Promise<{ answers: Answers; servers: string[]; clients: string[] }> => {
  const since = new Date()
  const mark = `/hello?identity=${from.name}-${since.getTime()}`
  const reached = mesh.reachableFrom(from)
  const versions = versionsIn(reached)
  const answers = await from.sleep.get(`${mesh.helloworld.origin}${mark}`, { until: allSeen(versions) })
  expect(answers.versions, because(mesh.mtls === 'strict' ? 'MP-771' : 'MP-779')).toEqual(versions)
  const { sent, received } = await mesh.readUntil(
    async () => ({
      sent: await from.accessLog('sleep', since, ({ path }) => path?.startsWith(mark) ?? false),
      received: await Promise.all(
        reached.map((cluster) => cluster.accessLog('helloworld', since, ({ path }) => path?.startsWith(mark) ?? false)),
      ),
    }),
    (logs) => logs.sent.length >= answers.all.length && logs.received.every((lines) => lines.length > 0),
    8_000,
  )
  const servers = distinct(sent.map(({ upstreamIdentity }) => upstreamIdentity))
  const clients = distinct(received.flat().map(({ downstreamIdentity }) => downstreamIdentity))
  return { answers, servers, clients }
}

const distinct = (identities: (string | null | undefined)[]): string[] =>
  [...new Set(identities.map((identity) => identity ?? 'none'))].sort()

const expectPlaintextRefused = (mesh: Mesh): Promise<string> =>
  fromEach(mesh.clusters, async (from) => {
    const answers = await mesh.readUntil(
      () => from.outside.getNow(mesh.helloworld.url, { count: 4, seconds: 2 }),
      allRefused,
    )
    expect(allRefused(answers), because('MP-773')).toBe(true)
    const judged = await from.outside.getNow(mesh.helloworld.url, { count: 8, seconds: 2 })
    expect(
      judged.all.filter(({ status }) => status !== 0),
      because('MP-773'),
    ).toEqual([])
    return `${from.name} refused ${judged.all.length} of ${judged.all.length}`
  })
