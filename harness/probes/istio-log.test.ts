import { expect, test } from 'vitest'
import { lastComplaint } from './istio-log.ts'

const time = '2026-11-29T01:02:03.456789Z'
const line = (level: string, ...words: string[]): string => [time, level, ...words].join('\t')
const lookup = 'lookup istiod.istio-system.svc on 10.9.0.10:53: i/o timeout'

test.each([
  [
    'of the agent',
    line('warn', 'sds', `failed to warm certificate: ${lookup}`),
    `sds failed to warm certificate: ${lookup}`,
  ],
  [
    'of Envoy',
    line('warning', 'envoy config external/grpc_stream.h:152', 'stream closed: 14', 'thread=19'),
    'envoy stream closed: 14 thread=19',
  ],
  ['as JSON', JSON.stringify({ level: 'error', time, msg: lookup }), lookup],
  ['of a program that ended at once', 'Error: failed to read cacerts', 'Error: failed to read cacerts'],
])('the last complaint of a log, %s', (_, complaint, words) => {
  expect(lastComplaint([line('warn', 'an older one'), complaint, line('info', 'all well'), ''].join('\n'))).toBe(words)
})

test('is rather what is wrong than what follows from it', () => {
  const follows = line('warn', 'Envoy proxy is NOT ready: config not received from XDS server')
  expect(lastComplaint(`${line('error', lookup)}\n${follows}\n${follows}`)).toBe(lookup)
  expect(lastComplaint(follows)).toContain('NOT ready')
})

test('is none where nothing is complained of', () => {
  expect(lastComplaint(`${line('info', 'an error of 0 ms')}\n`)).toBeUndefined()
})
