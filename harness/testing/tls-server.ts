import { KeyObject, webcrypto } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { type JsonGeneralName, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import { createRoot, type RootAuthority } from '#lab/certificate-authority.ts'
import { listening } from './edge.ts'

/** A server on this machine, and the authority that signed its certificate, in PEM. */
export type TlsServer = { url: string; authority: string; requests: { path: string; headers: object }[] }

/**
 * Serves over TLS until the test is over, with a certificate for 127.0.0.1 and `kubernetes` of an authority, by default
 * one of its own; `ends` is when the certificate does.
 */
export const tlsServer = async (
  answer: RequestListener,
  {
    root,
    names,
    ends = new Date(Date.now() + 3_600_000),
  }: { root?: RootAuthority; names?: string[]; ends?: Date } = {},
): Promise<TlsServer> => {
  const authority = root ?? (await createRoot('kubernetes'))
  const signing = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  }
  const keys = (await webcrypto.subtle.generateKey(signing, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=kube-apiserver',
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: signing,
    notBefore: new Date(ends.getTime() - 7_200_000),
    notAfter: ends,
    extensions: [
      new SubjectAlternativeNameExtension(
        (names ?? ['127.0.0.1', 'kubernetes']).map((value): JsonGeneralName => ({
          type: /^[\d.]+$/.test(value) ? 'ip' : 'dns',
          value,
        })),
      ),
    ],
  })
  const requests: TlsServer['requests'] = []
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  const server = createServer({ key, cert: certificate.toString('pem') }, (request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers })
    answer(request, response)
  })
  server.on('tlsClientError', () => undefined)
  return {
    url: `https://127.0.0.1:${await listening(server)}`,
    authority: authority.certificate.toString('pem'),
    requests,
  }
}
