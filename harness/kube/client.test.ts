import { KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { expect, test } from 'vitest'
import { createRoot } from '#lab/certificate-authority.ts'
import { listening, scratchFolder } from '#testing/edge.ts'
import { connect } from './client.ts'

/** A server that answers every read with a pod of that name and counts its connections, and a kubeconfig for it. */
const podServer = async (): Promise<{ kubeconfig: string; connections: () => number }> => {
  const { certificate, keys } = await createRoot()
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  let connections = 0
  const server = createServer({ key, cert: certificate.toString('pem') }, ({ url = '' }, response) => {
    response.setHeader('content-type', 'application/json')
    const resources = [{ name: 'pods', kind: 'Pod', namespaced: true, singularName: 'pod', verbs: ['get'] }]
    response.end(
      JSON.stringify(
        url === '/api/v1'
          ? { kind: 'APIResourceList', groupVersion: 'v1', resources }
          : { apiVersion: 'v1', kind: 'Pod', metadata: { name: url.split('/').at(-1) } },
      ),
    )
  })
  server.on('secureConnection', () => {
    connections += 1
  })
  const port = await listening(server)
  const kubeconfig = join(await scratchFolder(), 'kubeconfig')
  await writeFile(
    kubeconfig,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'kind',
      clusters: [
        {
          name: 'kind',
          cluster: {
            server: `https://127.0.0.1:${port}`,
            'insecure-skip-tls-verify': true,
          },
        },
      ],
      users: [{ name: 'kind', user: { token: 'any' } }],
      contexts: [{ name: 'kind', context: { cluster: 'kind', user: 'kind' } }],
    }),
  )
  return { kubeconfig, connections: () => connections }
}

test('requests to an API server share connections', async () => {
  const { kubeconfig, connections } = await podServer()
  const kube = connect('cluster1', kubeconfig)
  const names = Array.from({ length: 12 }, (_, number) => `pod-${number}`)
  for (const name of names)
    expect(await kube.get({ apiVersion: 'v1', kind: 'Pod', name, namespace: 'app1' })).toMatchObject({
      metadata: { name },
    })
  // A connection is free again a moment after its answer was read, so that the next request may open another.
  expect(connections()).toBeLessThan(names.length / 2)
})
