import { createPrivateKey, X509Certificate } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { cacertsFor, createRoot } from './certificate-authority.ts'

const Cacerts = z.strictObject({
  'ca-cert.pem': z.string(),
  'ca-key.pem': z.string(),
  'cert-chain.pem': z.string(),
  'root-cert.pem': z.string(),
})
type Cacerts = z.infer<typeof Cacerts>

const certificatesOf = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? []).map(
    (text) => new X509Certificate(text),
  )

let [first, second] = [{}, {}] as [Cacerts, Cacerts]

beforeAll(async () => {
  const root = await createRoot()
  ;[first, second] = (await Promise.all(
    ['cluster1', 'cluster2'].map(async (name) =>
      Cacerts.parse((await cacertsFor(root, { name, istioNamespace: 'istio-system' }))['stringData']),
    ),
  )) as [Cacerts, Cacerts]
})

test('a cluster’s intermediate is a CA that its root has signed', () => {
  const [intermediate, root] = [new X509Certificate(first['ca-cert.pem']), new X509Certificate(first['root-cert.pem'])]
  expect(intermediate.ca).toBe(true)
  expect(intermediate.checkIssued(root)).toBe(true)
  expect(intermediate.verify(root.publicKey)).toBe(true)
  expect(intermediate.subject).toContain('L=cluster1')
  expect(intermediate.subjectAltName).toBe('DNS:istiod.istio-system.svc')
})

test('an intermediate is for the istiod of its root namespace, and lies there', async () => {
  const { metadata, stringData } = await cacertsFor(await createRoot(), {
    name: 'cluster1',
    istioNamespace: 'mesh-root',
  })
  expect(metadata).toEqual({ name: 'cacerts', namespace: 'mesh-root' })
  expect(new X509Certificate(Cacerts.parse(stringData)['ca-cert.pem']).subjectAltName).toBe('DNS:istiod.mesh-root.svc')
})

test('the root is a CA that has signed itself, and both are valid now', () => {
  const [intermediate, root] = [new X509Certificate(first['ca-cert.pem']), new X509Certificate(first['root-cert.pem'])]
  expect(root.ca).toBe(true)
  expect(root.verify(root.publicKey)).toBe(true)
  for (const { validFromDate, validToDate } of [intermediate, root]) {
    expect(validFromDate.getTime()).toBeLessThan(Date.now())
    expect(validToDate.getTime()).toBeGreaterThan(Date.now())
  }
})

test('the chain is the intermediate, then the root', () => {
  const [intermediate, root] = [new X509Certificate(first['ca-cert.pem']), new X509Certificate(first['root-cert.pem'])]
  expect(certificatesOf(first['cert-chain.pem']).map(({ fingerprint256 }) => fingerprint256)).toEqual([
    intermediate.fingerprint256,
    root.fingerprint256,
  ])
})

test('the key is the intermediate’s', () => {
  expect(new X509Certificate(first['ca-cert.pem']).checkPrivateKey(createPrivateKey(first['ca-key.pem']))).toBe(true)
  expect(new X509Certificate(second['ca-cert.pem']).checkPrivateKey(createPrivateKey(first['ca-key.pem']))).toBe(false)
})

test('two clusters share the root and not the intermediate', () => {
  expect(first['root-cert.pem']).toBe(second['root-cert.pem'])
  const [intermediate, other] = [new X509Certificate(first['ca-cert.pem']), new X509Certificate(second['ca-cert.pem'])]
  expect(intermediate.serialNumber).not.toBe(other.serialNumber)
  expect(intermediate.publicKey.equals(other.publicKey)).toBe(false)
  expect(other.verify(new X509Certificate(first['root-cert.pem']).publicKey)).toBe(true)
})
