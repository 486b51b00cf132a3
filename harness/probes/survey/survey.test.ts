import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { apiServerOf } from '#testing/fake-clusters.ts'
import { meshObjects, type Shape } from '#testing/mesh-objects.ts'
import { differentMeshIds, hostOf, meshLines, survey, type Survey } from './survey.ts'

const surveyOf = async (clusters: Record<string, Manifest[]>, istioNamespace?: string): Promise<Survey> => {
  const contexts = await Promise.all(
    Object.entries(clusters).map(async ([context, objects]) => (await apiServerOf(objects)).cluster(context)),
  )
  return survey(contexts, istioNamespace)
}

const two = (first: Shape, second: Shape): Promise<Survey> =>
  surveyOf({ a: meshObjects('cluster1', first), b: meshObjects('cluster2', second) })

describe('a survey', () => {
  test('finds names, roles, networks and versions', async () => {
    const { clusters, domain } = await two(
      { network: 'network1' },
      { network: 'network2', role: 'remote', proxies: ['1.30.4'] },
    )
    expect(
      clusters.map(({ context, name, role, network, kubernetes, istio }) => ({
        context,
        name,
        role,
        network,
        kubernetes,
        istio,
      })),
    ).toEqual([
      { context: 'a', name: 'cluster1', role: 'primary', network: 'network1', kubernetes: '1.34.4', istio: '1.31.2' },
      { context: 'b', name: 'cluster2', role: 'remote', network: 'network2', kubernetes: '1.34.4', istio: '1.30.4' },
    ])
    expect(domain).toBe('cluster.local')
  })

  const named: Manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { meshNetworks: 'networks: {network2: {endpoints: [{fromRegistry: cluster2}]}}' },
  }
  const istiodPod: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'istiod-1', namespace: 'istio-system', labels: { app: 'istiod' } },
    status: { podIP: '10.1.2.3' },
  }
  const captured: Manifest = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'istiod', namespace: 'istio-system', labels: { 'kubernetes.io/service-name': 'istiod' } },
    endpoints: [{ addresses: ['10.1.2.3'] }],
  }

  test.each<[string, Shape, Shape]>([
    ['multi-primary', {}, {}],
    ['multi-primary-multi-network', {}, { network: 'network2' }],
    ['primary-remote', {}, { network: 'network2', role: 'remote' }],
    ['gateway', { more: [named] }, { network: 'network2', role: 'remote' }],
    ['vpn', { more: [istiodPod] }, { role: 'remote' }],
    ['shared-control-plane', { more: [istiodPod] }, { role: 'remote', more: [captured] }],
  ])('recognises %s', async (topology, first, second) => {
    expect((await two(first, second)).topology).toBe(topology)
  })

  describe('of an external control plane', () => {
    const kubeconfig: Manifest = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'istio-kubeconfig', namespace: 'istio-system' },
    }
    /** istiod in cluster1 goes by the name of cluster2. The injector of cluster1 says where its pods are. */
    const hosting = (more: Manifest[]): Manifest[] =>
      JSON.parse(
        JSON.stringify(meshObjects('cluster1', { more: [istiodPod, ...more] }))
          .replace('"CLUSTER_ID","value":"cluster1"', '"CLUSTER_ID","value":"cluster2"')
          .replace('"path":"/inject"', '"path":"/inject/cluster/cluster1/net/network1"'),
      ) as Manifest[]
    const surveyed = (more: Manifest[]): Promise<Survey> =>
      surveyOf({ a: hosting(more), b: meshObjects('cluster2', { role: 'remote', network: 'network2' }) })

    test('finds the config cluster, and reads its istiod where that runs', async () => {
      const { topology, clusters } = await surveyed([kubeconfig])
      expect(topology).toBe('external-control-plane')
      expect(clusters.map(({ name, role, network, istio }) => [name, role, network, istio])).toEqual([
        ['cluster1', 'remote', 'network1', '1.31.2'],
        ['cluster2', 'primary', 'network2', '1.31.2'],
      ])
      const [host, config] = clusters
      expect(clusters.map(hostOf)).toEqual([host, host])
      expect((await config?.reads.istiodPods())?.map(({ metadata }) => metadata?.name)).toEqual(['istiod-1'])
      expect(meshLines({ topology, clusters })[2]).toContain('cluster2  primary, network2  istiod in cluster1')
    })

    test('leaves out a cluster that has no workloads of the mesh, only its istiod', async () => {
      const elsewhere = (objects: Manifest[]): Manifest[] =>
        JSON.parse(
          JSON.stringify(objects)
            .replace('"namespace":"istio-system","path"', '"namespace":"gateway-mesh","path"')
            .replace('/inject/cluster/cluster1/net/network1', '/inject'),
        ) as Manifest[]
      const { clusters } = await surveyOf({
        a: elsewhere(hosting([kubeconfig])),
        b: meshObjects('cluster2', { role: 'remote' }),
        c: meshObjects('cluster3', { role: 'remote' }),
      })
      expect(clusters.map(({ name, role, istiodHost }) => [name, role, istiodHost?.context])).toEqual([
        ['cluster2', 'primary', 'a'],
        ['cluster3', 'remote', undefined],
      ])
    })

    test('takes a wrong name of a control plane for what it is, where istiod has no other kubeconfig', async () => {
      const { clusters } = await surveyed([])
      expect(clusters.map(({ role, istiodHost }) => [role, istiodHost])).toEqual([
        ['primary', undefined],
        ['remote', undefined],
      ])
    })
  })

  test('refuses two contexts of one cluster', async () => {
    await expect(two({ uid: 'same' }, { uid: 'same' })).rejects.toMatchObject({
      code: 'MP-115',
      message: expect.stringContaining('a, b'),
    })
  })

  test('goes on where the clusters give their mesh different ids, and says so', async () => {
    const mesh = await two({ mesh: 'shop' }, { mesh: 'bank' })
    expect(mesh.clusters.map(({ meshId }) => meshId)).toEqual(['shop', 'bank'])
    expect(differentMeshIds(mesh)).toEqual(['cluster1 calls its mesh shop', 'cluster2 calls its mesh bank'])
    expect(differentMeshIds(await two({ mesh: 'shop' }, { mesh: 'shop' }))).toEqual([])
  })

  test('shows names as text, however a cluster calls itself', async () => {
    const mesh = await surveyOf({ a: meshObjects('cluster\u001b[2J\n✓ 1'), b: meshObjects('cluster2') })
    expect(meshLines(mesh)[1]).toContain('cluster␛[2J ✓ 1  primary')
  })

  test('refuses a cluster without Istio, and says which', async () => {
    const bare = [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'x' } }]
    await expect(surveyOf({ a: meshObjects('cluster1'), b: bare })).rejects.toMatchObject({
      code: 'MP-118',
      message: expect.stringContaining('context b'),
    })
  })

  describe('of a mesh whose root namespace is not the default', () => {
    const root = (shape: Shape = {}): Shape => ({ istioNamespace: 'mesh-root', ...shape })
    const surveyed = (first: Shape, second: Shape, istioNamespace?: string): Promise<Survey> =>
      surveyOf({ a: meshObjects('cluster1', first), b: meshObjects('cluster2', second) }, istioNamespace)

    test('finds who is who where it is told the namespace', async () => {
      const found = await surveyed(root(), root({ network: 'network2', role: 'remote' }), 'mesh-root')
      expect(found).toMatchObject({
        istioNamespace: 'mesh-root',
        topology: 'primary-remote',
        clusters: [
          { name: 'cluster1', role: 'primary', network: 'network1', istioNamespace: 'mesh-root' },
          { name: 'cluster2', role: 'remote', network: 'network2', istioNamespace: 'mesh-root' },
        ],
      })
    })

    test.each<[string, Shape, Shape]>([
      ['a', root(), root({ role: 'remote' })],
      ['b', {}, root()],
      ['b, a remote', {}, root({ role: 'remote' })],
    ])('otherwise says where Istio is, and by which flag: in %s', async (where, first, second) => {
      await expect(surveyed(first, second)).rejects.toMatchObject({
        code: 'MP-147',
        message: expect.stringMatching(
          new RegExp(`context ${where[0] ?? ''}.*nothing of it is in istio-system; it is in mesh-root$`),
        ),
        next: expect.stringContaining('--istio-namespace=mesh-root'),
      })
    })

    test('also where the namespace of that name is there, and holds nothing of Istio', async () => {
      const leftOver = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } }
      await expect(surveyed(root({ more: [leftOver] }), root())).rejects.toMatchObject({ code: 'MP-147' })
    })

    test('takes the flag’s word where Istio is in both', async () => {
      const another = meshObjects('cluster1', { mesh: 'another' })
      const found = await surveyOf(
        { a: [...meshObjects('cluster1', root()), ...another], b: meshObjects('cluster2', root()) },
        'mesh-root',
      )
      expect(found.clusters.map(({ role }) => role)).toEqual(['primary', 'primary'])
    })
  })

  test('says which cluster does not answer, or does not let itself be looked at', async () => {
    const [allowed, forbidden] = await Promise.all([
      apiServerOf(meshObjects('cluster1')),
      apiServerOf(meshObjects('cluster2'), { forbidden: ['namespaces'] }),
    ])
    await expect(survey([allowed.cluster('a'), forbidden.cluster('b')])).rejects.toMatchObject({
      code: 'MP-117',
      message: expect.stringMatching(/context b.*403.*forbidden/),
    })
    forbidden.close()
    await expect(survey([allowed.cluster('a'), forbidden.cluster('b')])).rejects.toMatchObject({
      code: 'MP-117',
      message: expect.stringContaining('context b'),
    })
  })
})
