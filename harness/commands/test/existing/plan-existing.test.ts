import { expect, test } from 'vitest'
import { loadRelease } from '#images/release/release-plan.ts'
import type { Manifest } from '#kube/client.ts'
import type { Permission } from '#kube/permissions.ts'
import { catalogue } from '#run/catalogue.ts'
import { errorOf } from '#testing/edge.ts'
import { apiServerOf } from '#testing/fake-clusters.ts'
import { meshObjects, type Shape } from '#testing/mesh-objects.ts'
import { type ExistingPlan, planExisting } from './plan-existing.ts'

/** Plans a run on clusters of these shapes, named cluster1, cluster2, …, whose contexts are a, b, … */
const planOn = async (
  shapes: (Shape & { called?: string })[],
  {
    allows,
    mtls,
    istioNamespace,
    gateways,
    suite = [],
    echoImage,
  }: {
    suite?: string[]
    echoImage?: string
    allows?: (permission: Permission) => boolean
    mtls?: 'strict' | 'off'
    istioNamespace?: string
    gateways?: 'gateway-api'
  } = {},
): Promise<ExistingPlan> => {
  const servers = await Promise.all(
    shapes.map(({ called, ...shape }, index) =>
      apiServerOf(meshObjects(called ?? `cluster${index + 1}`, shape), allows ? { allows } : {}),
    ),
  )
  return planExisting(
    servers.map((server, index) => server.cluster('abcde'[index] ?? '')),
    { suite, images: 'auto', istioNamespace, gateways, echoImage, ...(mtls ? { mtls } : {}) },
    catalogue,
  )
}

const inSystem = (apiVersion: string, kind: string, name: string, rest: object): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'istio-system' },
  ...rest,
})
const cacerts = inSystem('v1', 'Secret', 'cacerts', {})
const gateway = inSystem('v1', 'Service', 'eastwest', {
  spec: { type: 'LoadBalancer', ports: [{ port: 15443 }], selector: { istio: 'eastwest' } },
  status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } },
})
const services: Manifest = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: { name: 'kubernetes' },
  spec: { cidrs: ['10.250.0.0/16'] },
}
const standing = [cacerts, gateway, services]
const twoNetworks: Shape[] = [{ more: standing }, { network: 'network2', role: 'remote', more: standing }]
const oneNetwork: Shape[] = [{ more: standing }, { more: standing }]

const skippedIn = ({ skipped }: ExistingPlan): Record<string, string> =>
  Object.fromEntries(skipped.map(({ id, reason }) => [id, reason]))

test('a run is planned from what two contexts lead to: roles, a version for each, and gateways', async () => {
  const { found, lines, planned, kubernetes } = await planOn(twoNetworks)
  expect(found).toMatchObject({
    name: 'primary-remote',
    mtls: 'strict',
    trustDomain: 'cluster.local',
    domain: 'cluster.local',
    clusters: [
      {
        context: 'a',
        name: 'cluster1',
        role: 'primary',
        network: 'network1',
        version: 'v1',
        injection: { 'istio-injection': 'enabled' },
        discovery: 'istiod.istio-system.svc:15012',
      },
      {
        context: 'b',
        name: 'cluster2',
        role: 'remote',
        network: 'network2',
        version: 'v2',
        gateway: { service: { name: 'eastwest', namespace: 'istio-system' }, selector: 'istio=eastwest' },
      },
    ],
  })
  expect(lines).toEqual([
    expect.stringContaining('like topology primary-remote'),
    expect.stringContaining('cluster1'),
    expect.stringContaining('cluster2'),
    'Images: release (the clusters pull them)',
  ])
  expect(kubernetes).toBe('1.34.4')
  expect(planned).toContainEqual({ id: 'reach.both-versions', from: ['cluster2'], to: ['cluster1', 'cluster2'] })
})

