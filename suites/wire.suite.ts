import { allSeen, because, check, expect, placeOf, whereRequestsCross, type Cluster } from '#suite.ts'

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
]

/** The address that a client of one cluster dials for a request to another cluster. */
const hopTo = async (peer: Cluster, from: Cluster): Promise<string> => {
  if (peer.network === from.network) return `${await peer.helloworldAddress()}:5000`
  const [entrance] = await peer.entrances()
  return entrance ? placeOf(entrance) : 'no address'
}
