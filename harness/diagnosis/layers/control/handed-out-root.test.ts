import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { Finding } from '#diagnosis/layer.ts'
import { apiServerOf, surveyOf, surveyServers } from '#testing/fake-clusters.ts'
import { meshObjects } from '#testing/mesh-objects.ts'
import { rootsNotHandedOut } from './handed-out-root.ts'

const leaders = 'topology.istio.io/controlPlaneClusters'

const podIn = (namespace: string, configMap: object = { name: 'istio-ca-root-cert' }): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace },
  spec: { containers: [{ name: 'web' }], volumes: [{ name: 'istiod-ca-cert', configMap }] },
})

const rootIn = (namespace: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio-ca-root-cert', namespace },
})

const istiod = (env: object[], creationTimestamp?: Date): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'istiod-1',
    namespace: 'istio-system',
    labels: { app: 'istiod' },
    ...(creationTimestamp ? { creationTimestamp } : {}),
  },
  spec: { containers: [{ name: 'discovery', env }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
})

/** What is found in a remote cluster with these objects that names `named`; `primary` is in the one that serves it. */
const found = async (
  remote: Manifest[],
  { primary = [], named = '' }: { primary?: Manifest[]; named?: string } = {},
): Promise<{ findings: Finding[]; notes: string[] }> => {
  const objects = meshObjects('cluster2', { role: 'remote', more: remote }).map((object) =>
    object.metadata?.name === 'istio-system'
      ? { ...object, metadata: Object.assign({}, object.metadata, { annotations: { [leaders]: named } }) }
      : object,
  )
  const mesh = await surveyServers(apiServerOf(meshObjects('cluster1', { more: primary })), apiServerOf(objects))
  return rootsNotHandedOut(mesh, mesh.clusters[1]!)
}

test('namespaces that have the root certificate, or whose pods need none, are fine', async () => {
  const optional = podIn('batch', { name: 'other', optional: true })
  const done = { ...podIn('jobs'), status: { phase: 'Succeeded' } }
  expect(await found([podIn('shop'), rootIn('shop'), optional, done])).toEqual({ findings: [], notes: [] })
})

test('a remote cluster that does not name its control plane gets none', async () => {
  const { findings } = await found([podIn('shop'), podIn('api')], { named: 'west' })
  expect(findings).toMatchObject([
    {
      code: 'MP-847',
      where: 'cluster2',
      evidence: [expect.stringMatching(/: api, shop$/), expect.stringContaining(`does not name cluster1 in its`)],
      fix: `kubectl --context=context2 annotate --overwrite namespace istio-system ${leaders}=cluster1`,
    },
  ])
})

test.each(['cluster1', 'west,cluster1', '*'])('where it names %s, istiod may lack a variable', async (named) => {
  const remote = [podIn('shop')]
  const without = await found(remote, { named, primary: [istiod([])] })
  expect(without.findings[0]?.evidence[1]).toMatch(/runs without EXTERNAL_ISTIOD=true/)
  const { findings } = await found(remote, { named, primary: [istiod([{ name: 'EXTERNAL_ISTIOD', value: 'true' }])] })
  expect(findings).toMatchObject([
    { evidence: [expect.stringMatching(/: shop$/)], fix: expect.stringMatching(/ logs /) },
  ])
})

test('an istiod that was just restarted has not written yet, nor has one for a new namespace', async () => {
  expect((await found([podIn('shop')], { primary: [istiod([], new Date())] })).findings).toEqual([])
  const young = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new', creationTimestamp: new Date() } }
  expect((await found([podIn('new'), young])).findings).toEqual([])
})

test('a user who may not read config maps gets a note', async () => {
  const mesh = await surveyOf({}, { role: 'remote', more: [podIn('shop')] })
  const [, cluster] = mesh.clusters
  cluster!.kube.get = () => Promise.reject(new Error('configmaps is forbidden'))
  const { findings, notes } = await rootsNotHandedOut(mesh, cluster!)
  expect(findings).toEqual([])
  expect(notes).toEqual([
    expect.stringMatching(/root certificates in namespaces of cluster2 were not looked at: .*forbidden/),
  ])
})