test('others enter a cluster at every gateway that istiod finds, at the port that its label names', async () => {
  const labelled = (name: string, port: number, spec: object, more: object = {}): Manifest => ({
    ...inSystem('v1', 'Service', name, { spec: { ports: [{ port }], selector: { istio: name }, ...spec } }),
    metadata: {
      name,
      namespace: 'gateways',
      labels: { 'topology.istio.io/network': 'network2', ...more },
    },
  })
  const odd = [
    labelled('eastwest', 8443, { externalIPs: ['192.0.2.9'] }, { 'networking.istio.io/gatewayPort': '8443' }),
    labelled('second', 15443, { type: 'LoadBalancer', externalIPs: ['192.0.2.10'] }),
  ]
  const shapes = [
    twoNetworks[0] ?? {},
    { network: 'network2', role: 'remote' as const, more: [cacerts, services, ...odd] },
  ]
  const [, second] = (await planOn(shapes)).found.clusters
  expect(second).toMatchObject({
    gateway: { service: { name: 'eastwest', namespace: 'gateways' }, selector: 'istio=eastwest' },
    entrances: [
      { address: '192.0.2.9', port: 8443 },
      { address: '192.0.2.10', port: 15443 },
    ],
  })
})

test('checks that belong to another mode or other networks are skipped as in a lab', async () => {
  expect(skippedIn(await planOn(twoNetworks, { mtls: 'off' }))).toMatchObject({
    'mtls.strict': 'mutual TLS is off',
    'net.pods-routable': 'every cluster is on a network of its own',
  })
})

test('a namespace asks for sidecars as the mesh’s revision wants it', async () => {
  const { found } = await planOn(oneNetwork.map((shape) => ({ ...shape, revision: 'canary' })))
  expect(found.clusters[0]).toMatchObject({
    injection: { 'istio.io/rev': 'canary' },
    discovery: 'istiod-canary.istio-system.svc:15012',
  })
})

test('a mesh of another root namespace is asked there, by the name of its istiod there', async () => {
  const inRoot = (shape: Shape): Shape => ({ ...shape, istioNamespace: 'mesh-root' })
  const secret = { ...cacerts, metadata: { name: 'cacerts', namespace: 'mesh-root' } }
  const shapes = oneNetwork.map((shape) => inRoot({ ...shape, more: [secret, services] }))
  const plan = await planOn(shapes, {
    istioNamespace: 'mesh-root',
    allows: ({ namespace, subresource }) => !(namespace === 'mesh-root' && subresource === 'portforward'),
  })
  expect(plan.found).toMatchObject({
    istioNamespace: 'mesh-root',
    clusters: [{ discovery: 'istiod.mesh-root.svc:15012' }, { discovery: 'istiod.mesh-root.svc:15012' }],
  })
  expect(plan.found.withheld).toMatchObject({
    cacerts: undefined,
    istiod: 'cluster1: you may not create pods/portforward in mesh-root',
  })
  expect(await errorOf(planOn(shapes))).toMatchObject({ code: 'MP-147' })
})

test('the trust domain is the mesh’s own', async () => {
  const config = inSystem('v1', 'ConfigMap', 'istio', { data: { mesh: 'trustDomain: example.org' } })
  expect((await planOn(oneNetwork.map((shape) => ({ ...shape, more: [...standing, config] })))).found.trustDomain).toBe(
    'example.org',
  )
})

test('what the mesh withholds is skipped, and says why', async () => {
  const second: Manifest = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'second' } }
  expect(skippedIn(await planOn([{ more: [services] }, { more: [cacerts, second] }]))).toMatchObject({
    'trust.intermediates': 'cluster1: it has no cacerts: its certificate authority is of another kind',
    'mtls.wire': 'cluster2: it has 2 nodes, and what crosses passes any of them',
    'net.cidrs-disjoint': 'cluster2: its API server does not tell the ranges of its pods and services',
  })
  expect(skippedIn(await planOn(twoNetworks))).not.toHaveProperty(['trust.intermediates'])
  const allows = ({ resource, subresource, namespace }: Permission): boolean =>
    !(namespace === 'istio-system' && subresource === 'portforward') && resource !== 'envoyfilters'
  expect(skippedIn(await planOn(twoNetworks, { allows }))).toMatchObject({
    'control.proxies-synced': 'cluster1: you may not create pods/portforward in istio-system',
    'mtls.identity': 'cluster1: you may not create envoyfilters.networking.istio.io',
  })
  expect((await planOn(twoNetworks, { allows })).found.withheld.gateways).toBe(
    'cluster1: you may not create pods/portforward in istio-system',
  )
})

