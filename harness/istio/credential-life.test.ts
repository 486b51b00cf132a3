import { describe, expect, test } from 'vitest'
import { createRoot } from '#lab/certificate-authority.ts'
import { endOf, ownerOf, span, userOf } from './credential-life.ts'

const token = (payload: object): string =>
  ['{"alg":"RS256"}', JSON.stringify(payload), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')

describe('a token', () => {
  test('says when it ends, whose it is and what it belongs to', () => {
    const bound = token({
      exp: 1_700_000_000,
      sub: 'system:serviceaccount:istio-system:reader',
      'kubernetes.io': { namespace: 'istio-system', serviceaccount: { name: 'reader', uid: '7' } },
    })
    expect(endOf({ token: bound })).toEqual({ what: 'token', at: 1_700_000_000_000 })
    expect(userOf({ token: bound })).toBe('system:serviceaccount:istio-system:reader')
    expect(ownerOf({ token: bound })).toEqual({ namespace: 'istio-system', account: 'reader', accountId: '7' })
  })

  test('of a secret names the secret, and never ends', () => {
    const prefix = 'kubernetes.io/serviceaccount'
    const legacy = token({
      [`${prefix}/namespace`]: 'istio-system',
      [`${prefix}/secret.name`]: 'reader-token',
      [`${prefix}/service-account.name`]: 'reader',
      [`${prefix}/service-account.uid`]: '7',
    })
    expect(endOf({ token: legacy })).toBeUndefined()
    expect(ownerOf({ token: legacy })).toMatchObject({ account: 'reader', secret: 'reader-token' })
  })

  test.each(['opaque', 'a.b.c', '', 'x.bnVsbA.y'])('that is none of the kind says nothing: %j', (opaque) => {
    expect([endOf({ token: opaque }), userOf({ token: opaque }), ownerOf({ token: opaque })]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

test('a client certificate says when it ends, and whose it is', async () => {
  const { certificate } = await createRoot('reader')
  const credentials = { certificate: certificate.toString('pem'), key: 'key' }
  expect(endOf(credentials)).toEqual({ what: 'client certificate', at: certificate.notAfter.setMilliseconds(0) })
  expect(userOf(credentials)).toBe('reader')
  expect(endOf({ certificate: 'none', key: 'key' })).toBeUndefined()
})

test.each([
  [1_000, '1 second'],
  [59_000, '1 minute'],
  [9.4 * 60_000, '9 minutes'],
  [-3 * 3_600_000, '3 hours'],
  [12 * 86_400_000, '12 days'],
])('%d ms are %s', (milliseconds, words) => {
  expect(span(milliseconds)).toBe(words)
})
