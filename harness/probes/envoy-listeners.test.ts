import { expect, test } from 'vitest'
import { listenersIn, serverNamesAt } from './envoy-listeners.ts'

const chain = (name: string, more: object = {}): object => ({
  filter_chain_match: { server_names: [name], application_protocols: ['istio'] },
  filters: [{ name: 'envoy.filters.network.tcp_proxy', typed_config: { cluster: name } }],
  ...more,
})

test('listeners say which names they pass on, who ends TLS, and what they refused', () => {
  const page = {
    configs: [
      {
        name: '0.0.0.0_15443',
        active_state: {
          listener: {
            address: { socket_address: { address: '0.0.0.0', port_value: 15443 } },
            listener_filters: [{ name: 'envoy.filters.listener.tls_inspector' }],
            filter_chains: [chain('outbound_.80_._.cart.shop.svc.cluster.local')],
          },
        },
        error_state: { details: 'duplicate matcher', last_update_attempt: '2026-01-02T03:04:05Z' },
      },
      {
        name: '0.0.0.0_8443',
        active_state: {
          listener: {
            address: { socket_address: { port_value: 8443 } },
            listener_filters: [{ name: 'envoy.filters.listener.proxy_protocol' }],
            filter_chains: [chain('shop.example', { transport_socket: { name: 'envoy.transport_sockets.tls' } })],
          },
        },
      },
      { name: 'refused_from_the_start', error_state: { details: 'no', last_update_attempt: '' } },
    ],
  }
  const listeners = listenersIn(page)
  expect(listeners).toEqual([
    {
      name: '0.0.0.0_15443',
      port: 15443,
      proxyProtocol: false,
      chains: [
        {
          serverNames: ['outbound_.80_._.cart.shop.svc.cluster.local'],
          endsTls: false,
          cluster: 'outbound_.80_._.cart.shop.svc.cluster.local',
        },
      ],
      refused: { said: 'duplicate matcher', at: '2026-01-02T03:04:05Z' },
    },
    {
      name: '0.0.0.0_8443',
      port: 8443,
      proxyProtocol: true,
      chains: [{ serverNames: ['shop.example'], endsTls: true, cluster: 'shop.example' }],
      refused: undefined,
    },
    {
      name: 'refused_from_the_start',
      port: undefined,
      proxyProtocol: false,
      chains: [],
      refused: { said: 'no', at: '' },
    },
  ])
  expect(serverNamesAt(listeners, 15443)).toEqual(['outbound_.80_._.cart.shop.svc.cluster.local'])
})

test('a listener that takes connections without a PROXY header as well does not expect one', () => {
  const listener = {
    listener_filters: [
      {
        name: 'envoy.filters.listener.proxy_protocol',
        typed_config: { allow_requests_without_proxy_protocol: true },
      },
    ],
  }
  expect(listenersIn({ configs: [{ name: 'either', active_state: { listener } }] })[0]?.proxyProtocol).toBe(false)
})
