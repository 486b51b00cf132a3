import { expect, test } from 'vitest'
import { listenersIn } from '#probes/envoy-listeners.ts'
import { lostInbound } from './inbound.ts'

const http = {
  name: 'envoy.filters.network.http_connection_manager',
  typed_config: { route_config: { virtual_hosts: [{ routes: [{ route: { cluster: 'inbound|80||' } }] }] } },
}
const tcp = { name: 'envoy.filters.network.tcp_proxy', typed_config: { cluster: 'inbound|90||' } }

const inbound = listenersIn({
  configs: [
    {
      name: 'virtualInbound',
      active_state: {
        listener: {
          filter_chains: [
            { filter_chain_match: { destination_port: 80 }, filters: [http] },
            { filter_chain_match: { destination_port: 90 }, filters: [tcp] },
            { filters: [{ name: 'x', typed_config: { cluster: 'InboundPassthroughCluster' } }] },
          ],
        },
      },
    },
  ],
})

test.each<[string, string[], number[], number]>([
  ['has what its listener leads to', ['inbound|80||', 'inbound|90||'], [80, 90], 0],
  ['lacks what a route leads to', ['inbound|90||'], [80, 90], 1],
  ['lacks what takes TCP', ['inbound|80||'], [80, 90], 1],
  ['lacks what no service asks for', ['inbound|80||'], [80], 0],
  ['takes a port by its general way', [], [70], 0],
])('a proxy that %s', (_what, held, ports, lost) => {
  expect(lostInbound(inbound, new Set(held), ports)).toHaveLength(lost)
})
