import { expect, test } from 'vitest'
import { accessLinesIn, refusingIn, weightsIn } from './envoy.ts'

const since = new Date('2026-01-01T00:00:10.000Z')
const line = (second: number, port: number): string =>
  JSON.stringify({
    start: `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`,
    path: '/hello',
    downstream: `10.10.0.5:${port}`,
  })

test('an access log has the lines since a moment, and no others', () => {
  const log = [
    line(10, 4001),
    line(11, 4002),
    '2026-01-01T00:00:11Z info xdsproxy connected to upstream',
    // The form that Istio gives to JSON by itself has other names.
    JSON.stringify({ start_time: '2026-01-01T00:00:11.000Z', path: '/hello', response_code: 200 }),
    line(12, 4003),
  ]
  expect(accessLinesIn([line(0, 4000), ...log].join('\n'), since)).toMatchObject([
    { downstream: '10.10.0.5:4001' },
    { downstream: '10.10.0.5:4002' },
    { downstream: '10.10.0.5:4003' },
  ])
})

test('a request whose line is written twice counts once', () => {
  const log = [line(11, 4001), line(11, 4001), line(11, 4002), line(11, 4002)].join('\n')
  expect(accessLinesIn(log, since)).toHaveLength(2)
})

test('endpoints have weights and localities, in the order of the localities; a pipe is none', () => {
  const host = (address: string, port: number, fields: object): object => ({
    address: { socket_address: { address, port_value: port } },
    ...fields,
  })
  const page = {
    cluster_statuses: [
      { name: 'outbound|80||other', host_statuses: [host('10.1.0.9', 80, {})] },
      {
        name: 'outbound|5000||zones.app1.svc.cluster.local',
        host_statuses: [
          host('172.18.0.6', 15443, { weight: 3, locality: { region: 'region-v2', zone: 'zone-a' }, priority: 1 }),
          host('10.1.0.4', 5000, { weight: 1, locality: { region: 'region-v1', zone: 'zone-b' } }),
          host('10.1.0.3', 5000, { weight: 1, locality: { region: 'region-v1', zone: 'zone-a' } }),
          host('10.1.0.5', 5000, {}),
          { address: { pipe: {} } },
        ],
      },
    ],
  }
  const words = weightsIn(page, 'outbound|5000||zones.app1.svc.cluster.local').map(
    ({ address, region, zone, priority, weight }) => `${address} ${region}/${zone} P${priority} ${weight}`,
  )
  expect(words).toEqual([
    '10.1.0.5:5000 / P0 1',
    '10.1.0.3:5000 region-v1/zone-a P0 1',
    '10.1.0.4:5000 region-v1/zone-b P0 1',
    '172.18.0.6:15443 region-v2/zone-a P1 3',
  ])
})

test('extensions that refuse all are those in whose place the agent has put a denial', () => {
  const filter = (name: string, config: object): object => ({
    '@type': 'type.googleapis.com/envoy.admin.v3.EcdsConfigDump.EcdsFilterConfig',
    ecds_filter: {
      '@type': 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
      name,
      typed_config: config,
    },
  })
  const page = {
    configs: [
      filter('app1.lost', { rules: {}, rules_stat_prefix: 'wasm-default-deny' }),
      filter('app1.lost-in-tcp', { rules: {}, stat_prefix: 'wasm-default-deny' }),
      filter('app1.open', { rules_stat_prefix: 'wasm-default-allow' }),
      filter('app1.works', { config: { name: 'works' } }),
    ],
  }
  expect(refusingIn(page)).toEqual(['app1.lost', 'app1.lost-in-tcp'])
  expect(refusingIn({})).toEqual([])
})
