import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { networkGateways } from '#diagnosis/network-gateways.ts'
import { meshServices } from '#diagnosis/shared-services.ts'
import type { Finding } from '#diagnosis/layer.ts'
import { isMeant } from './endpoints.ts'
import { judgeHeld } from './held.ts'

/** A service with one pod, which has a sidecar; where there is a network of its own, behind a gateway. */
const objectsOf = (address: string, network: string, gateway: string): Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { clusterIP: '10.9.0.1', ports: [{ port: 80 }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'cart-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
    endpoints: [{ addresses: [address] }],
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'cart-1', namespace: 'shop', labels: { app: 'cart', 'service.istio.io/canonical-name': 'cart' } },
    spec: { containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }] },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'eastwest', namespace: 'istio-system', labels: { 'topology.istio.io/network': network } },
    spec: { ports: [{ port: 15443 }] },
    status: { loadBalancer: { ingress: [{ ip: gateway }] } },
  },
]

type Held = [address: string, port: number, priority?: number][]

/** A mesh whose second cluster has the service at an address, with annotations. */
const meshWith = (
  network: string,
  address: string,
  annotations: Record<string, string> = {},
  more: Manifest[] = [],
): Promise<Survey> => {
  const [service, ...others] = objectsOf(address, network, '192.0.2.2')
  const annotated = { ...service, metadata: Object.assign({}, service?.metadata, { annotations }) }
  return surveyOf(
    { more: [...objectsOf('10.1.8.1', 'network1', '192.0.2.1'), ...more] },
    { role: 'remote', network, more: [annotated, ...others] },
  )
}

/** What is wrong with a client in the first cluster that holds these endpoints for the service. */
const findingsOf = async (
  held: Held,
  network = 'network2',
  serving = '10.2.8.1',
  more: Manifest[] = [],
): Promise<Finding[]> => {
  const mesh = await meshWith(network, serving, {}, more)
  const client = { cluster: mesh.clusters[0]!, namespace: 'shop', name: 'client-1' }
  const known = new Map([
    [
      'outbound|80||cart.shop.svc.cluster.local',
      held.map(([address, port, priority = 0]) => ({ address, port, priority })),
    ],
  ])
  return judgeHeld(
    mesh,
    client,
    known,
    (await meshServices(mesh)).filter(({ name }) => name === 'cart'),
    await networkGateways(mesh),
  )
}

const saidOf = async (held: Held, network?: string): Promise<string[]> =>
  (await findingsOf(held, network)).map(({ code }) => code)

test('of many endpoints that a client holds, the first ones are shown', async () => {
  const many = Array.from({ length: 50 }, (_, index): Held[number] => [`10.1.9.${index}`, 80])
  const [finding] = await findingsOf([['10.1.8.1', 80], ...many])
  expect(finding).toMatchObject({
    code: 'MP-892',
    evidence: [expect.anything(), expect.stringContaining('and 41 more')],
  })
})

test.each<[string, Parameters<typeof saidOf>[0], string[]]>([
  [
    'the own pod and the other network’s gateway',
    [
      ['10.1.8.1', 80],
      ['192.0.2.2', 15443],
    ],
    [],
  ],
  [
    'a pod of the other network',
    [
      ['10.1.8.1', 80],
      ['10.2.8.1', 80],
    ],
    ['MP-891'],
  ],
  ['the own pod alone, which nothing explains', [['10.1.8.1', 80]], ['MP-892']],
  ['nothing', [], ['MP-892']],
  [
    'the gateway for when the own pod fails',
    [
      ['10.1.8.1', 80],
      ['192.0.2.2', 15443, 1],
    ],
    ['MP-897'],
  ],
])('a client that holds %s', async (_what, held, expected) => {
  expect(await saidOf(held)).toEqual(expected)
})

test('an address that pods of both networks have is that of the own network’s pod', async () => {
  const held: Held = [
    ['10.1.8.1', 80],
    ['192.0.2.2', 15443],
  ]
  expect((await findingsOf(held, 'network2', '10.1.8.1')).map(({ code }) => code)).toEqual([])
})

test.each<[string, string, Record<string, string>, boolean]>([
  ['a client of another namespace', 'bank', {}, true],
  ['a client of its own namespace', 'shop', {}, false],
  ['a client that another cluster’s service is exported to', 'bank', { 'networking.istio.io/exportTo': '*' }, false],
])('a service that Sidecars or exportTo keep from %s', async (_what, namespace, annotations, meant) => {
  const mesh = await meshWith('network2', '10.2.8.1', annotations)
  const services = await meshServices(mesh)
  const kept = { code: 'MP-895', where: 'cart.shop.svc.cluster.local in cluster1' } as const
  expect(isMeant(kept, namespace, services)).toBe(meant)
  expect(isMeant({ ...kept, code: 'MP-892' }, namespace, services)).toBe(false)
})

test('on one network a client holds pods, and a gateway is no way to them', async () => {
  expect(
    await saidOf(
      [
        ['10.1.8.1', 80],
        ['10.2.8.1', 80],
      ],
      'network1',
    ),
  ).toEqual([])
  expect(
    await saidOf(
      [
        ['10.1.8.1', 80],
        ['192.0.2.2', 15443],
      ],
      'network1',
    ),
  ).toEqual(['MP-892'])
})

test.each<[string, Held, string]>([
  ['leaves a cluster out', [['10.1.8.1', 80]], 'MP-897'],
  ['leaves nobody', [], 'MP-892'],
])('a rule that distributes requests to localities and %s is named', async (_what, held, code) => {
  const rule: Manifest = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'near', namespace: 'shop' },
    spec: {
      host: 'cart',
      trafficPolicy: { loadBalancer: { localityLbSetting: { distribute: [{ from: '*', to: { 'east/*': 100 } }] } } },
    },
  }
  expect(await findingsOf(held, 'network2', '10.2.8.1', [rule])).toMatchObject([
    {
      code,
      cause: expect.stringContaining('distributed'),
      evidence: ['DestinationRule shop/near distributes requests from * to east/*', expect.any(String)],
    },
  ])
})
