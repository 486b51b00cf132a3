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

/** A root that signs one intermediate a cluster. Its key stays in memory. */
export type RootAuthority = { certificate: X509Certificate; keys: CryptoKeyPair }

/** A new self-signed root. */
export const createRoot = async (name = 'Root CA'): Promise<RootAuthority> => {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `O=Istio, CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - days / 24),
    notAfter: new Date(Date.now() + 3650 * days),
    extensions: [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(caUsages, true)],
  })
  return { certificate, keys }
}

/**
 * The `cacerts` secret of one cluster: an intermediate signed by the root, in the form istiod reads (seed 000;
 * conventions of Istio's certificate tools: CA with path length 0, the name of istiod's service, chain = intermediate +
 * root). It ends `notAfter`.
 */
export const cacertsFor = async (
  root: RootAuthority,
  cluster: string,
  notAfter = new Date(Date.now() + 730 * days),
): Promise<Manifest> => {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const intermediate = await X509CertificateGenerator.create({
    subject: `O=Istio, CN=Intermediate CA, L=${cluster}`,
    issuer: root.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - days / 24),
    notAfter,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(caUsages, true),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: 'istiod.istio-system.svc' }]),
    ],
  })
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  const [certificate, rootCertificate] = [intermediate.toString('pem'), root.certificate.toString('pem')]
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cacerts', namespace: 'istio-system' },
    stringData: {
      'ca-cert.pem': `${certificate}\n`,
      'ca-key.pem': `${PemConverter.encode(privateKey, 'PRIVATE KEY')}\n`,
      'cert-chain.pem': `${certificate}\n${rootCertificate}\n`,
      'root-cert.pem': `${rootCertificate}\n`,
    },
  }
}
