import { expect, test } from 'vitest'
import type { Evidence } from '#results/results.ts'
import { evidence } from './evidence.ts'

const textOf = (...pieces: Evidence[]): string =>
  evidence(pieces)
    .markup.replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()

test('pieces that follow each other share a table, in the order they were taken', () => {
  const curl = { probe: 'curl', from: 'cluster1 app1/sleep', url: 'http://a/b', answers: '21 of 21' }
  expect(
    [
      ...evidence([
        curl,
        curl,
        { probe: 'policy', applied: 'pin-v2', in: ['cluster1'], objects: [] },
        curl,
      ]).markup.matchAll(/<caption>(.*?)<\/caption>/g),
    ].map(([, name]) => name),
  ).toEqual(['curl', 'policy', 'curl'])
})

test.each<[string, Evidence, string[]]>([
  [
    'a request as it is typed',
    {
      probe: 'curl',
      from: 'beside',
      url: 'http://a/b',
      through: '192.0.2.1:15443',
      answers: '0 of 1',
      error: 'reset by peer',
    },
    ['curl --connect-to ::192.0.2.1:15443 http://a/b', 'reset by peer'],
  ],
  [
    'what was strange',
    {
      probe: 'curl',
      from: 'a',
      url: 'http://a',
      answers: '0 of 4',
      firstStrange: { status: 404, curl: 0, error: '', dialled: '192.0.2.1' },
    },
    ['status 404 · curl 0 · dialled 192.0.2.1'],
  ],
  [
    'a connection that is not open',
    { probe: 'connect', from: 'a', to: 'b:1', connected: false, curl: 28, error: 'timed out', seconds: 5.002 },
    ['not open (curl 28)', 'timed out', '5.0 s'],
  ],
  [
    'a certificate',
    {
      probe: 'cacerts',
      cluster: 'cluster1',
      intermediate: undefined,
      root: { subject: 'CN=Root', issuer: 'CN=Root', san: '', sha256: 'AB:CD' },
    },
    ['subject CN=Root', 'SHA-256 AB:CD'],
  ],
  [
    'a chain',
    {
      probe: 'certificates',
      proxy: 'sleep',
      chain: [{ subject: '', issuer: 'CN=I', san: 'URI:spiffe://x', sha256: 'EF' }],
      roots: [],
    },
    ['URI:spiffe://x', 'EF'],
  ],
  [
    'captured flows',
    { probe: 'capture', node: 'cluster1', looksFor: 'Hello', flows: 64, bytes: 9, tls: 63, clear: 1, lost: 0 },
    ['63 of 64 flows', '1 show “Hello”'],
  ],
  [
    'a line of a log',
    {
      probe: 'access log',
      proxy: 'a',
      lines: 3,
      newest: { path: '/hello', status: 503, upstream: '192.0.2.1:1', sni: null },
    },
    ['503 /hello', 'upstream 192.0.2.1:1'],
  ],
  ['no line of a log', { probe: 'access log', proxy: 'a', lines: 0 }, ['lines a 0']],
  [
    'endpoints',
    { probe: 'endpoints', proxy: 'a', cluster: 'outbound', endpoints: ['192.0.2.1:1', '192.0.2.2:2'] },
    ['192.0.2.1:1', '192.0.2.2:2'],
  ],
  ['a missing remote secret', { probe: 'remote secret', of: 'cluster2', from: 'a', found: false }, ['found', 'no']],
  [
    'a probe it does not know',
    { probe: 'new one', someFact: { nested: [1, { deep: true }] }, empty: null },
    ['new one', 'some fact', 'deep yes'],
  ],
])('%s can be read', (_, piece, words) => {
  for (const word of words) expect(textOf(piece)).toContain(word)
  expect(textOf(piece)).not.toMatch(/undefined|null|\[object/)
})

test('the same certificate again is named alone, by who it is for and the beginning of its fingerprint', () => {
  const root = { subject: 'CN=Root', issuer: 'CN=Root', san: '', sha256: '01:02:03:04:05:06' }
  const text = textOf(
    { probe: 'cacerts', cluster: 'a', root },
    { probe: 'certificates', proxy: 'b', chain: [root], roots: [root] },
  )
  expect(text.match(/01:02:03:04:05:06/g)).toHaveLength(1)
  expect(text.match(/CN=Root 01:02:03:04… as above/g)).toHaveLength(2)
})

test('a probe that is known by name but not by its shape is shown as it is', () => {
  expect(textOf({ probe: 'cacerts', cluster: 'cluster1', root: { subject: 'CN=only' } })).toContain('subject CN=only')
  expect(textOf({ probe: 'access log', proxy: 'a', lines: 1, newest: 'raw line' })).toContain('raw line')
})

test('text without end is cut', () => {
  expect(textOf({ probe: 'new', said: 'x'.repeat(100_000) }).length).toBeLessThan(2100)
})
