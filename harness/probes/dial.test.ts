import { expect, test } from 'vitest'
import { isSilence, meaning } from './dial.ts'

const timeout = (error: string): string =>
  `2026-11-21T18:06:14Z\tinfo\tWaiting\nError: timeout waiting for Envoy proxy to become ready. Last error: ${error}`

test.each([
  ['Get "http://10.1.1.1:15443/": read tcp 10.10.0.5:40524->10.1.1.1:15443: read: connection reset by peer', true],
  ['Get "http://10.1.1.1:15443/": EOF', true],
  ['HTTP status code 400', true],
  [
    'Get "http://10.1.1.1:15012/": net/http: HTTP/1.x transport connection broken: malformed HTTP response ' +
      '"\\x15\\x03"',
    true,
  ],
  ['Get "http://10.1.1.1:15443/": dial tcp 10.1.1.1:15443: connect: connection refused', false],
  ['Get "http://10.1.1.1:15443/": dial tcp 10.1.1.1:15443: connect: no route to host', false],
  ['Get "http://nowhere:15443/": dial tcp: lookup nowhere on 10.251.0.10:53: no such host', false],
  ['Get "http://10.1.1.1:15443/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', false],
  ['Get "http://10.1.1.1:15443/": dial tcp 10.1.1.1:15443: i/o timeout', false],
  ['<nil>', false],
])('%s: open %s', (error, open) => {
  expect(meaning(255, timeout(error))).toEqual({ open, said: error.replace(/^Get "[^"]*": /, '') })
})

test('an answer is open, and a program that is not there is not', () => {
  expect(meaning(0, '')).toEqual({ open: true, said: 'answered' })
  expect(meaning(127, 'sh: pilot-agent: not found')).toEqual({ open: false, said: 'sh: pilot-agent: not found' })
})

test.each([
  ['context deadline exceeded (Client.Timeout exceeded while awaiting headers)', true],
  ['dial tcp 10.1.1.1:15443: i/o timeout', true],
  ['dial tcp 10.1.1.1:15443: connect: connection refused', false],
  ['HTTP status code 503', false],
])('%s: silence %s', (said, silent) => {
  expect(isSilence(said)).toBe(silent)
})
