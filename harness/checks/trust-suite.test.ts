import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createRoot } from '#lab/certificate-authority.ts'
import { errorOf } from '#testing/edge.ts'
import { rootForTests, signerIn, textsOf, type Texts } from '#testing/cacerts.ts'
import { trust } from '../../suites/trust.suite.ts'
import type { Cluster } from './cluster.ts'
import type { Mesh } from './mesh.ts'

const root = rootForTests()

type Certificates = { authority: X509Certificate; roots: X509Certificate[]; chain: X509Certificate[] }

const certificate = (pem: string | undefined): X509Certificate => new X509Certificate(pem ?? '')

/** A cluster’s certificates as `cacerts` with these texts makes them: a proxy has a leaf of its own. */
const signedBy = async (texts: Texts): Promise<Certificates> => {
  const leaf = certificate((await textsOf(await signerIn(texts)))['ca-cert.pem'])
  const [authority, top] = [certificate(texts['ca-cert.pem']), certificate(texts['root-cert.pem'])]
  return { authority, roots: [top], chain: [leaf, authority] }
}

/** Proves a check from cluster1 to clusters with these certificates; every proxy trusts `trusted`. */
const prove = async (
  id: string,
  clusters: readonly Certificates[],
  trusted: (own: Certificates) => X509Certificate[] = ({ roots }) => roots,
): Promise<string> => {
  const made = clusters.map(
    (own, index) =>
      ({
        name: `cluster${index + 1}`,
        cacerts: () => Promise.resolve({ intermediate: own.authority, roots: own.roots }),
        proxyTrust: () => Promise.resolve({ sleep: { chain: own.chain, roots: trusted(own) } }),
      }) as Partial<Cluster> as Cluster,
  )
  const mesh = {
    clusters: made,
    mtls: 'strict',
    leftOut: () => undefined,
    controlPlaneOf: ({ name }: Cluster) => ({ cluster: name }),
  } as unknown as Mesh
  const check = trust.find((candidate) => candidate.id === id)
  const [from] = made
  if (!check || !from) throw new Error(`there is no ${id}`)
  return check.prove({ mesh, from, signal: new AbortController().signal })
}

const pair = (): Promise<[Certificates, Certificates]> =>
  Promise.all([textsOf(root()).then(signedBy), textsOf(root()).then(signedBy)])
const strangers = async (): Promise<[Certificates, Certificates]> => [
  await signedBy(await textsOf(root())),
  await signedBy(await textsOf(await createRoot('Second Root CA'))),
]

/** An authority that signs workloads by the root itself. */
const rootItself = async (): Promise<Certificates> => {
  const top = certificate(root().certificate.toString('pem'))
  return { authority: top, roots: [top], chain: [certificate((await textsOf(root()))['ca-cert.pem'])] }
}

describe('trust.common-root', () => {
  const id = 'trust.common-root'

  test('passes where intermediates come from one root', async () => {
    expect(await prove(id, await pair())).toMatch(/^4 places, one root /)
  })

  test('passes where clusters exchange their roots, and not where one of them does not', async () => {
    const [first, second] = await strangers()
    const both = [...first.roots, ...second.roots]
    expect(await prove(id, [first, second], () => both)).toMatch(/^4 places, 2 roots that all trust: /)
    const oneSided = prove(id, [first, second], (own) => (own === first ? both : own.roots))
    expect(await errorOf(oneSided)).toMatchObject({ message: expect.stringMatching(/^MP-721/) })
    const apart = prove(id, [first, second])
    expect(await errorOf(apart)).toMatchObject({ message: expect.stringMatching(/^MP-721/) })
  })

  test('passes where the root itself signs workloads, and not where a leaf comes from nowhere', async () => {
    const whole = await rootItself()
    expect(await prove(id, [whole, whole])).toMatch(/one root/)
    const [, { chain }] = await strangers()
    expect(await errorOf(prove(id, [whole, { ...whole, chain }]))).toMatchObject({
      message: expect.stringMatching(/^MP-722/),
    })
  })

  test('fails where a leaf was signed by the root, although there is an intermediate', async () => {
    const [first, second] = await pair()
    const shortened = { ...second, chain: [second.authority, second.authority] }
    expect(await errorOf(prove(id, [first, shortened]))).toBeDefined()
  })
})

describe('trust.intermediates', () => {
  const id = 'trust.intermediates'

  test('passes by the own intermediate, and where clusters share one', async () => {
    const [first, second] = await pair()
    expect(await prove(id, [first, second])).toMatch(/^1 workloads by /)
    expect(await prove(id, [first, first])).toMatch(/^1 workloads by /)
  })

  test('fails where another intermediate signed', async () => {
    const [first, second] = await pair()
    expect(await errorOf(prove(id, [{ ...first, chain: second.chain }, second]))).toMatchObject({
      message: expect.stringMatching(/^MP-723/),
    })
  })
})
