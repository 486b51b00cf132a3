import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { PemConverter, X509Certificate } from '@peculiar/x509'
import { beforeAll } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { cacertsFor, createRoot, type RootAuthority } from '#lab/certificate-authority.ts'

/** The texts of a secret with certificates, by their keys. */
export type Texts = Record<string, string>

/** A root authority for the tests of a file, made once. Returns how to get it. */
export const rootForTests = (): (() => RootAuthority) => {
  let root: RootAuthority | undefined
  beforeAll(async () => {
    root = await createRoot()
  })
  return () => {
    if (!root) throw new Error('the root is made before the first test')
    return root
  }
}

/** The texts of a cluster’s cacerts, signed by an authority; `notAfter` is the end of its certificate. */
export const textsOf = async (authority: RootAuthority, notAfter?: Date, cluster = 'cluster1'): Promise<Texts> =>
  (await cacertsFor(authority, { name: cluster, istioNamespace: 'istio-system' }, notAfter))['stringData'] as Texts

/** The authority in a cacerts secret, so that it can sign another. */
export const signerIn = async (texts: Texts): Promise<RootAuthority> => {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const certificate = new X509Certificate(texts['ca-cert.pem'] ?? '')
  const [key = new ArrayBuffer()] = PemConverter.decode(texts['ca-key.pem'] ?? '')
  const privateKey = await webcrypto.subtle.importKey('pkcs8', key, algorithm, true, ['sign'])
  return {
    certificate,
    keys: {
      privateKey: privateKey as unknown as CryptoKey,
      publicKey: await certificate.publicKey.export(algorithm, ['verify'], webcrypto as unknown as Crypto),
    },
  }
}

/** Texts as a secret holds them. */
export const encoded = (texts: Texts): Texts =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))

/** A cacerts secret with these texts, as an API server returns it. */
export const cacertsSecret = (texts: Texts): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'cacerts', namespace: 'istio-system' },
  data: encoded(texts),
})
