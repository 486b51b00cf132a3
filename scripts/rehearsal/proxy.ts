import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import { createRoot } from '#lab/certificate-authority.ts'
import { filesOf, listen, type Served } from './site.ts'

/**
 * A download site that a certificate names and no name server does; `root` is what its callers have to trust, as PEM.
 */
export type NamedSite = Served & { root: string }

/** Serves a folder over TLS under a host name. */
export const serveNamed = async (folder: string, name: string): Promise<NamedSite> => {
  const root = await createRoot('rehearsal')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: root.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: root.keys.privateKey.algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 60 * 60_000),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  })
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  const served = await listen(createTlsServer({ key, cert: certificate.toString('pem') }, filesOf(folder)))
  return { ...served, root: root.certificate.toString('pem') }
}

/** A proxy that passes connections for the named hosts on to where they really are, and the hosts it was asked for. */
export const serveProxy = async (hosts: Record<string, string>): Promise<Served & { asked: string[] }> => {
  const asked: string[] = []
  const server = createServer((_request, response) => {
    response.writeHead(403).end('connections alone')
  })
  server.on('connect', (request, client) => {
    asked.push(request.url ?? '')
    const [host, port] = (hosts[request.url ?? ''] ?? '').split(':')
    client.on('error', () => undefined)
    if (host === undefined || port === undefined) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const target = connect({ host, port: Number(port) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.pipe(client)
      client.pipe(target)
    })
    target.on('error', () => client.destroy())
    client.on('close', () => target.destroy())
  })
  return { asked, ...(await listen(server)) }
}
