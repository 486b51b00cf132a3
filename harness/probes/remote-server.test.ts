import { describe, expect, test } from 'vitest'
import { createRoot } from '#lab/certificate-authority.ts'
import type { RemoteAccess } from '#istio/remote-kubeconfig.ts'
import { unusedAddress, errorOf } from '#testing/edge.ts'
import { tlsServer } from '#testing/tls-server.ts'
import { askDirectly, askThrough, handshake } from './remote-server.ts'

const access = (server: string, more: Partial<RemoteAccess> = {}): RemoteAccess => ({
  server: new URL(server),
  authority: undefined,
  serverName: undefined,
  unverified: false,
  authorityFile: false,
  credentials: {},
  refused: [],
  unused: [],
  ...more,
})

const silent = () => undefined
const ok = (_request: unknown, response: { end: (text: string) => void }): void => {
  response.end('{"kind":"Namespace"}')
}

describe('a handshake', () => {
  test('verifies the certificate by the secret’s authority, and says whose it is', async () => {
    const { url, authority } = await tlsServer(silent)
    expect(await handshake(access(url, { authority }))).toMatchObject({
      reached: true,
      why: undefined,
      presented: { subject: 'kube-apiserver', issuer: 'kubernetes' },
    })
    expect(await handshake(access(url, { authority, serverName: 'kubernetes' }))).toMatchObject({ why: undefined })
  })

  test.each<[string, () => Promise<Partial<RemoteAccess>>, string]>([
    [
      'another authority of the same name',
      async () => ({ authority: (await createRoot('kubernetes')).certificate.toString('pem') }),
      'x509: certificate signed by unknown authority',
    ],
    ['no authority', async () => ({}), 'x509: certificate signed by unknown authority'],
  ])('with %s fails as istiod’s would', async (_what, more, why) => {
    const { url } = await tlsServer(silent)
    expect(await handshake(access(url, await more()))).toMatchObject({ reached: true, why })
  })

  test('with another name, or after the certificate’s end, fails as istiod’s would', async () => {
    const named = await tlsServer(silent, { names: ['kubernetes', '10.0.0.1'] })
    expect(await handshake(access(named.url, { authority: named.authority }))).toMatchObject({
      why: 'x509: certificate is valid for 10.0.0.1, not 127.0.0.1',
    })
    const other = access(named.url, { authority: named.authority, serverName: 'east.example' })
    expect(await handshake(other)).toMatchObject({
      why: 'x509: certificate is valid for kubernetes, 10.0.0.1, not east.example',
    })
    const ended = await tlsServer(silent, { ends: new Date(Date.now() - 60_000) })
    expect(await handshake(access(ended.url, { authority: ended.authority }))).toMatchObject({
      why: 'x509: certificate has expired or is not yet valid',
    })
  })

  test('with nobody says so, as does one with an authority that is none', async () => {
    const address = await unusedAddress()
    expect(await handshake(access(`https://${address}`))).toEqual({
      reached: false,
      why: `dial tcp ${address}: connect: connection refused`,
    })
    const { url } = await tlsServer(silent)
    const authority = '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n'
    expect((await handshake(access(url, { authority }))).why).toBeTruthy()
  })
})

describe('a question', () => {
  test('carries the secret’s credentials to its server', async () => {
    const { url, authority, requests } = await tlsServer(ok)
    const { ask, close } = askDirectly(
      access(`${url}/clusters/east/`, { authority, credentials: { token: 'of-secret' } }),
    )
    expect(await ask('/api/v1/namespaces/kube-system')).toEqual({ status: 200, body: { kind: 'Namespace' } })
    close()
    expect(requests).toMatchObject([
      { path: '/clusters/east/api/v1/namespaces/kube-system', headers: { authorization: 'Bearer of-secret' } },
    ])
  })

  test('does not, to a server whose certificate is not verified', async () => {
    const { url, requests } = await tlsServer(ok)
    const { ask, close } = askDirectly(access(url, { unverified: true, credentials: { token: 'of-secret' } }))
    expect(await errorOf(ask('/api'))).toMatchObject({ message: 'x509: certificate signed by unknown authority' })
    close()
    expect(requests).toEqual([])
  })

  test('takes the context’s way with the secret’s user', async () => {
    const { url, authority, requests } = await tlsServer(ok)
    const caData = Buffer.from(authority).toString('base64')
    const cluster = { name: 'east', server: url, caData, skipTLSVerify: false }
    const { ask } = askThrough(cluster, { username: 'me', password: 'p' })
    expect(await ask('/api', { kind: 'Review' })).toMatchObject({ status: 200 })
    expect(requests).toMatchObject([{ headers: { authorization: `Basic ${Buffer.from('me:p').toString('base64')}` } }])
  })

  test('reads no more of an answer than an answer may be', async () => {
    const { url, authority } = await tlsServer((_request, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(100_000)));
        response.once('drain', more)
      }
      response.on('error', silent)
      more()
    })
    const { ask, close } = askDirectly(access(url, { authority }))
    expect(await errorOf(ask('/api'))).toMatchObject({ message: expect.stringContaining('longer than 1000000 bytes') })
    close()
  })
})
