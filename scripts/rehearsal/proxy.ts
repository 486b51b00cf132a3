import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import { createRoot } from '#lab/certificate-authority.ts'
import { listen, serveFiles, type Served } from './site.ts'

/**
 * A download site whose name is in its certificate and in no name server. `root` is the certificate (PEM) that its
 * callers must trust.
 */
export type NamedSite = Served & { root: string }

/** Serves a folder over TLS under a host name. */
export const serveNamedSite = async (folder: string, name: string): Promise<NamedSite> => {
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
  const served = await listen(createTlsServer({ key, cert: certificate.toString('pem') }, serveFiles(folder)))
  return { ...served, root: root.certificate.toString('pem') }
}

/**
 * Starts a proxy that passes connections on to the addresses in `hosts`. `requestedHosts` lists every host that a
 * client asked for.
 */
export const serveProxy = async (hosts: Record<string, string>): Promise<Served & { requestedHosts: string[] }> => {
  const requestedHosts: string[] = []
  const server = createServer((_request, response) => {
    response.writeHead(403).end('this proxy accepts CONNECT only')
  })
  server.on('connect', (request, client) => {
    requestedHosts.push(request.url ?? '')
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
  return { requestedHosts, ...(await listen(server)) }
}
