import { describe, expect, test } from 'vitest'
import { errorOf } from '#testing/edge.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import type { Manifest } from '#kube/client.ts'
import { readUntil } from '#kube/until.ts'
import { readyPod } from '#kube/pods.ts'
import { catalogue } from '#run/catalogue.ts'
import type { Cluster } from './cluster.ts'
import { type ControlPlane, type IstiodPod, istiodIn } from './control-plane.ts'
import { recorder } from './evidence.ts'
import type { Mesh } from './mesh.ts'

// What the checks of the control plane say of what they read. Real meshes show the rest.

const ready: IstiodPod = { name: 'istiod-1', ready: true, restarts: 0 }

/** A mesh with a primary and a remote, and what differs in it. */
const meshWith = ({
  istiods = { cluster1: [ready], cluster2: [] },
  held = { cluster1: ['10.10.0.7'], cluster2: ['10.20.0.7'] },
  statuses = [['synced', 'synced']],
  revision,
}: {
  istiods?: Record<string, IstiodPod[]>
  held?: Record<string, string[]>
  /** The states of both clusters, at each look. */
  statuses?: [string, string][]
  revision?: string
} = {}): Mesh => {
  const looks = [...statuses]
  const clusters = ['cluster1', 'cluster2'].map((name): Cluster => {
    const cluster: Partial<Cluster> = {
      name,
      hostsIstiod: name === 'cluster1',
      istiod: () => Promise.resolve(istiods[name] ?? []),
      apiEndpoints: () => Promise.resolve([name === 'cluster1' ? '10.10.0.7' : '10.20.0.7']),
      pods: () =>
        Promise.resolve([
          { metadata: { name: 'sleep-1', namespace: 'app1' }, spec: { containers: [{ name: 'istio-proxy' }] } },
        ]),
    }
    return cluster as Cluster
  })
  const controlPlane: Partial<ControlPlane> = {
    name: 'cluster1',
    cluster: 'cluster1',
    revision,
    serves: ['cluster1', 'cluster2'],
    watches: [],
    endpoints: () => Promise.resolve(held),
    watched: async () => {
      const [first = '', second = ''] = (looks.length > 1 ? looks.shift() : looks[0]) ?? []
      return [
        { id: 'cluster1', syncStatus: first },
        { id: 'cluster2', syncStatus: second },
      ]
    },
    proxies: () => Promise.resolve([]),
  }
  const mesh: Partial<Mesh> = {
    clusters,
    controlPlanes: [controlPlane as ControlPlane],
    leftOut: () => undefined,
    readUntil: (read, isExpected) => readUntil(read, isExpected, { every: 1, within: 20 }),
  }
  return mesh as Mesh
}

const prove = async (id: string, mesh: Mesh): Promise<string> => {
  const check = catalogue.find((candidate) => candidate.id === id)
  const [from] = mesh.clusters
  if (!check || !from) throw new Error(`no check ${id}`)
  return check.prove({ mesh, from, signal: new AbortController().signal })
}

test('a right control plane passes', async () => {
  expect(await prove('control.ready', meshWith())).toBe('ready istiods: cluster1 1, cluster2 0')
  expect(await prove('control.remotes-synced', meshWith())).toContain('endpoints equal the API’s')
})

test('a cluster that is not synced at the first look is looked at again', async () => {
  const statuses: [string, string][] = [
    ['synced', 'syncing'],
    ['synced', 'synced'],
  ]
  expect(await prove('control.remotes-synced', meshWith({ statuses }))).toContain('endpoints equal the API’s')
})

describe('what is wrong has its code:', () => {
  test.each<[string, string, Parameters<typeof meshWith>[0]]>([
    ['MP-731', 'control.ready', { istiods: { cluster1: [{ ...ready, restarts: 1 }] } }],
    ['MP-731', 'control.ready', { istiods: {} }],
    ['MP-737', 'control.ready', { istiods: { cluster1: [ready], cluster2: [ready] } }],
    ['MP-732', 'control.remotes-synced', { statuses: [['synced', 'timeout']] }],
    ['MP-734', 'control.remotes-synced', { held: { cluster1: ['10.10.0.7'], cluster2: ['10.20.0.6'] } }],
    ['MP-730', 'control.proxies-synced', { revision: 'canary' }],
  ])('%s of %s', async (code, id, of) => {
    expect(await errorOf(prove(id, meshWith(of)))).toMatchObject({
      message: expect.stringMatching(new RegExp(`^${code} `)),
    })
  })
})

test('where no pod is ready, the error names its labels', async () => {
  expect(await errorOf(readyPod(fakeKube(), 'app1', 'app=sleep'))).toMatchObject({
    code: 'MP-405',
    message: 'No pod is ready (app1, app=sleep)',
  })
})

test('an istiod pod that ended, or that no node takes, is no istiod', async () => {
  const istiod = (name: string, status: object): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'istio-system', labels: { app: 'istiod' } },
    status,
  })
  const kube = fakeKube(
    istiod('serving', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }),
    istiod('starting', { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] }),
    istiod('evicted', { phase: 'Failed', reason: 'Evicted' }),
    istiod('without-room', { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False' }] }),
  )
  const cluster = { name: 'east', network: '', role: 'primary', version: 'v1', discovery: '' } as const
  const pods = await istiodIn({ ...cluster, kube, istioNamespace: 'istio-system' }, undefined, recorder())
  expect(pods.map(({ name, ready: isReady }) => [name, isReady])).toEqual([
    ['serving', true],
    ['starting', false],
  ])
})
