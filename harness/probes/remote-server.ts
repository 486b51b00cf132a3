import { request as requestPlainly, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { Agent, request, type RequestOptions } from 'node:https'
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import type { Cluster } from '@kubernetes/client-node'
import { failureWords, wordsOfCertificate } from '#kube/failure.ts'
import { addressOf, type RemoteAccess, type RemoteCredentials } from '#istio/remote-kubeconfig.ts'
import { kubernetes } from '#kube/library.ts'

/** Milliseconds that a server of a remote secret has for one answer: it may be out of reach from here. */
const patience = 3_000

/** Bytes of one answer that are read: whoever wrote the secret chose the server. */
const longest = 1_000_000

/** Whose certificate a server presents. */
export type Presented = { subject: string; issuer: string; fingerprint: string }

/**
 * The result of a TLS handshake with a remote secret’s server, from here. `why` says what is wrong with the
 * certificate by the secret’s authority and server name, in Go’s words; undefined where nothing is.
 */
export type Handshake =
  { reached: false; why: string } | { reached: true; why: string | undefined; presented: Presented | undefined }

/** Shakes hands with a remote secret’s server. Nothing of the secret is shown to it. */
export const handshake = ({ server, authority, serverName }: Omit<RemoteAccess, 'credentials'>): Promise<Handshake> => {
  const { host, port } = addressOf(server)
  const name = serverName ?? host
  return new Promise((resolve) => {
    const fail = (why: string): void => {
      resolve({ reached: false, why })
      socket?.destroy()
    }
    const timer = setTimeout(() => {
      fail(`dial tcp ${host}:${port}: i/o timeout`)
    }, patience)
    let socket: TLSSocket | undefined
    try {
      socket = connect({
        host,
        port,
        ...(isIP(name) ? {} : { servername: name }),
        ...(authority === undefined ? {} : { ca: authority }),
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
      })
      socket.on('error', (error) => {
        clearTimeout(timer)
        fail(failureWords(error))
      })
      socket.on('secureConnect', () => {
        clearTimeout(timer)
        const certificate = socket?.getPeerCertificate(true)
        resolve({ reached: true, why: wrongWith(socket, certificate, name), presented: presentedBy(certificate) })
        socket?.destroy()
      })
    } catch (error) {
      clearTimeout(timer)
      fail(failureWords(error))
    }
  })
}

const wrongWith = (
  socket: TLSSocket | undefined,
  certificate: DetailedPeerCertificate | undefined,
  name: string,
): string | undefined => {
  if (socket?.authorized === false) {
    const code = String(socket.authorizationError)
    return wordsOfCertificate(code) ?? `x509: ${code}`
  }
  const other = certificate && checkServerIdentity(name, certificate)
  return other ? failureWords(other) : undefined
}

const presentedBy = (certificate: DetailedPeerCertificate | undefined): Presented | undefined =>
  certificate?.fingerprint256 === undefined
    ? undefined
    : {
        subject: nameOf(certificate.subject),
        issuer: nameOf(certificate.issuer),
        fingerprint: certificate.fingerprint256,
      }

const nameOf = (name: Partial<Record<string, string | string[]>> | undefined): string =>
  [name?.['CN'] ?? name?.['O'] ?? 'no name'].flat().join(', ')

/** A question to an API server: a path, and a body where something is posted. It throws where there is no answer. */
export type Ask = (path: string, body?: object) => Promise<{ status: number; body: unknown }>

/** Questions to the server that a remote secret names, with its credentials, once its certificate is verified. */
export const askDirectly = ({
  server,
  authority,
  serverName,
  credentials,
}: RemoteAccess): { ask: Ask; close: () => void } => {
  const { token, username, password = '', certificate, key } = credentials
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 6,
    ...(authority === undefined ? {} : { ca: authority }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
  })
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(username === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }),
  }
  return {
    ask: (path, body) => askServer(server.href, path, body, { agent, headers }),
    close: () => {
      agent.destroy()
    },
  }
}

/** Questions with the credentials of a remote secret to the same cluster, at the address that a context has for it. */
export const askThrough = (cluster: Cluster, credentials: RemoteCredentials): { ask: Ask; close: () => void } => {
  const { token, username, password = '', certificate, key } = credentials
  const config = new (kubernetes().KubeConfig)()
  const inBase64 = (text: string): string => Buffer.from(text).toString('base64')
  config.loadFromClusterAndUser(cluster, {
    name: 'of the remote secret',
    ...(token === undefined ? {} : { token }),
    ...(username === undefined ? {} : { username, password }),
    ...(certificate === undefined || key === undefined
      ? {}
      : { certData: inBase64(certificate), keyData: inBase64(key) }),
  })
  return {
    ask: async (path, body) => {
      const options: RequestOptions & { headers?: OutgoingHttpHeaders } = {}
      await config.applyToHTTPSOptions(options)
      return askServer(cluster.server, path, body, options)
    },
    close: () => undefined,
  }
}

const askServer = (
  server: string,
  path: string,
  body: object | undefined,
  { headers, ...options }: Omit<RequestOptions, 'headers'> & { headers?: OutgoingHttpHeaders },
): Promise<{ status: number; body: unknown }> =>
  new Promise((resolve, reject) => {
    const content = body === undefined ? undefined : JSON.stringify(body)
    const send = server.startsWith('http:') ? requestPlainly : request
    const fail = (error: unknown): void => {
      reject(new Error(failureWords(error), { cause: error }))
    }
    try {
      const asked = send(
        `${server.replace(/\/$/, '')}${path}`,
        {
          ...options,
          method: content === undefined ? 'GET' : 'POST',
          headers: { ...headers, accept: 'application/json', 'content-type': 'application/json' },
          timeout: patience,
        },
        (response) => {
          read(response).then((text) => {
            resolve({ status: response.statusCode ?? 0, body: jsonOf(text) })
          }, fail)
        },
      )
      asked.on('timeout', () => {
        asked.destroy(new Error(`no answer within ${patience / 1000} s`))
      })
      asked.on('error', fail)
      asked.end(content)
    } catch (error) {
      fail(error)
    }
  })

const read = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > longest) {
      response.destroy()
      throw new Error(`the answer is longer than ${longest} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
