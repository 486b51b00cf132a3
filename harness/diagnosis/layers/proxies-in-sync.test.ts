import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import type { Finding } from '#diagnosis/layer.ts'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { refusals } from './proxies-in-sync.ts'

const gatewayObject = (name: string, hosts: string[], created: string): Manifest => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name, namespace: 'istio-system', creationTimestamp: new Date(created) },
  spec: {
    selector: { istio: 'eastwestgateway' },
    servers: [{ port: { number: 15443 }, tls: { mode: 'AUTO_PASSTHROUGH' }, hosts }],
  },
})

const duplicate =
  'type.googleapis.com/envoy.config.listener.v3.Listener: Error adding/updating listener(s) 0.0.0.0_15443: error ' +
  'adding ' +
  "listener '0.0.0.0:15443': filter chain '' has the same matching rules defined as ''"

const pod = (name: string, labels: Record<string, string>): V1Pod => ({
  metadata: { name, namespace: 'istio-system', labels },
})

/**
 * What is said of a remote’s proxies that refuse, where its control plane’s cluster has `more` objects, and it has
 * `second`.
 */
const refusing = async (more: Manifest[], words: string, second: Manifest[], ...pods: V1Pod[]): Promise<Finding[]> => {
  const { clusters } = await surveyOf({ more }, { network: 'network2', role: 'remote', more: second })
  const proxies = pods.map((proxyPod) => ({
    pod: proxyPod,
    state: { proxy: '', cluster: 'cluster2', stale: ['listeners'], refused: [words] },
  }))
  return refusals(clusters[0]!, clusters[1]!, proxies)
}

const gateway = pod('eastwest-1', { istio: 'eastwestgateway' })

test('two Gateways that claim one port are named, the newer one to be removed', async () => {
  const objects = [
    gatewayObject('again', ['*.shop.svc.cluster.local'], '2026-02-01T00:00:00Z'),
    gatewayObject('cross', ['*.local'], '2026-01-01T00:00:00Z'),
  ]
  expect(
    await refusing(objects, duplicate, [], gateway, pod('eastwest-2', { istio: 'eastwestgateway' })),
  ).toMatchObject([
    {
      code: 'MP-873',
      where: 'cluster2',
      cause: expect.stringContaining('two Gateways claim one port'),
      evidence: [
        'Gateway istio-system/again (AUTO_PASSTHROUGH, hosts *.shop.svc.cluster.local) claims the port, created ' +
          '2026-02-01T00:00:00.000Z',
        'Gateway istio-system/cross (AUTO_PASSTHROUGH, hosts *.local) claims the port, created ' +
          '2026-01-01T00:00:00.000Z',
        expect.stringContaining(
          'istio-system/eastwest-1 refused Listener: Error adding/updating listener(s) 0.0.0.0_15443',
        ),
        expect.stringContaining('istio-system/eastwest-2 refused'),
      ],
      fix: expect.stringContaining('--context=context1 -n istio-system delete gateways.networking.istio.io again'),
    },
  ])
})

test('two Gateways of the Gateway API claim one port where they are for one service', async () => {
  const resource = (name: string, namespace = 'istio-system'): Manifest => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace, creationTimestamp: new Date('2026-01-01T00:00:00Z') },
    spec: {
      gatewayClassName: 'istio',
      addresses: [{ type: 'Hostname', value: 'eastwest' }],
      listeners: [{ name: 'tls', port: 15443, protocol: 'TLS', tls: { mode: 'Passthrough' } }],
    },
  })
  const service: Manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'eastwest', namespace: 'istio-system' },
    spec: { selector: { istio: 'eastwestgateway' }, ports: [{ port: 15443 }] },
  }
  const [finding] = await refusing(
    [resource('one'), resource('two'), resource('far', 'else')],
    duplicate,
    [service],
    gateway,
  )
  expect(finding?.evidence.slice(0, 2)).toEqual([
    expect.stringContaining('Gateway istio-system/one (PASSTHROUGH, hosts *) claims the port'),
    expect.stringContaining('Gateway istio-system/two (PASSTHROUGH, hosts *) claims the port'),
  ])
  expect(finding?.evidence).toHaveLength(3)
  expect(finding?.fix).toContain('delete gateways.gateway.networking.k8s.io')
})

test('any other refusal has its reason in Envoy’s words, with the EnvoyFilters that may have made it', async () => {
  const filter = (name: string, namespace: string, labels: Record<string, string>): Manifest => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace },
    spec: { workloadSelector: { labels } },
  })
  const filters = [
    filter('for-gateways', 'istio-system', { istio: 'eastwestgateway' }),
    filter('for-others', 'istio-system', { app: 'cart' }),
    filter('elsewhere', 'shop', {}),
  ]
  expect(await refusing(filters, 'Cluster: unknown field', [], gateway)).toMatchObject([
    {
      code: 'MP-873',
      cause: expect.stringContaining('refuses what its control plane sends it'),
      evidence: [
        'istio-system/eastwest-1 refused Cluster: unknown field',
        'EnvoyFilters change what it is sent: istio-system/for-gateways',
      ],
    },
  ])
})
