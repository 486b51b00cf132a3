import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { sourceGatewayApi } from '#images/gateway-api.ts'
import { loadRelease } from '#images/release/release-plan.ts'
import type { Manifest } from '#kube/client.ts'
import type { Lab } from '#lab/lab.ts'
import { emptyCache, errorOf, scratchFolder } from '#testing/edge.ts'
import { fakeKube, type FakeKube } from '#testing/fake-kube.ts'
import { idleLab, variant } from '#testing/idle-lab.ts'
import { exposedByGateway } from './exposure.ts'
import { earlyService, gatewayResource, installGatewayApi, isMadeByIstiod, requireGatewayApi } from './gateway-api.ts'
import { isAutoPassthrough, listenersIn, serviceNameOf } from './gateway-listeners.ts'
import { gatewayResourceOf } from './installation.ts'
import { servicesExposed } from './shared-steps.ts'

const ofResources = async (name: string, more: object = {}): Promise<Lab> => {
  await emptyCache()
  return idleLab({ ...(await variant(name)), gateways: 'gateway-api', ...more })
}

const resourceIn = (lab: Lab, how: { labelled: boolean; istiod: boolean }): { patch: object; gateway: Manifest } => {
  const [map, gateway] = gatewayResource(gatewayResourceOf(lab.primary, lab, how))
  const { deployment } = map!['data'] as { deployment: string }
  return { patch: parse(deployment) as object, gateway: gateway! }
}

test('istiod makes the gateways of the clusters that it reads its configuration from, and of no other', async () => {
  const made = async (name: string, gateways?: 'gateway-api'): Promise<string[]> => {
    const topology = { ...(await variant(name)), ...(gateways === undefined ? {} : { gateways }) }
    return topology.clusters.map((cluster) => cluster.name).filter((cluster) => isMadeByIstiod(topology, cluster))
  }
  expect(await made('primary-remote')).toEqual([])
  expect(await made('primary-remote', 'gateway-api')).toEqual(['cluster1'])
  expect(await made('multi-primary-multi-network', 'gateway-api')).toEqual(['cluster1', 'cluster2'])
  expect(await made('external-control-plane', 'gateway-api')).toEqual(['cluster2'])
})

test('a Gateway that is found by its label is one between networks by its label and by its option', async () => {
  const lab = await ofResources('primary-remote')
  const { gateway, patch } = resourceIn(lab, { labelled: true, istiod: true })
  expect(gateway).toMatchObject({
    apiVersion: 'gateway.networking.k8s.io/v1',
    metadata: {
      name: 'istio-eastwestgateway',
      namespace: 'istio-system',
      labels: { istio: 'eastwestgateway', 'topology.istio.io/network': 'network1' },
    },
    spec: { gatewayClassName: 'istio', infrastructure: { parametersRef: { kind: 'ConfigMap' } } },
  })
  const listeners = listenersIn(gateway)
  expect(listeners.map(({ name, port }) => `${name} ${port}`)).toEqual([
    'tls 15443',
    'tls-istiod 15012',
    'tls-webhook 15017',
  ])
  expect(listeners.map((listener) => isAutoPassthrough(gateway, listener))).toEqual([true, false, false])
  expect(serviceNameOf(gateway)).toBe('istio-eastwestgateway')
  expect(patch).not.toHaveProperty('spec.replicas')
})

test('a Gateway that meshNetworks names has no label, and is told the network that it sees', async () => {
  const lab = await ofResources('gateway', { gatewayReplicas: 2 })
  const { gateway, patch } = resourceIn(lab, { labelled: false, istiod: false })
  expect(gateway.metadata?.labels).not.toHaveProperty('topology.istio.io/network')
  const [listener, ...others] = listenersIn(gateway)
  expect(others).toEqual([])
  expect(isAutoPassthrough(gateway, listener!)).toBe(true)
  expect(isAutoPassthrough(gateway, { ...listener!, tls: { mode: 'Passthrough' } })).toBe(false)
  expect(patch).toMatchObject({
    spec: {
      replicas: 2,
      template: {
        spec: { containers: [{ env: [{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: 'network1' }] }] },
      },
    },
  })
})

