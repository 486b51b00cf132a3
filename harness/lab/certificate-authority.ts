import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  cryptoProvider,
  type X509Certificate,
} from '@peculiar/x509'
import type { Manifest } from '#kube/client.ts'

cryptoProvider.set(webcrypto as unknown as Crypto)

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
}
const days = 24 * 60 * 60 * 1000
const caUsages =
  KeyUsageFlags.digitalSignature |
  KeyUsageFlags.nonRepudiation |
  KeyUsageFlags.keyEncipherment |
  KeyUsageFlags.keyCertSign

/** A root that signs an intermediate for each cluster. Its key stays in memory. */
export type RootAuthority = { certificate: X509Certificate; keys: CryptoKeyPair }

/** Creates a self-signed root. */
export const createRoot = async (
  name = 'Root CA',
  notAfter = new Date(Date.now() + 3650 * days),
): Promise<RootAuthority> => {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `O=Istio, CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - days / 24),
    notAfter,
    extensions: [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(caUsages, true)],
  })
  return { certificate, keys }
}

/**
 * Creates the `cacerts` secret of a cluster: an intermediate signed by the root, in the form that istiod reads (seed
 * 000). As Istio's certificate tools do, it has path length 0, the name of istiod's service, and a chain of
 * intermediate and root. The intermediate expires at `notAfter`.
 */
export const cacertsFor = async (
  root: RootAuthority,
  { name, istioNamespace }: { name: string; istioNamespace: string },
  notAfter = new Date(Date.now() + 730 * days),
): Promise<Manifest> => {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const intermediate = await X509CertificateGenerator.create({
    subject: `O=Istio, CN=Intermediate CA, L=${name}`,
    issuer: root.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - days / 24),
    notAfter,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(caUsages, true),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: `istiod.${istioNamespace}.svc` }]),
    ],
  })
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  const [certificate, rootCertificate] = [intermediate.toString('pem'), root.certificate.toString('pem')]
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cacerts', namespace: istioNamespace },
    stringData: {
      'ca-cert.pem': `${certificate}\n`,
      'ca-key.pem': `${key}\n`,
      'cert-chain.pem': `${certificate}\n${rootCertificate}\n`,
      'root-cert.pem': `${rootCertificate}\n`,
    },
  }
}
