import { createHash, KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer as createProxy } from 'node:http'
import { createServer } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { beforeEach, expect, test } from 'vitest'
import { createRoot } from '#lab/certificate-authority.ts'
import { connectContexts } from '#probes/survey/contexts.ts'
import { errorOf, listening, scratchFolder, setVariable } from '#testing/edge.ts'
import { execIn } from './pods.ts'

/** An API server with a certificate of its own making: it has namespaces, and lets a command end well. */
const apiServer = async (): Promise<number> => {
  const { certificate, keys } = await createRoot()
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  const server = createServer({ key, cert: certificate.toString('pem') }, ({ url = '' }, response) => {
    response.setHeader('content-type', 'application/json')
    const resources = [{ name: 'namespaces', kind: 'Namespace', namespaced: false, singularName: '', verbs: [] }]
    const lists = { kind: 'APIResourceList', groupVersion: 'v1', resources }
    response.end(JSON.stringify(url === '/api/v1' ? lists : { kind: 'NamespaceList', apiVersion: 'v1', items: [] }))
  })
  server.on('upgrade', ({ headers }, socket) => {
    const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    const accept = createHash('sha1')
      .update(`${headers['sec-websocket-key'] ?? ''}${guid}`)
      .digest('base64')
    const ended = Buffer.from('\u0003{"status":"Success"}')
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Protocol: v5.channel.k8s.io\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.write(Buffer.concat([Buffer.from([0x82, ended.length]), ended]))
  })
  return listening(server)
}

/** A proxy that alone knows where a name leads, with what it was asked for. */
const proxyTo = async (port: number): Promise<{ url: string; asked: string[] }> => {
  const asked: string[] = []
  const proxy = createProxy((_request, response) => response.writeHead(405).end())
  proxy.on('connect', ({ url = '' }, client, head) => {
    asked.push(url)
    if (!url.startsWith('east.')) return client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
    for (const stream of [client, upstream])
      stream.on('error', () => {
        client.destroy()
        upstream.destroy()
      })
  })
  return { url: `http://127.0.0.1:${await listening(proxy)}`, asked }
}

const kubeconfig = async (more: object = {}): Promise<string> => {
  const path = join(await scratchFolder(), 'config')
  const names = ['east', 'west']
  await writeFile(
    path,
    stringify({
      clusters: names.map((name) => ({
        name,
        cluster: { server: `https://${name}.mesh.invalid:6443`, 'insecure-skip-tls-verify': true, ...more },
      })),
      users: [{ name: 'me', user: { token: 'any' } }],
      contexts: names.map((name) => ({ name, context: { cluster: name, user: 'me' } })),
    }),
  )
  return path
}

beforeEach(() => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy']) setVariable(name, '')
})

const namespaces = { apiVersion: 'v1', kind: 'Namespace' }
const container = { namespace: 'shop', pod: 'client', container: 'istio-proxy' }

test.each([
  ['HTTPS_PROXY', true],
  ['proxy-url of the kubeconfig', false],
])('requests and commands go through the proxy of %s', async (_where, byVariable) => {
  const { url, asked } = await proxyTo(await apiServer())
  if (byVariable) setVariable('HTTPS_PROXY', url)
  const [east] = connectContexts(['east', 'west'], await kubeconfig(byVariable ? {} : { 'proxy-url': url }))
  expect(await east!.kube.list(namespaces)).toEqual([])
  const requests = asked.length
  expect(requests).toBeGreaterThan(0)
  expect(await execIn(east!.kube, container, ['true'])).toMatchObject({ exitCode: 0 })
  expect(asked.length).toBeGreaterThan(requests)
  expect(new Set(asked)).toEqual(new Set(['east.mesh.invalid:6443']))
})

test('a name without a proxy cannot be looked up, as kubectl says it', async () => {
  const [east] = connectContexts(['east', 'west'], await kubeconfig())
  expect(await errorOf(east!.kube.list(namespaces))).toMatchObject({
    code: 'MP-406',
    message: expect.stringMatching(/lookup east\.mesh\.invalid: (no such host|server misbehaving)/),
  })
})

test('NO_PROXY leaves a server out, and a proxy that refuses says so', async () => {
  const { url, asked } = await proxyTo(1)
  setVariable('HTTPS_PROXY', url)
  setVariable('NO_PROXY', 'east.mesh.invalid')
  const [east, west] = connectContexts(['east', 'west'], await kubeconfig())
  expect(await errorOf(east!.kube.list(namespaces))).toMatchObject({ message: expect.stringContaining('lookup east') })
  expect(asked).toEqual([])
  expect(await errorOf(west!.kube.list(namespaces))).toMatchObject({ message: expect.stringContaining('403') })
  expect(asked).toEqual(['west.mesh.invalid:6443'])
})