test('clusters of one name, and more than are tested, are refused', async () => {
  expect(await errorOf(planOn([{ uid: 'one' }, { uid: 'two', called: 'cluster1' }]))).toMatchObject({
    code: 'MP-145',
    message: expect.stringContaining('“cluster1” (a: cluster1, b: cluster1)'),
  })
  expect(await errorOf(planOn(Array.from({ length: 5 }, () => ({}))))).toMatchObject({
    code: 'MP-145',
    message: expect.stringContaining('two to 4 clusters'),
  })
})

test('a user who may not do what it takes is told what, before anything is made', async () => {
  const allows = ({ verb, resource }: Permission): boolean =>
    !(verb === 'create' && resource === 'namespaces') && resource !== 'virtualservices'
  expect(await errorOf(planOn(twoNetworks, { allows }))).toMatchObject({
    code: 'MP-142',
    exitCode: 2,
    message: expect.stringMatching(
      new RegExp(
        'context a: create namespaces, get virtualservices.networking.istio.io in meshproof-app1, .*' +
          String.raw`; context b: create namespaces\)`,
      ),
    ),
  })
})

test('of namespaces, only our own two need be such that they may be deleted', async () => {
  const allows = ({ verb, resource, name }: Permission): boolean =>
    !(verb === 'delete' && resource === 'namespaces') || name === 'meshproof-app1'
  expect(await errorOf(planOn(twoNetworks, { allows }))).toMatchObject({
    code: 'MP-142',
    message: expect.stringContaining(
      '(context a: delete namespaces meshproof-legacy; context b: delete namespaces meshproof-legacy)',
    ),
  })
})

test('gateways that must be of the Gateway API need its pinned release where there is an istiod', async () => {
  const gatewaysOf = (version: string): Manifest => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'gateways.gateway.networking.k8s.io',
      annotations: { 'gateway.networking.k8s.io/bundle-version': version },
    },
  })
  const planned = (...more: Manifest[]): Promise<unknown> =>
    planOn([{ more: [...standing, ...more] }, twoNetworks[1]!], { gateways: 'gateway-api' })
  const { gatewayApi } = await loadRelease()
  await planned(gatewaysOf(gatewayApi?.version ?? ''))
  for (const objects of [[gatewaysOf('v1.5.1')], []])
    expect(await errorOf(planned(...objects))).toMatchObject({
      code: 'MP-119',
      message: expect.stringContaining(`(a): it has ${objects.length === 0 ? 'none' : 'v1.5.1'}`),
    })
})

const echoImage = 'registry.example/echo:1'

test('checks of protocols are on demand, and refused without an image of echo', async () => {
  const plan = await planOn(twoNetworks, { echoImage })
  expect(plan.planned.filter(({ id }) => id.startsWith('protocol.'))).toEqual([])
  expect(plan.steps.map(({ name }) => name)).not.toContain('cluster1: echo')
  expect(await errorOf(planOn(twoNetworks, { suite: ['protocol.*'] }))).toMatchObject({ code: 'MP-375', exitCode: 2 })
})

test('with an image of echo they are planned, and echo is deployed, but not where none is planned', async () => {
  const plan = await planOn(twoNetworks, { echoImage, suite: ['protocol.*'] })
  expect(plan.planned).toContainEqual({ id: 'protocol.grpc', from: ['cluster1'], to: ['cluster1', 'cluster2'] })
  expect(plan.steps.map(({ name }) => name)).toEqual(expect.arrayContaining(['cluster1: echo', 'cluster2: echo']))
  const others = await planOn(twoNetworks, { echoImage, suite: ['reach.*'] })
  expect(others.steps.map(({ name }) => name)).not.toContain('cluster1: echo')
})

test('echo takes rights of its own', async () => {
  const allows = ({ resource }: Permission): boolean => resource !== 'statefulsets' && resource !== 'serviceentries'
  await planOn(twoNetworks, { allows })
  expect(await errorOf(planOn(twoNetworks, { allows, echoImage, suite: ['protocol.*'] }))).toMatchObject({
    code: 'MP-142',
    message: expect.stringMatching(/statefulsets\.apps.*serviceentries\.networking\.istio\.io/),
  })
})
