import { expect, test } from 'vitest'
import { accessLinesIn } from './envoy.ts'

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
