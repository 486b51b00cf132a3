import { because, check, expect, onTwoNetworks } from '../harness/test.ts'

check({
  id: 'net.pods-isolated',
  layer: 'network',
  title: 'a pod reaches pods of its own network and none of another',
  source: 'seed 000: no VPN and no direct route between workloads of different clusters',
  from: 'each',
  to: 'others',
  applies: onTwoNetworks,
}, async ({ mesh, from }) => {
  const own = await from.outside.connect(`${await from.helloworldAddress()}:5000`)
  expect(own.connected, because('MP-714')).toBe(true)

  const foreign = await Promise.all(mesh.othersThan(from).map(async (peer) => from.outside.connect(`${await peer.helloworldAddress()}:5000`)))
  expect(foreign.filter(({ connected }) => connected), because('MP-711')).toEqual([])
  return `own pod answers, ${foreign.length} foreign do not`
})

check({
  id: 'net.gateway-open',
  layer: 'network',
  title: 'the other cluster’s gateway accepts connections on 15443',
  source: 'seed 000: requests to the other cluster go through its gateway’s address',
  from: 'each',
  to: 'others',
  applies: onTwoNetworks,
}, async ({ mesh, from }) => {
  const tried = await Promise.all(mesh.othersThan(from).map(async (peer) => {
    const address = await peer.gatewayAddress()
    expect(address, because('MP-713')).toBeDefined()
    const [open, closed] = await Promise.all([from.outside.connect(`${address}:15443`), from.outside.connect(`${address}:15444`, 1)])
    return { address, open: open.connected, closed: closed.connected }
  }))
  for (const { open, closed } of tried) {
    expect(open, because('MP-712')).toBe(true)
    expect(closed, 'a port that nobody serves must not look open').toBe(false)
  }
  return tried.map(({ address }) => `${address}:15443 open`).join(', ')
})
