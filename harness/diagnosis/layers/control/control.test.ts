import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { apiServerOf, surveyServers } from '#testing/fake-clusters.ts'
import { meshObjects, type Shape } from '#testing/mesh-objects.ts'
import { webhookProblems } from './injectors.ts'
import { wrongInjectionPath } from './injection-path.ts'
import { sidecarProblems } from './sidecars.ts'

/** A mesh whose second cluster has this shape; `change` alters its objects first. */
const meshOf = (second: Shape, change: (objects: Manifest[]) => Manifest[] = (objects) => objects): Promise<Survey> =>
  surveyServers(apiServerOf(meshObjects('cluster1')), apiServerOf(change(meshObjects('cluster2', second))))

const labelled =
  (labels: Record<string, string>) =>
  (objects: Manifest[]): Manifest[] =>
    objects.map((object) =>
      object.kind === 'Namespace' && object.metadata?.name === 'shop'
        ? { ...object, metadata: { name: 'shop', labels } }
        : object,
    )

const bare = (labels: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', labels },
  spec: { containers: [{ name: 'web' }] },
  status: { phase: 'Running' },
})

describe('a namespace', () => {
  const found = async (second: Shape, labels: Record<string, string>): Promise<object[]> =>
    meshOf(second, labelled(labels)).then((mesh) => sidecarProblems(mesh, mesh.clusters[1]!))

  test('that asks for a revision nobody serves says which are served, and how to set the tag', async () => {
    expect(await found({ revision: '1-31', more: [bare()] }, { 'istio.io/rev': 'stable' })).toMatchObject([
      {
        code: 'MP-859',
        where: 'cluster2 shop',
        evidence: [
          'the namespace asks by istio.io/rev=stable, and no injector of cluster2 takes that',
          'injectors serve revisions 1-31',
          expect.stringContaining('web-1 has no sidecar'),
        ],
        fix: 'istioctl --context=context2 tag set stable --revision=1-31',
      },
    ])
    expect(await found({ revision: '1-31', more: [bare()] }, { 'istio-injection': 'enabled' })).toMatchObject([
      { code: 'MP-859' },
    ])
  })

  test('that is served has pods older than its label, unless they opt out', async () => {
    const enabled = { 'istio-injection': 'enabled' }
    expect(await found({ more: [bare()] }, enabled)).toMatchObject([{ code: 'MP-857' }])
    expect(await found({ more: [bare({ 'sidecar.istio.io/inject': 'false' })] }, enabled)).toEqual([])
    expect(await found({ revision: '1-31', more: [bare()] }, { 'istio.io/rev': '1-31' })).toMatchObject([
      { code: 'MP-857' },
    ])
  })

  test('whose cluster lost its injector, or has one that passes its pods over, says so', async () => {
    const enabled = { 'istio-injection': 'enabled' }
    const mesh = await meshOf({ more: [bare()] }, (objects) =>
      labelled(enabled)(objects.filter(({ kind }) => kind !== 'MutatingWebhookConfiguration')),
    )
    expect(await sidecarProblems(mesh, mesh.clusters[1]!)).toMatchObject([
      { code: 'MP-859', cause: 'a cluster has no sidecar injector' },
    ])
    const passingOverWeb = async (labels: Record<string, string>): Promise<object[]> => {
      const passing = await meshOf({ more: [bare(labels)] }, (objects) =>
        labelled(enabled)(objects).map((object) =>
          object.kind === 'ConfigMap' && object.metadata?.name === 'istio-sidecar-injector'
            ? { ...object, data: { config: 'neverInjectSelector:\n- matchLabels: { app: web }\n' } }
            : object,
        ),
      )
      return sidecarProblems(passing, passing.clusters[1]!)
    }
    expect(await passingOverWeb({ app: 'web' })).toMatchObject([
      { code: 'MP-857', cause: expect.stringContaining('neverInjectSelector') },
    ])
    const [older] = (await passingOverWeb({ app: 'cart' })) as { code: string; cause?: string }[]
    expect([older?.code, older?.cause]).toEqual(['MP-857', undefined])
  })

  test('that lost its label has sidecars that will not come back, unless they were put there by hand', async () => {
    expect(await found({ proxies: ['1.31.0'] }, {})).toMatchObject([{ code: 'MP-858' }])
    for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
      const byHand: Manifest = {
        apiVersion: 'apps/v1',
        kind,
        metadata: { name: 'client', namespace: 'shop' },
        spec: { template: { spec: { containers: [{ name: 'istio-proxy' }] } } },
      }
      expect(await found({ proxies: ['1.31.0'], more: [byHand] }, {})).toEqual([])
    }
  })
})

describe('a remote’s injector', () => {
  const withPath =
    (path: string) =>
    (objects: Manifest[]): Manifest[] =>
      JSON.parse(JSON.stringify(objects).replace('/inject/cluster/cluster2/net/network1', path)) as Manifest[]

  test('that names no cluster is no injector for this one', async () => {
    const mesh = await meshOf({ role: 'remote', proxies: ['1.31.0'] }, withPath('/inject'))
    expect(await wrongInjectionPath(mesh.clusters[1]!)).toMatchObject([
      {
        code: 'MP-850',
        where: 'cluster2 istio-sidecar-injector',
        evidence: ['istio-sidecar-injector: path /inject', expect.stringContaining('names no cluster')],
        fix: expect.stringContaining('istiodRemote.injectionPath=/inject/cluster/cluster2/net/network1'),
      },
    ])
  })

  test('leads somewhere where its service is the name of another cluster’s load balancer', async () => {
    const service = (spec: object): Manifest => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'istiod', namespace: 'istio-system' },
      spec,
    })
    const found = async (spec: object): Promise<string[]> =>
      (await webhookProblems((await meshOf({ role: 'remote', more: [service(spec)] })).clusters[1]!)).map(
        ({ code }) => code,
      )
    expect(await found({ clusterIP: '10.9.0.1' })).toEqual(['MP-854'])
    // This injector holds no certificate, which is looked at next.
    expect(await found({ type: 'ExternalName', externalName: 'istiod.example' })).toEqual(['MP-853'])
  })

  test('that names its cluster is right', async () => {
    expect(await wrongInjectionPath((await meshOf({ role: 'remote' })).clusters[1]!)).toEqual([])
  })
})
