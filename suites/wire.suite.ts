import {
  allSeen,
  because,
  check,
  expect,
  noAnswer,
  onSeveralNetworks,
  placeOf,
  where,
  whereRequestsCross,
  withMutualTls,
  type Cluster,
} from '#suite.ts'

/** The checks of this layer, in the order of the catalogue. */
export const wire = [
  check(
    {
      id: 'mtls.wire',
      layer: 'mtls',
      title: 'what crosses between clusters is TLS and shows no greeting; with mutual TLS off it is in clear',
      source:
        'seed 003, mutual TLS on and off; Istio’s security concept: traffic between workloads is encrypted in ' +
        'transit',
      from: 'mesh',
      alone: 'on the wire',
      applies: whereRequestsCross,
      needs: ['capture'],
    },
    async ({ mesh }) => {
      const greeting = 'Hello version'
      const clear = 'sent-in-clear'
      const captures = await Promise.all(
        mesh.clusters.map((peer) =>
          peer.wire(greeting, () =>
            Promise.all(
              mesh
                .othersThan(peer)
                .map((from) => from.sleep.get(mesh.helloworld.url, { until: allSeen(mesh.versions) })),
            ),
          ),
        ),
      )
      for (const captured of captures) {
        expect(captured.flows, 'the capture must have seen the requests').toBeGreaterThan(0)
        if (mesh.mtls === 'off') expect(captured.clear, because('MP-778')).toBeGreaterThan(0)
        else expect([captured.clear, captured.tls], because('MP-775')).toEqual([0, captured.flows])
      }
      // Clear text is sent after these captures: a cluster’s capture also sees traffic to another cluster.
      const controls = await Promise.all(
        mesh.clusters.map((peer) =>
          peer.wire(clear, () =>
            Promise.all(
              mesh
                .othersThan(peer)
                .map(async (from) =>
                  from.outside.getNow(`http://${await hopTo(peer, from)}/${clear}`, { count: 2, seconds: 1 }),
                ),
            ),
          ),
        ),
      )
      for (const control of controls)
        expect(control.clear, 'what is sent in clear must show in a capture').toBeGreaterThan(0)
      return mesh.clusters
        .map(
          ({ name }, index) =>
            `${name}: ${captures[index]?.tls ?? 0} of ${captures[index]?.flows ?? 0} flows are TLS, ` +
            `${captures[index]?.clear ?? 0} show the greeting`,
        )
        .join('; ')
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
]

/** The address that a client of one cluster dials for a request to another cluster. */
const hopTo = async (peer: Cluster, from: Cluster): Promise<string> => {
  if (peer.network === from.network) return `${await peer.helloworldAddress()}:5000`
  const [entrance] = await peer.entrances()
  return entrance ? placeOf(entrance) : 'no address'
}
