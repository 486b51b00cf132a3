import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { type FakeCluster, surveyOf } from '#testing/fake-clusters.ts'
import { admissionTo, admittingObjects, exported, injectionIn, type Admission } from './new-namespace.ts'

/** What a namespace needs in a mesh whose control plane’s cluster has these objects. */
const admission = async (...more: Manifest[]): Promise<Admission> =>
  admissionTo(await surveyOf({ more }, { role: 'remote' }))

describe('labels', () => {
  const selecting = (...discoverySelectors: object[]): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh: JSON.stringify({ discoverySelectors }) },
  })
  const expressed = (operator: string, ...values: string[]): object => ({
    matchExpressions: [{ key: 'team', operator, ...(values.length > 0 ? { values } : {}) }],
  })

  test.each<[string, object[], Record<string, string>]>([
    ['none where every namespace is followed', [], {}],
    ['those of a selector', [{ matchLabels: { 'istio-discovery': 'enabled' } }], { 'istio-discovery': 'enabled' }],
    ['one of several values', [expressed('In', 'shop', 'bank')], { team: 'shop' }],
    ['any value', [expressed('Exists')], { team: 'true' }],
    ['none where a selector leaves out others alone', [expressed('NotIn', 'legacy')], {}],
    [
      'those of the first selector that a namespace of another name can have',
      [{ matchLabels: { 'kubernetes.io/metadata.name': 'shop' } }, { matchLabels: { mesh: 'on' } }],
      { mesh: 'on' },
    ],
  ])('%s', async (_, selectors, labels) => {
    expect((await admission(selecting(...selectors))).labels).toEqual(labels)
  })
})

describe('an allowance', () => {
  const policy = (namespace: string, spec: object): Manifest => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'it', namespace },
    spec,
  })

  test.each<[string, Manifest[], boolean]>([
    ['where nothing is refused', [], false],
    ['where the whole mesh allows nothing by itself', [policy('istio-system', {})], true],
    ['where the whole mesh denies some paths', [policy('istio-system', { action: 'DENY', rules: [{}] })], false],
    [
      'where a policy is for gateways alone',
      [policy('istio-system', { selector: { matchLabels: { app: 'gw' } } })],
      false,
    ],
    ['where another namespace allows nothing', [policy('shop', {})], false],
  ])('%s', async (_, policies, needed) => {
    expect((await admission(...policies)).needsAllowance).toBe(needed)
  })
})

describe('what the whole mesh says of every namespace', () => {
  const ofRoot = (kind: string, spec: object): Manifest => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name: 'it', namespace: 'istio-system' },
    spec,
  })
  const config = (mesh: object): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh: JSON.stringify(mesh) },
  })
  const at = { namespace: 'mine', domain: 'cluster.local', primary: 'cluster1' }
  const kindsFor = (needs: Admission): unknown[] => admittingObjects(needs, at).map(({ kind }) => kind)
  const ruleFor = async (...more: Manifest[]): Promise<unknown> =>
    admittingObjects(await admission(...more), at).find(({ kind }) => kind === 'DestinationRule')?.['spec']

  test.each<[string, string[], unknown[]]>([
    ['its own services and Istio’s', ['./*', 'istio-system/*'], []],
    ['every namespace', ['*/*'], []],
    ['some others alone', ['shop/*', 'istio-system/*'], ['Sidecar']],
  ])('a Sidecar for %s leaves a new namespace’s own services out, or not', async (_, hosts, kinds) => {
    expect(kindsFor(await admission(ofRoot('Sidecar', { egress: [{ hosts }] })))).toEqual(kinds)
  })

  test('a Sidecar of some workloads is not for the others', async () => {
    const some = { workloadSelector: { labels: { app: 'web' } }, egress: [{ hosts: ['shop/*'] }] }
    expect(kindsFor(await admission(ofRoot('Sidecar', some)))).toEqual([])
  })

  test('a rule for all hosts holds here as well, but prefers nobody', async () => {
    const trafficPolicy = {
      tls: { mode: 'ISTIO_MUTUAL' },
      outlierDetection: { consecutive5xxErrors: 5 },
      loadBalancer: { simple: 'ROUND_ROBIN' },
      portLevelSettings: [{ port: { number: 80 }, outlierDetection: {} }],
    }
    expect(await ruleFor(ofRoot('DestinationRule', { host: '*.local', trafficPolicy }))).toEqual({
      host: '*.mine.svc.cluster.local',
      trafficPolicy: {
        tls: { mode: 'ISTIO_MUTUAL' },
        loadBalancer: { localityLbSetting: { enabled: false } },
        portLevelSettings: [{ port: { number: 80 }, loadBalancer: { localityLbSetting: { enabled: false } } }],
      },
    })
    expect(await ruleFor(ofRoot('DestinationRule', { host: '*.example', trafficPolicy }))).toBeUndefined()
    expect(await ruleFor(ofRoot('DestinationRule', { host: '*', exportTo: ['.'], trafficPolicy }))).toBeUndefined()
  })

  test('a mesh config that distributes requests by locality does not, here', async () => {
    const distributing = config({ localityLbSetting: { distribute: [{ from: 'a/*', to: { 'a/*': 100 } }] } })
    expect(await ruleFor(distributing)).toMatchObject({
      trafficPolicy: { loadBalancer: { localityLbSetting: { enabled: false } } },
    })
    expect(await ruleFor(config({ localityLbSetting: { enabled: true } }))).toBeUndefined()
  })

  test('services say that they are exported where the mesh config exports none by itself', async () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'mine' } }
    const annotated = exported(service, await admission(config({ defaultServiceExportTo: ['.'] })))
    expect(annotated.metadata?.annotations).toEqual({ 'networking.istio.io/exportTo': '*' })
    expect(exported(service, await admission(config({ defaultServiceExportTo: ['*'] })))).toEqual(service)
  })
})

describe('sidecars for a namespace', () => {
  const injectors = async (shape: FakeCluster): ReturnType<typeof injectionIn> =>
    injectionIn((await surveyOf(shape, { role: 'remote' })).clusters[0]!)

  test('come by the label of the default revision, or of the one that there is', async () => {
    expect(await injectors({})).toEqual({ labels: { 'istio-injection': 'enabled' }, revision: 'default' })
    expect(await injectors({ revision: 'canary' })).toEqual({
      labels: { 'istio.io/rev': 'canary' },
      revision: 'canary',
    })
  })
})
