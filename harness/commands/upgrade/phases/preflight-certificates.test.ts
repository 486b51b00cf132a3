import 'reflect-metadata'
import { X509Certificate, webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import { cacertsFor, createRoot, type RootAuthority } from '#lab/certificate-authority.ts'
import { certificatesIn } from '#probes/envoy.ts'
import { certificateProblems } from './preflight-certificates.ts'

const hour = 60 * 60 * 1000
const inHours = (hours: number): Date => new Date(Date.now() + hours * hour)

let root: RootAuthority
beforeAll(async () => {
  root = await createRoot()
})

const rootCertificate = (): X509Certificate => new X509Certificate(root.certificate.toString('pem'))
const intermediate = async (notAfter?: Date): Promise<X509Certificate[]> =>
  certificatesIn(
    (
      (await cacertsFor(root, { name: 'cluster1', istioNamespace: 'istio-system' }, notAfter)) as {
        stringData?: Record<string, string>
      }
    ).stringData?.['ca-cert.pem'] ?? '',
  )

const signed = async (extensions: Extension[]): Promise<X509Certificate> => {
  const keys = (await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const made = await X509CertificateGenerator.create({
    subject: 'CN=Unfit',
    issuer: root.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    notBefore: inHours(-1),
    notAfter: inHours(10_000),
    extensions,
  })
  return new X509Certificate(made.toString('pem'))
}

describe('authorities', () => {
  test('of two years and ten are fine', async () => {
    expect(certificateProblems('cluster1', [...(await intermediate()), rootCertificate()], new Date())).toEqual([])
  })

  test.each([
    [49, []],
    [47, ['MP-155']],
    [-1, ['MP-155']],
  ])('an intermediate that ends in %i h: %j', async (hours, codes) => {
    expect(
      certificateProblems('cluster1', await intermediate(inHours(hours)), new Date()).map(({ code }) => code),
    ).toEqual(codes)
  })

  test('the bound that is broken is told, and why it is one', async () => {
    const [problem] = certificateProblems('cluster1', await intermediate(inHours(30.5)), new Date())
    expect(problem).toMatchObject({
      what: 'The intermediate ends too soon to upgrade with',
      where: expect.stringMatching(/^cluster1, .*L=cluster1/),
      why: expect.stringMatching(/30 h left .* must last 48 h: the certificates of workloads last 24 h/),
    })
  })

  test('a root must outlast its own rotation', () => {
    const end = rootCertificate().validToDate.getTime()
    expect(certificateProblems('cluster1', [rootCertificate()], new Date(end - 97 * hour))).toEqual([])
    expect(certificateProblems('cluster1', [rootCertificate()], new Date(end - 95 * hour))).toMatchObject([
      { code: 'MP-155', what: 'The root ends too soon to upgrade with' },
    ])
  })

  test('one that begins later is not valid yet', async () => {
    expect(certificateProblems('cluster1', await intermediate(), inHours(-5))).toMatchObject([
      { code: 'MP-155', what: 'An authority is not valid yet' },
    ])
  })

  test('a certificate that is in several places is told once', async () => {
    const [one] = await intermediate(inHours(1))
    expect(certificateProblems('cluster1', one ? [one, one] : [], new Date())).toHaveLength(1)
  })

  test.each<[string, () => Extension[], string]>([
    [
      'no CA',
      () => [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      ],
      'it is not a CA certificate',
    ],
    [
      'a key usage without signing',
      () => [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ],
      'its key usage lacks keyCertSign',
    ],
  ])('with %s may not sign', async (_what, extensions, why) => {
    expect(certificateProblems('cluster1', [await signed(extensions())], new Date())).toMatchObject([
      { code: 'MP-156', why: expect.stringContaining(why) },
    ])
  })

  test('without any key usage may sign', async () => {
    expect(
      certificateProblems(
        'cluster1',
        [await signed([new BasicConstraintsExtension(true, undefined, true)])],
        new Date(),
      ),
    ).toEqual([])
  })
})