test('a Gateway keeps to the revision of a lab, and so do the routes to its istiod', async () => {
  const lab = await ofResources('primary-remote', { revision: '1-31-0' })
  expect(resourceIn(lab, { labelled: true, istiod: true }).gateway.metadata?.labels).toMatchObject({
    'istio.io/rev': '1-31-0',
  })
  expect(await exposedByGateway(lab.topology)).toMatchObject([
    {
      kind: 'TLSRoute',
      metadata: { name: 'istiod-1-31-0-tls-istiod' },
      spec: {
        parentRefs: [{ name: 'istio-eastwestgateway', sectionName: 'tls-istiod' }],
        hostnames: ['istiod-1-31-0.istio-system.svc', 'istiod-1-31-0.istio-system.svc.cluster.local'],
        rules: [{ backendRefs: [{ name: 'istiod-1-31-0', port: 15012 }] }],
      },
    },
    { metadata: { name: 'istiod-1-31-0-tls-webhook' }, spec: { rules: [{ backendRefs: [{ port: 443 }] }] } },
  ])
})

test('without the flag istiod is exposed, and services are, as Istio’s own resources say', async () => {
  const topology = await variant('primary-remote')
  expect((await exposedByGateway(topology)).map(({ apiVersion, kind }) => `${apiVersion ?? ''} ${kind ?? ''}`)).toEqual(
    ['networking.istio.io/v1 Gateway', 'networking.istio.io/v1 VirtualService'],
  )
  expect(servicesExposed('cluster1', topology)).toHaveLength(1)
  expect(servicesExposed('cluster1', { ...topology, gateways: 'gateway-api' })).toEqual([])
})

test('the service ahead of a Gateway is one that istiod takes for its own, with the same ports', async () => {
  const lab = await ofResources('primary-remote')
  const { ports } = gatewayResourceOf(lab.primary, lab, { labelled: true, istiod: true })
  expect(earlyService('istio-system', ports)).toMatchObject({
    metadata: { labels: { 'gateway.istio.io/managed': 'istio.io-gateway-controller' } },
    spec: { selector: { 'gateway.networking.k8s.io/gateway-name': 'istio-eastwestgateway' } },
  })
})

const definition = (version?: string): Manifest => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'gateways.gateway.networking.k8s.io',
    annotations: version === undefined ? {} : { 'gateway.networking.k8s.io/bundle-version': version },
  },
})

test.each([['v1.5.1'], [undefined]])('a cluster with release %s of the Gateway API is refused', async (version) => {
  const cluster = { name: 'cluster1', kube: fakeKube(definition(version)) }
  expect(await errorOf(requireGatewayApi(cluster, 'v1.6.3'))).toMatchObject({
    code: 'MP-119',
    message: expect.stringContaining(`cluster1): it has ${version ?? 'unknown'}, and v1.6.3 is pinned`),
  })
})

test('a cluster without the Gateway API is refused only where it must be there', async () => {
  const cluster = { name: 'cluster1', kube: fakeKube() }
  expect(await requireGatewayApi(cluster, 'v1.6.3')).toBe('absent')
  expect(await errorOf(requireGatewayApi(cluster, 'v1.6.3', 'present'))).toMatchObject({ code: 'MP-119' })
})

test('the definitions are installed where there are none, and left alone where they are there', async () => {
  const manifest = join(await scratchFolder(), 'gateways.yaml')
  await writeFile(manifest, 'kind: CustomResourceDefinition')
  const install = async (kube: FakeKube): Promise<string[]> => {
    const applied: string[] = []
    const established = { conditions: [{ type: 'Established', status: 'True' }] }
    let isApplied = false
    const read = kube.get
    kube.get = async (ref) => (isApplied ? ({ ...definition('v1.6.3'), status: established } as never) : read(ref))
    const cluster = {
      name: 'cluster1',
      kube,
      applyText: async (text: string) => {
        applied.push(text)
        isApplied = true
        return []
      },
    }
    const files = { version: 'v1.6.3', manifests: [manifest] }
    await installGatewayApi(cluster, files, new AbortController().signal)
    return applied
  }
  expect(await install(fakeKube(definition('v1.6.3')))).toEqual([])
  expect(await install(fakeKube())).toEqual(['kind: CustomResourceDefinition'])
  expect(await errorOf(install(fakeKube(definition('v1.4.0'))))).toMatchObject({ code: 'MP-119' })
})

test('what is published and what a source build takes are the same release, with the same files', async () => {
  const { gatewayApi } = await loadRelease()
  const { version, manifests } = await sourceGatewayApi()
  expect(gatewayApi?.version).toBe(version)
  expect(gatewayApi?.url).toContain(`/${version}/`)
  expect(manifests.map((path) => path.split('/').at(-1))).toEqual(Object.keys(gatewayApi?.sha256 ?? {}))
})
