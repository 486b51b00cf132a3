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

/** The texts of cluster1’s cacerts, signed by an authority; `notAfter` is the end of its certificate. */
export const textsOf = async (authority: RootAuthority, notAfter?: Date): Promise<Texts> =>
  (await cacertsFor(authority, { name: 'cluster1', istioNamespace: 'istio-system' }, notAfter))['stringData'] as Texts

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
