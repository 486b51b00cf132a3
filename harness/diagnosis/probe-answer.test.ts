import { expect, test } from 'vitest'
import { answerLine, endingOf } from './probe-answer.ts'

const reset = 'upstream connect error or disconnect/reset before headers. '

test.each([
  [403, 'RBAC: access denied', 'server'],
  [503, 'no healthy upstream', 'endpoints'],
  [503, 'fault filter abort', 'route'],
  [503, `${reset}reset reason: remote connection failure, transport failure reason: TLS_error:|268435581`, 'transport'],
  [503, `${reset}reset reason: connection timeout`, 'gateways'],
  [503, `${reset}delayed connect error: Connection refused`, 'gateways'],
  [503, `${reset}reset reason: connection termination`, 'gateways'],
  [503, '', 'route'],
  [404, '', 'route'],
  [504, 'upstream request timeout', 'gateways'],
])('%i with “%s” leads to %s', (status, body, layer) => {
  expect(endingOf({ status, body })?.layer).toBe(layer)
})

test('an answer of the application, and none at all, lead nowhere', () => {
  expect(endingOf({ status: 500, body: 'out of memory' })).toBeUndefined()
  expect(endingOf({ status: 0, body: '' })).toBeUndefined()
})

test('the line of evidence has the status, the words and the layer', () => {
  expect(answerLine({ status: 503, body: 'no healthy upstream\n' })).toBe(
    'the client’s proxy answered 503: no healthy upstream; look at: endpoints',
  )
  expect(answerLine({ status: 0, body: '' })).toBe('the client’s proxy answered nothing')
})
