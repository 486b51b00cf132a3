import { expect, test } from 'vitest'
import { errorOf } from '#testing/edge.ts'
import { readUntil } from '#kube/until.ts'
import { MeshproofError } from '#errors.ts'
import { catalogue } from '#run/catalogue.ts'
import type { Cluster } from './cluster.ts'
import type { Mesh } from './mesh.ts'

const unread = new MeshproofError('MP-403', { what: 'A page of a pod could not be read', next: '' })
const right = ['10.10.0.7:5000', '192.0.2.2:15443']
const early = ['0.0.0.0:15443', '10.10.0.7:5000']

/** Runs discovery.endpoints from cluster1, whose proxy holds one list of endpoints after the other, then the last. */
const proveWith = async (held: (string[] | Error)[], configured: Record<string, string>): Promise<string> => {
  const left = [...held]
  const clusterOf = (name: string, network: string): Cluster =>
    ({
      name,
      network,
      apiEndpoints: () => Promise.resolve(['10.10.0.7']),
      entrances: () => Promise.resolve([{ address: '192.0.2.2', port: 15443 }]),
      endpoints: async (envoyCluster: string) => {
        if (envoyCluster.includes('nowhere')) return []
        const next = left.length > 1 ? left.shift() : left[0]
        if (next instanceof Error) throw next
        return next ?? []
      },
    }) as Partial<Cluster> as Cluster
  const from = clusterOf('cluster1', 'network1')
  const mesh = {
    placeholder: '0.0.0.0',
    helloworld: { origin: '', url: '', cluster: 'outbound|5000||helloworld' },
    hostOf: (service: string) => service,
    reachableFrom: () => [from, clusterOf('cluster2', 'network2')],
    gateways: () => Promise.resolve(configured),
    readUntil: (read, isExpected) => readUntil(read, isExpected, { every: 1, within: 50 }),
  } as Partial<Mesh> as Mesh
  const check = catalogue.find(({ id }) => id === 'discovery.endpoints')
  return (await check?.prove({ mesh, from, signal: new AbortController().signal })) ?? ''
}

const patched = { network1: '192.0.2.1', network2: '192.0.2.2' }

test('a proxy that still holds the placeholder, or is not read at once, is asked again', async () => {
  expect(await proveWith([early, unread, right], patched)).toBe(right.join(', '))
})

test('the placeholder is named only where meshNetworks holds it', async () => {
  const error = (configured: Record<string, string>): Promise<unknown> => errorOf(proveWith([early], configured))
  expect(await error({ ...patched, network2: '0.0.0.0' })).toMatchObject({ message: expect.stringMatching(/^MP-742/) })
  expect(await error(patched)).toMatchObject({ message: expect.stringMatching(/^MP-744/) })
})

test('a proxy that is never read is no verdict on its endpoints', async () => {
  expect(await errorOf(proveWith([unread], patched))).toBe(unread)
})
