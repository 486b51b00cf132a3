import { because, check, expect, lossIn, onSeveralNetworks, onSharedNetwork, overlap, placeOf } from '#suite.ts'

/** The checks of this layer, in the order of the catalogue. */
export const network = [
  check(
    {
      id: 'net.cidrs-disjoint',
      layer: 'network',
      title: 'pod and service ranges of clusters on one network do not overlap',
      source: 'seeds 002 and 003: each cluster’s pod and service ranges are unique in the mesh; istio/istio#14066',
      from: 'each',
      to: 'same network',
      applies: onSharedNetwork,
      needs: ['ranges'],
    },
    async ({ mesh, from }) => {
      const rangesOf = async (cluster: typeof from): Promise<string[]> => Object.values(await cluster.ranges()).flat()
      const own = await rangesOf(from)
      expect(own.length, 'a cluster has a range of pods and one of services at least').toBeGreaterThanOrEqual(2)
      for (const range of own) expect(overlap(range, range), 'a range overlaps itself').toBe(true)

      const peers = (await Promise.all(mesh.onNetworkOf(from).map(rangesOf))).flat()
      const shared = own.flatMap((range) =>
        peers.filter((other) => overlap(range, other)).map((other) => `${range} and ${other}`),
      )
      expect(shared, because('MP-715')).toEqual([])
      return `${own.join(', ')} beside ${peers.join(', ')}`
    },
  ),
  check(
    {
      id: 'net.pods-routable',
      layer: 'network',
      title: 'a pod reaches the pods of its network directly, no mesh involved',
      source: 'seeds 002 and 003: all pod ranges are routable to each other',
      from: 'each',
      to: 'same network',
      applies: onSharedNetwork,
    },
    async ({ mesh, from }) => {
      const own = await from.outside.connect(`${await from.helloworldAddress()}:5000`)
      expect(own.connected, because('MP-714')).toBe(true)

      const tried = await Promise.all(
        mesh.onNetworkOf(from).map(async (peer) => {
          const address = await peer.helloworldAddress()
          const [open, closed] = await Promise.all([
            from.outside.connect(`${address}:5000`),
            from.outside.connect(`${await peer.silentAddress()}:5000`, 1),
          ])
          return { address, open: open.connected, closed: closed.connected }
        }),
      )
      for (const { open, closed } of tried) {
        expect(open, because('MP-716')).toBe(true)
        expect(closed, 'a pod that serves nothing must not look open').toBe(false)
      }
      return tried.map(({ address }) => `${address}:5000 open`).join(', ')
    },
  ),
  check(
    {
      id: 'net.pods-isolated',
      layer: 'network',
      title: 'a pod reaches pods of its own cluster and none of another network',
      source: 'seed 000: no VPN and no direct route between workloads of different clusters',
      from: 'each',
      to: 'other networks',
      applies: onSeveralNetworks,
    },
    async ({ mesh, from }) => {
      const own = await from.outside.connect(`${await from.helloworldAddress()}:5000`)
      expect(own.connected, because('MP-714')).toBe(true)

      const foreign = await Promise.all(
        mesh.onOtherNetworks(from).map(async (peer) => {
          const address = await peer.helloworldAddress()
          const [open, closed] = await Promise.all([
            from.outside.connect(`${address}:5000`),
            from.outside.connect(`${await peer.silentAddress()}:5000`),
          ])
          // Some networks accept every connection. The pod is reached only if a pod that serves nothing is not.
          return { address, reached: open.connected && !closed.connected }
        }),
      )
      const joined = foreign.filter(({ reached }) => reached)
      // A mesh may cross by gateways although a network of its owner leads to the pods as well.
      if (joined.length > 0 && mesh.leftOut('separate networks') !== undefined)
        return `own pod answers; ${joined.length} of ${foreign.length} foreign do as well, beneath the mesh`
      expect(joined, because('MP-711')).toEqual([])
      return `own pod answers, ${foreign.length} foreign do not`
    },
  ),
  check(
    {
      id: 'net.gateway-open',
      layer: 'network',
      title:
        'the gateways of a cluster on another network accept connections where other networks enter, mostly on 15443',
      source: 'seeds 000 and 001: requests to the other cluster go through its gateway’s address',
      from: 'each',
      to: 'other networks',
      applies: onSeveralNetworks,
    },
    async ({ mesh, from }) => {
      const perPeer = await Promise.all(mesh.onOtherNetworks(from).map((peer) => peer.entrances()))
      for (const entrances of perPeer) expect(entrances.length, because('MP-713')).toBeGreaterThan(0)
      const tried = await Promise.all(
        perPeer.flat().map(async (entrance) => {
          const { address, port } = entrance
          // A gateway may serve a neighbouring port, but not each of these.
          const unserved = [port + 1, port + 7, 1].map((other) => placeOf({ address, port: other }))
          const [open, ...others] = await Promise.all([
            from.outside.connect(placeOf(entrance)),
            ...unserved.map((place) => from.outside.connect(place, 1)),
          ])
          const closed = { connected: others.every(({ connected }) => connected) }
          // One connection does not show packet loss, so many are counted, and a request that fills a packet is among
          // them. A second count confirms a loss.
          const first = await from.outside.connections(address, port)
          const isDoubtful = (open.connected && lossIn([first]).lost > 0) || first.large === 'lost'
          const counts = isDoubtful ? [first, await from.outside.connections(address, port)] : [first]
          const loss = lossIn(counts)
          const largeLost = counts.every(({ large }) => large === 'lost')
          return { place: placeOf(entrance), open: open.connected, closed: closed.connected, loss, largeLost }
        }),
      )
      for (const { place, open, closed, loss, largeLost } of tried) {
        // A handshake can be large as well, so this comes before the port that looks closed to it.
        expect(largeLost ? [`a request that fills a packet, to ${place}`] : [], because('MP-718')).toEqual([])
        expect(open, because('MP-712')).toBe(true)
        expect(closed, 'a port that nobody serves must not look open').toBe(false)
        const lost = loss.isProblem ? [`${loss.lost} of ${loss.tries} connections to ${place} are lost or slow`] : []
        expect(lost, because('MP-712')).toEqual([])
      }
      return tried.map(({ place, loss }) => `${place} open, ${loss.lost} of ${loss.tries} lost`).join(', ')
    },
  ),
]
