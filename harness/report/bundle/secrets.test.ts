import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { cacertsFor, createRoot } from '#lab/certificate-authority.ts'
import { described, secretValues } from './secrets.ts'

const encoded = (data: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))

test('of a remote secret its labels, its key and the server it names are told, and nothing else', () => {
  const kubeconfig = stringify({
    clusters: [{ name: 'cluster2', cluster: { server: 'https://172.18.0.3:6443' } }],
    users: [{ name: 'reader', user: { token: 'abcdef' } }],
  })
  const secret = {
    metadata: {
      name: 'istio-remote-secret-cluster2',
      namespace: 'istio-system',
      labels: { 'istio/multiCluster': 'true' },
    },
    type: 'Opaque',
    data: encoded({ cluster2: kubeconfig }),
  }
  expect(described(secret)).toEqual({
    name: 'istio-remote-secret-cluster2',
    namespace: 'istio-system',
    type: 'Opaque',
    labels: { 'istio/multiCluster': 'true' },
    keys: [
      {
        key: 'cluster2',
        bytes: kubeconfig.length,
        servers: [{ cluster: 'cluster2', server: 'https://172.18.0.3:6443' }],
      },
    ],
  })
})

test('of a certificate authority the certificates are told, of its key the length', async () => {
  const cacerts = await cacertsFor(await createRoot(), { name: 'cluster1', istioNamespace: 'istio-system' })
  const { keys } = described({ data: encoded(cacerts['stringData'] as Record<string, string>) }) as { keys: object[] }
  expect(keys).toMatchObject([
    {
      key: 'ca-cert.pem',
      certificates: [
        {
          subject: 'O=Istio, CN=Intermediate CA, L=cluster1',
          issuer: 'O=Istio, CN=Root CA',
          fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}/),
          to: expect.any(Date),
        },
      ],
    },
    { key: 'ca-key.pem' },
    { key: 'cert-chain.pem', certificates: [{}, { subject: 'O=Istio, CN=Root CA' }] },
    { key: 'root-cert.pem' },
  ])
  expect(keys[1]).toEqual({ key: 'ca-key.pem', bytes: expect.any(Number) })
})

test('of what is broken it is told that it is', () => {
  const broken = {
    'root-cert.pem': '-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----',
    cluster2: 'clusters: [',
    empty: '',
  }
  expect(described({ data: encoded(broken) })).toMatchObject({
    keys: [{ certificates: 'cannot be read' }, { servers: 'cannot be read' }, { key: 'empty', bytes: 0 }],
  })
  expect(described({})).toMatchObject({ keys: [] })
})

test('values to look for are those that stand for themselves: no names, no certificates, nothing short', () => {
  const password = 'one-that-nobody-guesses'
  expect(
    secretValues([
      {
        data: encoded({
          password: `${password}\n`,
          namespace: 'a-namespace-of-some-length',
          short: 'true',
          'ca.crt': '-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n',
        }),
      },
      { data: encoded({ again: password }) },
      {},
    ]),
  ).toEqual([password])
})
