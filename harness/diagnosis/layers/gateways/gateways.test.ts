import { describe, expect, test } from 'vitest'
import type { Finding } from '#diagnosis/layer.ts'
import { gatewayServersAt } from '#diagnosis/gateway-objects.ts'
import { entrancesOf, networkGateways, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import type { Manifest } from '#kube/client.ts'
import type { Endpoint } from '#probes/envoy.ts'
import type { EnvoyCluster } from '#probes/envoy-clusters.ts'
import type { EnvoyListener } from '#probes/envoy-listeners.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { behindName } from './behind-name.ts'
import { waysInto } from './between-networks.ts'
import { writtenEntrances } from './entrances.ts'
import { listenerProblem } from './listener.ts'
import type { GatewayPod, PodProblem } from './gateway-pod.ts'
import { gatewayDown } from './pods.ts'
import { refusedByPolicy } from './refused-by-policy.ts'
import { starvedGateway } from './starved.ts'
import { limitsOf, whyIstiodClosed } from './why-closed.ts'

// What is decided from objects and pages. What is dialled is shown in real labs (meshproof prove).

const selector = { app: 'eastwest', istio: 'eastwestgateway' }

const service = (network: string, more: { spec?: object; status?: object; labels?: object } = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'eastwest',
    namespace: 'gateways',
    labels: { 'topology.istio.io/network': network, ...more.labels },
  },
  spec: { type: 'LoadBalancer', selector, ports: [{ name: 'tls', port: 15443 }], ...more.spec },
  status: more.status ?? { loadBalancer: { ingress: [{ ip: network === 'network1' ? '192.0.2.1' : '192.0.2.2' }] } },
})

const slice: Manifest = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'eastwest-1', namespace: 'gateways', labels: { 'kubernetes.io/service-name': 'eastwest' } },
  ports: [{ name: 'tls', port: 15443 }],
  endpoints: [{ addresses: ['10.2.0.7'] }],
}

const podWith = (change: {
  labels?: object
  image?: string
  status?: object
  annotations?: Record<string, string>
  env?: object[]
  ports?: object[]
  limits?: Record<string, string>
}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'eastwest-abc',
    namespace: 'gateways',
    labels: { ...selector, 'service.istio.io/canonical-name': 'eastwest', ...change.labels },
    ...(change.annotations ? { annotations: change.annotations } : {}),
    creationTimestamp: new Date(Date.now() - 600_000),
  },
  spec: {
    containers: [
      {
        name: 'istio-proxy',
        image: change.image ?? 'istio/proxyv2:1.31.2',
        args: ['proxy', 'router'],
        env: change.env,
        ports: change.ports,
        resources: { limits: change.limits },
      },
    ],
  },
  status: change.status ?? {
    phase: 'Running',
    podIP: '10.2.0.7',
    podIPs: [{ ip: '10.2.0.7' }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
})

const waiting = (reason: string, message: string): object => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'istio-proxy', ready: false, restartCount: 0, state: { waiting: { reason, message } } }],
})

const cart: Manifest[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { clusterIP: '10.9.0.1', selector: { app: 'cart' }, ports: [{ name: 'http', port: 80 }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'cart-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
    endpoints: [{ addresses: ['10.2.8.1'] }],
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'cart-1', namespace: 'shop', labels: { app: 'cart', 'service.istio.io/canonical-name': 'cart' } },
    spec: { containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }] },
    status: { phase: 'Running', podIP: '10.2.8.1', podIPs: [{ ip: '10.2.8.1' }] },
  },
]

const namespace = (labels: Record<string, string>): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'gateways', labels },
})

const meshNetworks = (address: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio', namespace: 'istio-system' },
  data: { meshNetworks: `networks: {network2: {gateways: [{address: ${address}, port: 15443}]}}` },
})

const host = 'cart.shop.svc.cluster.local'
const serverName = `outbound_.80_._.${host}`

/** A mesh of two networks: the gateway of the second one is looked at. */
const meshOf = (first: Manifest[], second: Manifest[], forbidden: string[] = []): Promise<Survey> =>
  surveyOf(
    { more: [service('network1'), slice, ...first], forbidden },
    { network: 'network2', role: 'remote', more: second },
  )

const secondOf = async (mesh: Survey): Promise<NetworkGateways> =>
  (await networkGateways(mesh)).find(({ network }) => network === 'network2')!

describe('a gateway without a ready pod says why', () => {
  const down = async (...second: Manifest[]): Promise<Finding | undefined> => {
    const [gateway] = (await secondOf(await meshOf([], [service('network2'), ...second]))).services
    return gatewayDown(gateway!)
  }
  const auto = podWith({ image: 'auto', status: waiting('ImagePullBackOff', 'Back-off pulling image "auto"') })

  test('its namespace switches injection off', async () => {
    expect(await down(namespace({ 'istio-injection': 'disabled' }), auto)).toMatchObject({
      code: 'MP-887',
      where: 'cluster2 gateways/eastwest',
      cause: expect.stringContaining('“auto”'),
      evidence: [
        'its service has no ready endpoints',
        expect.stringContaining('eastwest-abc: istio-proxy: ImagePullBackOff'),
        expect.stringContaining('namespace gateways is labelled istio-injection=disabled'),
      ],
      fix: expect.stringContaining('label namespace gateways istio-injection-'),
      clusters: ['cluster2'],
    })
  })

  test('nobody injects the revision that its pod asks for', async () => {
    const pod = podWith({
      image: 'auto',
      labels: { 'istio.io/rev': 'canary' },
      status: waiting('ErrImagePull', 'auto'),
    })
    expect((await down(namespace({}), pod))?.evidence.at(-1)).toMatch(
      /no injector of cluster2 takes .*istio\.io\/rev=canary/,
    )
  })

  test('an injector would take it now', async () => {
    expect((await down(namespace({ 'istio-injection': 'enabled' }), auto))?.fix).toContain('delete pod eastwest-abc')
  })

  const deployment = (replicas: number, status: object = {}): Manifest => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'eastwest', namespace: 'gateways' },
    spec: { replicas, template: { metadata: { labels: selector } } },
    status,
  })

  test.each<[string, Manifest[], string, string]>([
    ['it is scaled to 0', [deployment(0)], 'a gateway is scaled to 0', 'deployment eastwest asks for 0 replicas'],
    [
      'its pods are refused',
      [
        deployment(1, {
          conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }],
        }),
      ],
      'the pods of a gateway cannot be created',
      'deployment eastwest: FailedCreate: exceeded quota',
    ],
    [
      'its service selects something else',
      [podWith({ labels: { istio: 'ingress' } })],
      'a gateway’s service selects labels that no pod has',
      'eastwest-abc is a gateway’s proxy, labelled app=eastwest, istio=ingress',
    ],
  ])('%s', async (_, objects, cause, line) => {
    const finding = await down(...objects)
    expect(finding).toMatchObject({ code: 'MP-887', cause })
    expect(finding?.evidence).toContain(line)
  })

  test('and one that crashes says so in the words of its status', async () => {
    const finding = await down(podWith({ status: waiting('CrashLoopBackOff', 'back-off 5m0s') }))
    expect(finding?.evidence[1]).toContain('eastwest-abc: istio-proxy: CrashLoopBackOff: back-off 5m0s')
    expect(finding?.cause).toBeUndefined()
  })

  test('and one with a ready pod is fine', async () => {
    expect(await down(slice)).toBeUndefined()
  })
})

const gatewayApi = 'gateway.networking.k8s.io/v1'
const networkLabel = (network: string): Record<string, string> => ({ 'topology.istio.io/network': network })

describe('a network without a gateway', () => {
  const findingFor = async (second: Manifest[], first: Manifest[] = []): Promise<Finding | undefined> => {
    const mesh = await meshOf(first, second)
    const networks = (await networkGateways(mesh)).map((own) => ({
      ...own,
      known: own.known.map(({ primary }) => ({ primary, gateways: [] })),
    }))
    const own = networks.find(({ network }) => network === 'network2')!
    const [finding] = await writtenEntrances(mesh, networks, own)
    expect(finding).toMatchObject({ code: 'MP-881', where: 'network2' })
    return finding
  }
  test('whose gateway is labelled with another one says so, and how to correct it', async () => {
    expect(await findingFor([service('network1')])).toMatchObject({
      cause: 'a gateway’s service is labelled with another network than its cluster’s',
      fix: expect.stringContaining('label --overwrite service eastwest topology.istio.io/network=network2'),
    })
  })

  const listeners = [{ name: 'tls', port: 15443, protocol: 'TLS', tls: { mode: 'Passthrough' } }]
  const unmade = (
    { metadata = {}, spec = {}, status }: { metadata?: object; spec?: object; status?: object } = {},
    network = 'network2',
  ): Manifest => ({
    apiVersion: gatewayApi,
    kind: 'Gateway',
    metadata: { name: 'eastwest', namespace: 'gateways', labels: networkLabel(network), ...metadata },
    spec: { gatewayClassName: 'istio', listeners, ...spec },
    ...(status === undefined ? {} : { status }),
  })
  const accepted = (status: string, reason: string, message: string): object => ({
    conditions: [
      { type: 'AttachedListenerSets', status: 'False', reason: 'NoListenersAttached', message: '' },
      { type: 'Accepted', status, reason, message },
    ],
  })
  const head = (cluster: string, className = 'istio'): string =>
    `Gateway gateways/eastwest of ${cluster} (class ${className}) `

  test('tells of a Gateway for which nothing was made, and why', async () => {
    const labels = { ...networkLabel('network2'), 'istio.io/rev': 'canary' }
    expect(await findingFor([unmade({ metadata: { labels } })])).toMatchObject({
      evidence: [
        expect.stringContaining('is labelled topology.istio.io/network=network2'),
        'Gateway gateways/eastwest of cluster2 (class istio, revision canary) has no service eastwest-istio: istiod ' +
          'makes Gateways only in the cluster that it reads its configuration from',
      ],
      fix: expect.stringContaining('-n gateways get gateways.gateway.networking.k8s.io eastwest -o yaml'),
    })
  })

  const nginx: Manifest = {
    apiVersion: gatewayApi,
    kind: 'GatewayClass',
    metadata: { name: 'nginx' },
    spec: { controllerName: 'nginx.org/gateway-controller' },
  }
  const pending = accepted('Unknown', 'Pending', 'Waiting for controller')
  test.each<[string, Parameters<typeof unmade>[0], string]>([
    ['nobody has taken', { status: pending }, 'has no service eastwest-istio: no istiod has taken it'],
    ['has no status', {}, 'has no service eastwest-istio: no istiod has taken it'],
    [
      'is of a class that does not exist',
      { spec: { gatewayClassName: 'isto' }, status: pending },
      'has no service eastwest-isto: no istiod has taken it, and the cluster has no such class',
    ],
    [
      'is for a revision that nobody serves',
      { metadata: { labels: { ...networkLabel('network2'), 'istio.io/rev': 'canary' } } },
      'has no service eastwest-istio: no istiod has taken it: revision canary is served by none, and default is',
    ],
    [
      'is of another controller’s class',
      { spec: { gatewayClassName: 'nginx' } },
      'has no service eastwest-nginx: its class belongs to nginx.org/gateway-controller, which is not istiod',
    ],
    [
      'istiod refuses',
      { status: accepted('False', 'UnsupportedAddress', 'only Hostname is supported') },
      'has no service eastwest-istio: Accepted is False, UnsupportedAddress: only Hostname is supported',
    ],
    [
      'istiod has accepted',
      { status: accepted('True', 'Accepted', 'Resource accepted') },
      'has no service eastwest-istio: istiod has accepted it and not made its service yet',
    ],
    [
      'stands for one elsewhere and has no address',
      { spec: { gatewayClassName: 'istio-remote' } },
      'stands for a gateway elsewhere and names no address of it',
    ],
  ])('tells of a Gateway of a control plane that %s', async (_, change, why) => {
    const finding = await findingFor([], [unmade(change), nginx])
    const { gatewayClassName = 'istio' } = (change?.spec ?? {}) as { gatewayClassName?: string }
    const line = finding?.evidence[1]?.replace(', revision canary)', ')')
    expect([line, ...(finding?.evidence.slice(2) ?? [])]).toEqual([`${head('cluster1', gatewayClassName)}${why}`])
  })

  test.each<[string, Parameters<typeof unmade>[0], string]>([
    [
      'has no label',
      { metadata: { labels: {} } },
      'has no label topology.istio.io/network=network2 to hand on to its service eastwest-istio',
    ],
    [
      'hands other labels on',
      { spec: { infrastructure: { labels: { team: 'edge' } } } },
      'hands the labels of its spec.infrastructure on to its service eastwest-istio, and topology.istio.io/network ' +
        'is not among them',
    ],
  ])('tells of a Gateway that %s', async (_, change, why) => {
    const options = { 'gateway.istio.io/listener-protocol': 'auto-passthrough' }
    const plain = { ...change, spec: { listeners: [{ ...listeners[0], tls: { mode: 'Passthrough', options } }] } }
    const made = { ...service('network2'), metadata: { name: 'eastwest-istio', namespace: 'gateways' } }
    const gateway = unmade({ ...plain, spec: { ...plain.spec, ...change?.spec } })
    expect((await findingFor([gateway, made]))?.evidence.slice(1)).toEqual([`${head('cluster2')}${why}`])
  })

  test('that meshNetworks names by an address tells of it where the address is closed', async () => {
    const options = { 'gateway.istio.io/listener-protocol': 'auto-passthrough' }
    const gateway = unmade({
      metadata: { labels: {} },
      spec: { listeners: [{ ...listeners[0], tls: { mode: 'Passthrough', options } }] },
    })
    const mesh = await meshOf([meshNetworks('192.0.2.9')], [gateway])
    const [way] = waysInto(mesh, await secondOf(mesh), [])
    expect(await way?.whyClosed?.()).toEqual([expect.stringContaining(`${head('cluster2')}has no service`)])
  })

  test.each<[string, Manifest]>([
    ['is for users', unmade({ spec: { listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } })],
    ['is of another network', unmade({}, 'network1')],
    ['has the pods of a service that exists', unmade({ spec: { addresses: [{ type: 'Hostname', value: 'own' }] } })],
  ])('says nothing of a Gateway that %s', async (_, gateway) => {
    expect((await findingFor([gateway]))?.evidence).toHaveLength(1)
  })
})

describe('services between networks', () => {
  const namesIn = async (...second: Manifest[]): Promise<(string | undefined)[]> =>
    (await secondOf(await meshOf([], second))).services.map((gateway) => gateway.service.metadata?.name)
  const labelled = (name: string, ...ports: number[]): Manifest => ({
    ...service('network2', { spec: { ports: ports.map((port) => ({ name: `p${port}`, port })) } }),
    metadata: { name, namespace: 'gateways', labels: networkLabel('network2') },
  })

  test('are not those of waypoints, of ambient meshes, and of users, although these have the label', async () => {
    const others = [labelled('waypoint', 15021, 15008), labelled('ambient', 15008), labelled('ingress', 80)]
    expect(await namesIn(...others, service('network2'))).toEqual(['eastwest'])
    expect(await namesIn(...others.slice(0, 2))).toEqual([])
  })

  test('are still those of a gateway that has lost its port', async () => {
    expect(await namesIn(labelled('eastwest', 80))).toEqual(['eastwest'])
  })
})

describe('entrances', () => {
  /** What control planes know of the second network, as they would say themselves. */
  const known = async (mesh: Survey, addresses: string[] | undefined): Promise<NetworkGateways[]> =>
    (await networkGateways(mesh)).map((own) => ({
      ...own,
      known: own.known.map(({ primary }) => ({
        primary,
        gateways:
          own.network === 'network2'
            ? addresses?.map((address) => ({ network: 'network2', cluster: '', address, port: 15443 }))
            : [],
      })),
    }))

  const written = async (
    addresses: string[] | undefined,
    ...meshObjectsOf: [Manifest[], Manifest[]]
  ): Promise<Finding[]> => {
    const mesh = await meshOf(...meshObjectsOf)
    const networks = await known(mesh, addresses)
    return writtenEntrances(
      mesh,
      networks,
      networks.find(({ network }) => network === 'network2')!,
    )
  }
  const named = service('network2', { status: { loadBalancer: { ingress: [{ hostname: 'lb.example' }] } } })

  test('that are names count once istiod has resolved them', async () => {
    expect(await written(['198.51.100.7'], [], [named])).toEqual([])
    expect(await written(['198.51.100.7'], [meshNetworks('lb.example')], [service('network2')])).toEqual([])
  })

  test.each<[string, Manifest[], Manifest[], string]>([
    ['of meshNetworks', [meshNetworks('lb.example')], [service('')], 'meshNetworks of cluster1 says'],
    ['of a load balancer', [], [named], 'the service of the gateway, cluster2 gateways/eastwest says'],
  ])('%s that istiod cannot resolve are named, with everybody that this concerns', async (_, first, second, line) => {
    expect(await written([], first, second)).toMatchObject([
      {
        code: 'MP-880',
        where: 'cluster1 network2',
        evidence: [`${line} that network2 is entered at lb.example`, 'istiod of cluster1 knows no address of it'],
        clusters: ['cluster1', 'cluster2'],
      },
    ])
  })

  test('of users with the same port are no gateways between networks', async () => {
    const ingress = service('', { status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } } })
    const users = { ...ingress, metadata: { name: 'ingress', namespace: 'gateways' } }
    const objects: [Manifest[], Manifest[]] = [[meshNetworks('192.0.2.2')], [service(''), users]]
    const own = await secondOf(await meshOf(...objects))
    expect(own.services.map((gateway) => gateway.service.metadata?.name)).toEqual(['eastwest'])
  })

  test('that a control plane does not know are told for its clients', async () => {
    expect(await written([], [], [service('network2')])).toMatchObject([
      { code: 'MP-881', where: 'network2 for cluster1', cause: expect.stringContaining('knows no gateway') },
    ])
  })

  test('whose label names a port that their service lacks are known to nobody, for that reason', async () => {
    const mislabelled = service('network2', { labels: { 'networking.istio.io/gatewayPort': '443' } })
    expect(await written([], [], [mislabelled])).toMatchObject([
      { code: 'MP-881', cause: 'the label of a gateway’s service names a port that the service lacks' },
    ])
  })

  test('that are neither addresses nor names are not dialled, and named', async () => {
    const objects: [Manifest[], Manifest[]] = [[meshNetworks('"lb.example/[1-99999]"')], [service('')]]
    const [finding] = await written([], ...objects)
    expect(finding?.evidence).toContain('that is no name of a host')
    const mesh = await meshOf(...objects)
    expect(entrancesOf(await secondOf(mesh))).toEqual([])
  })

  test('that belong to the gateway of another network are told with their owner', async () => {
    const [finding] = await written([], [meshNetworks('192.0.2.1')], [service('')])
    expect(finding).toMatchObject({
      code: 'MP-883',
      evidence: [expect.anything(), '192.0.2.1 belongs to cluster1 gateways/eastwest, on another network'],
    })
  })

  test('every one of a network is dialled, and told where it comes from', async () => {
    const mesh = await meshOf([], [service('network2', { spec: { externalIPs: ['192.0.2.10'] } })])
    const own = (await known(mesh, ['192.0.2.2', '192.0.2.10'])).find(({ network }) => network === 'network2')!
    expect(waysInto(mesh, own, [])).toMatchObject([
      { from: { name: 'cluster1' }, address: '192.0.2.2' },
      {
        from: { name: 'cluster1' },
        address: '192.0.2.10',
        port: 15443,
        about: [
          '192.0.2.10 is one of two entrances of network2, by externalIPs of service gateways/eastwest of cluster2',
          'the others are 192.0.2.2',
        ],
      },
    ])
    expect(waysInto(mesh, own, own.services)).toEqual([])
  })

  test('of nodes, which istiod alone knows, count as well', async () => {
    const mesh = await meshOf([], [service('network2', { spec: { type: 'NodePort' }, status: {} })])
    const own = (await known(mesh, ['203.0.113.5'])).find(({ network }) => network === 'network2')!
    expect(await writtenEntrances(mesh, [own], own)).toEqual([])
    expect(entrancesOf(own)).toMatchObject([{ address: '203.0.113.5', origins: ['istiod of cluster1'] }])
  })
})

describe('a closed port', () => {
  const policy = (name: string, ports: object[] | undefined): Manifest => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'gateways' },
    spec: { podSelector: { matchLabels: { app: 'eastwest' } }, policyTypes: ['Ingress'], ingress: [{ ports }] },
  })

  test('of a gateway may be closed by NetworkPolicies, or limited to sources', async () => {
    const spec = { loadBalancerSourceRanges: ['203.0.113.0/24'] }
    const policies = [policy('web-alone', [{ port: 443 }]), policy('high', [{ port: 15000, endPort: 16000 }])]
    const mesh = await meshOf([], [service('network2', { spec }), podWith({}), ...policies, policy('all', undefined)])
    const [gateway] = (await secondOf(mesh)).services
    expect(await limitsOf(gateway!, 15443)).toEqual([
      'service gateways/eastwest lets 203.0.113.0/24 in alone (loadBalancerSourceRanges)',
      'NetworkPolicy gateways/web-alone of cluster2 selects its pods and does not open 15443',
    ])
  })

  test.each<[string, object, object[]]>([
    ['a number, and the service by its name', { targetPort: 'tls' }, [{ port: 15443 }]],
    ['its name, and the service by a number', { targetPort: 15443 }, [{ port: 'tls' }]],
    ['its name, as the service does', { targetPort: 'tls' }, [{ port: 'tls' }]],
  ])('is not closed by a NetworkPolicy that opens it by %s', async (_, target, ports) => {
    const pod = podWith({ ports: [{ name: 'tls', containerPort: 15443 }] })
    const spec = { ports: [{ port: 15443, ...target }] }
    const other = policy('other-name', [{ port: 'http' }])
    const objects = [service('network2', { spec }), pod, policy('by-name', ports), other]
    const [gateway] = (await secondOf(await meshOf([], objects))).services
    expect(await limitsOf(gateway!, 15443)).toEqual([
      'NetworkPolicy gateways/other-name of cluster2 selects its pods and does not open 15443',
    ])
  })

  test('of istiod may lack a port of the service, or a Gateway', async () => {
    const mesh = await meshOf([podWith({})], [])
    const [first] = mesh.clusters
    expect(await whyIstiodClosed(first!, '192.0.2.1', 15012)).toEqual([
      '192.0.2.1 belongs to service gateways/eastwest of cluster1, which has no port 15012',
    ])
    expect(await whyIstiodClosed(first!, '192.0.2.1', 15443)).toEqual([
      '192.0.2.1 belongs to service gateways/eastwest of cluster1, and no Gateway opens port 15443 of its pods',
    ])
  })
})

describe('the way to istiod through a gateway', () => {
  test.each<[string, object, boolean]>([
    ['has no rule', {}, true],
    ['asks for identities', { rules: [{ from: [{ source: { principals: ['*'] } }] }] }, true],
    ['asks for paths', { rules: [{ to: [{ operation: { paths: ['/'] } }] }] }, true],
    ['denies its port', { action: 'DENY', rules: [{ to: [{ operation: { ports: ['15012'] } }] }] }, true],
    [
      'denies whoever has no identity',
      { action: 'DENY', rules: [{ from: [{ source: { notPrincipals: ['*'] } }] }] },
      true,
    ],
    [
      'denies requests without a token',
      { action: 'DENY', rules: [{ from: [{ source: { notRequestPrincipals: ['*'] } }] }] },
      true,
    ],
    ['denies a method', { action: 'DENY', rules: [{ to: [{ operation: { methods: ['POST'] } }] }] }, true],
    ['denies by a header', { action: 'DENY', rules: [{ when: [{ key: 'request.headers[x]', values: ['1'] }] }] }, true],
    ['denies by an address', { action: 'DENY', rules: [{ when: [{ key: 'source.ip', values: ['1.1.1.1'] }] }] }, false],
    ['allows its port', { rules: [{ to: [{ operation: { ports: ['15012'] } }] }] }, false],
    ['allows addresses', { rules: [{ from: [{ source: { ipBlocks: ['10.0.0.0/8'] } }] }] }, false],
    ['denies another port', { action: 'DENY', rules: [{ to: [{ operation: { ports: ['80'] } }] }] }, false],
    ['denies identities', { action: 'DENY', rules: [{ from: [{ source: { principals: ['x'] } }] }] }, false],
    ['selects other pods', { selector: { matchLabels: { app: 'other' } } }, false],
  ])('with an AuthorizationPolicy that %s', async (_what, spec, refuses) => {
    const policy = {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'it', namespace: 'istio-system' },
      spec,
    }
    const mesh = await meshOf([podWith({}), policy], [])
    const [primary, remote] = mesh.clusters
    const way = { code: 'MP-886' as const, from: remote!, to: [primary!], address: '192.0.2.1', port: 15012 }
    expect((await refusedByPolicy(primary!, way)).map(({ cause }) => cause)).toEqual(
      refuses ? ['an AuthorizationPolicy lets nobody through the gateway that leads to istiod'] : [],
    )
    expect(await refusedByPolicy(primary!, { ...way, address: '192.0.2.77' })).toEqual([])
  })
})

describe('a gateway’s pod', () => {
  const listener = (more: Partial<EnvoyListener> = {}): EnvoyListener => ({
    name: '0.0.0.0_15443',
    port: 15443,
    proxyProtocol: false,
    chains: [{ serverNames: [serverName], endsTls: false, cluster: serverName }],
    refused: undefined,
    ...more,
  })
  const endpoint = (more: Partial<Endpoint> = {}): Endpoint => ({ address: '10.2.8.1', port: 80, priority: 0, ...more })

  const gatewayObject = (name: string, server: object, selected: object = selector): Manifest => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace: 'istio-system' },
    spec: {
      selector: selected,
      servers: [{ port: { number: 15443 }, tls: { mode: 'AUTO_PASSTHROUGH' }, hosts: ['*.local'], ...server }],
    },
  })

  const judged = async (
    listeners: EnvoyListener[],
    {
      objects = [],
      pod = podWith({}),
      held = [[serverName, [endpoint()]]],
      told = [],
      more = [],
      forbidden = [],
    }: {
      objects?: Manifest[]
      pod?: Manifest
      held?: [string, Endpoint[]][]
      told?: EnvoyCluster[]
      more?: Manifest[]
      forbidden?: string[]
    } = {},
  ): Promise<PodProblem | undefined> => {
    const second = [service('network2'), slice, ...cart, ...more]
    const mesh = await meshOf([...objects, ...cart.slice(0, 1)], second, forbidden)
    const [gateway] = (await secondOf(mesh)).services
    const gatewayPod: GatewayPod = { gateway: gateway!, pod, listens: 15443, listeners, held: new Map(held), told }
    const behind = (await sharedServices(mesh)).filter(({ name }) => name === 'cart')
    return (await listenerProblem(mesh, gatewayPod, behind)) ?? behindName(mesh, gatewayPod, behind)
  }

  test.each<[string, { held?: [string, Endpoint[]][]; told?: EnvoyCluster[] }, string]>([
    [
      'lets no request through',
      { told: [{ name: serverName, discovery: 'EDS', closedBy: ['max_requests'], madeBy: '' }] },
      'max_requests is 0',
    ],
    ['lacks the cluster that its listener leads to', { held: [] }, `and has no cluster of this name`],
  ])('that %s cannot reach the servers', async (_what, more, line) => {
    expect(await judged([listener()], more)).toMatchObject({
      cause: 'a gateway cannot reach the servers behind a service’s name as it was told to',
      evidence: [expect.stringContaining(line)],
    })
  })

  test('that passes on every service and has endpoints for each is fine', async () => {
    expect(await judged([listener()])).toBeUndefined()
  })

  test('that expects the PROXY protocol says so, and where that was asked for', async () => {
    const pod = podWith({ annotations: { 'proxy.istio.io/config': '{"gatewayTopology":{"proxyProtocol":{}}}' } })
    expect(await judged([listener({ proxyProtocol: true })], { pod })).toMatchObject({
      cause: expect.stringContaining('expects the PROXY protocol'),
      evidence: [expect.stringContaining('proxy_protocol'), expect.stringContaining('"gatewayTopology"')],
    })
  })

  test.each<[string, object, EnvoyListener['chains'], string]>([
    [
      'ends TLS itself',
      { tls: { mode: 'SIMPLE' } },
      [{ serverNames: [], endsTls: true, cluster: undefined }],
      'ends TLS',
    ],
    ['has another mode', { tls: { mode: 'PASSTHROUGH' } }, [], 'no filter chains for the mesh’s services'],
  ])('that %s is told with its Gateway', async (_, server, chains, cause) => {
    const problem = await judged([listener({ chains })], { objects: [gatewayObject('cross', server)] })
    expect(problem?.cause).toContain(cause)
    expect(problem?.evidence[1]).toMatch(
      /^Gateway istio-system\/cross \((SIMPLE|PASSTHROUGH), hosts \*\.local\) makes it/,
    )
  })

  /** A Gateway whose pods are those behind service eastwest, by its annotation, and what differs in it. */
  const named = (spec: object, metadata: object = {}): Manifest => ({
    apiVersion: gatewayApi,
    kind: 'Gateway',
    metadata: {
      name: 'cross',
      namespace: 'gateways',
      annotations: { 'gateway.istio.io/name-override': 'eastwest' },
      ...metadata,
    },
    spec: {
      gatewayClassName: 'istio',
      listeners: [{ name: 'tls', port: 15443, hostname: '*.local', protocol: 'TLS', tls: { mode: 'Terminate' } }],
      ...spec,
    },
  })

  const resource = (tls: object, labels: Record<string, string> = {}): Manifest =>
    named({ listeners: [{ name: 'tls', port: 15443, hostname: '*.local', protocol: 'TLS', tls }] }, { labels })

  test('that a resource of the Gateway API configures by its service is told with that', async () => {
    const passthrough = { mode: 'Passthrough' }
    const problem = await judged([listener({ chains: [] })], { objects: [resource(passthrough)] })
    expect(problem).toMatchObject({
      cause: 'a gateway has no filter chains for the mesh’s services on port 15443',
      evidence: [
        expect.anything(),
        'Gateway gateways/cross (PASSTHROUGH, hosts *.local) makes it; between networks tls.mode is Passthrough, ' +
          'with the option gateway.istio.io/listener-protocol: auto-passthrough',
      ],
      fix: expect.stringContaining('-n gateways get gateways.gateway.networking.k8s.io cross -o yaml'),
    })
  })

  const gatewayClass = (name: string, controllerName: string): Manifest => ({
    apiVersion: gatewayApi,
    kind: 'GatewayClass',
    metadata: { name },
    spec: { controllerName },
  })

  test.each<[string, Manifest[]]>([
    ['by the name that it is given', [named({})]],
    ['by its address', [named({ addresses: [{ type: 'Hostname', value: 'eastwest' }] }, { annotations: {} })]],
    [
      'by the whole name of its address',
      [named({ addresses: [{ type: 'Hostname', value: 'eastwest.gateways.svc.cluster.local' }] }, { annotations: {} })],
    ],
    ['whatever address its service is to have', [named({ addresses: [{ type: 'IPAddress', value: '192.0.2.2' }] })]],
    [
      'by the name of a waypoint',
      [named({ gatewayClassName: 'istio-waypoint' }, { name: 'eastwest', annotations: {} })],
    ],
    [
      'by a class of one’s own',
      [
        named(
          { gatewayClassName: 'west' },
          { name: 'east', annotations: { 'gateway.istio.io/name-override': 'eastwest' } },
        ),
        gatewayClass('west', 'istio.io/gateway-controller'),
      ],
    ],
  ])('is that of a Gateway of the Gateway API %s', async (_, objects) => {
    expect((await judged([], { objects }))?.cause).toBe(
      'a gateway has no listener on port 15443, although a Gateway asks for one',
    )
  })

  test.each<[string, object[], string]>([
    ['nothing', [], ''],
    [
      'nothing where all is well',
      [
        { type: 'Accepted', status: 'True' },
        { type: 'Conflicted', status: 'False', reason: 'NoConflicts' },
      ],
      '',
    ],
    [
      'that its certificate is missing',
      [{ type: 'ResolvedRefs', status: 'False', reason: 'InvalidCertificateRef', message: 'secret not found' }],
      '; its status says that ResolvedRefs is False, InvalidCertificateRef: secret not found',
    ],
    [
      'that it conflicts',
      [{ type: 'Conflicted', status: 'True', reason: 'HostnameConflict', message: 'as another one' }],
      '; its status says that Conflicted is True, HostnameConflict: as another one',
    ],
  ])('that a Gateway asks for and lacks says what istiod says of the listener: %s', async (_, conditions, words) => {
    const objects = [{ ...named({}), status: { listeners: [{ name: 'tls', conditions }] } }]
    expect((await judged([], { objects }))?.evidence[1]).toBe(
      `Gateway gateways/cross (SIMPLE, hosts *.local) asks for it${words}`,
    )
  })

  test.each<[string, Manifest[], string[]]>([
    [
      'of the same name in another namespace',
      [named({}, { namespace: 'else' })],
      ['Gateway else/cross (SIMPLE, hosts *.local) is for the pods behind else/eastwest'],
    ],
    [
      'whose address is in another namespace',
      [named({ addresses: [{ type: 'Hostname', value: 'eastwest.else.svc.cluster.local' }] })],
      ['Gateway gateways/cross (SIMPLE, hosts *.local) is for the pods behind no service of its namespace'],
    ],
    [
      'of another controller',
      [named({ gatewayClassName: 'nginx' }), gatewayClass('nginx', 'nginx.org/gateway-controller')],
      ['no Gateway that istiod of cluster1 reads has port 15443'],
    ],
  ])('is not that of a Gateway %s', async (_, objects, evidence) => {
    // istiod goes by services, and not by this label.
    const pod = podWith({ labels: { 'gateway.networking.k8s.io/gateway-name': 'cross' } })
    expect(await judged([], { objects, pod })).toMatchObject({
      cause: 'no Gateway opens port 15443 of a gateway',
      evidence: ['eastwest-abc has no listener on port 15443', ...evidence],
    })
  })

  test('whose Gateways of the Gateway API may not be read is not told that no Gateway opens its port', async () => {
    expect(await judged([], { forbidden: ['gateway.networking.k8s.io/v1/gateways'] })).toMatchObject({
      cause: 'a gateway has no listener on port 15443',
      evidence: [
        'eastwest-abc has no listener on port 15443',
        expect.stringMatching(/^Gateways of the Gateway API of cluster1 were not all read: .*gateways is forbidden/),
        'no Gateway that istiod of cluster1 reads has port 15443',
      ],
    })
  })

  test('whose Gateway is labelled for a control plane that is not there says so', async () => {
    const labelledFor = (revision: string): Manifest => ({
      ...gatewayObject('cross', {}),
      metadata: { name: 'cross', namespace: 'istio-system', labels: { 'istio.io/rev': revision } },
    })
    const objects = [labelledFor('canary')]
    expect(await judged([], { objects })).toMatchObject({
      cause: 'the Gateway that opens port 15443 is for control planes of another revision',
      evidence: [
        'eastwest-abc has no listener on port 15443',
        'Gateway istio-system/cross (AUTO_PASSTHROUGH, hosts *.local) is labelled istio.io/rev=canary, and no ' +
          'control plane of cluster1 is of that revision',
        'no Gateway that istiod of cluster1 reads has port 15443',
      ],
    })
    const own = await judged([], { objects: [labelledFor('default')] })
    expect(own?.cause).toContain('although a Gateway asks for one')
  })

  /** A set of listeners for a Gateway without any of the port, and what differs in the set. */
  const withSet = (set: object = {}, spec: object = {}): Manifest[] => [
    named({ listeners: [] }),
    {
      apiVersion: gatewayApi,
      kind: 'ListenerSet',
      metadata: { name: 'more', namespace: 'shop' },
      spec: {
        parentRef: { name: 'cross', namespace: 'gateways' },
        listeners: [{ name: 'tls', port: 15443, protocol: 'TLS', tls: { mode: 'Terminate' } }],
        ...spec,
      },
      ...set,
    },
  ]

  test('is that of the ListenerSets that add to its Gateway, and says why one is not accepted', async () => {
    const notAllowed = { type: 'Accepted', status: 'False', reason: 'NotAllowed', message: 'namespace shop' }
    expect(await judged([], { objects: withSet({ status: { conditions: [notAllowed] } }) })).toMatchObject({
      cause: 'a gateway has no listener on port 15443, although a Gateway asks for one',
      evidence: [
        'eastwest-abc has no listener on port 15443',
        'ListenerSet shop/more (SIMPLE, hosts *) asks for it; its status says that Accepted is False, NotAllowed: ' +
          'namespace shop',
      ],
      fix: expect.stringContaining('-n shop get listenersets.gateway.networking.k8s.io more -o yaml'),
    })
    for (const objects of [
      withSet({}, { parentRef: { name: 'cross' } }),
      withSet({ metadata: { name: 'more', namespace: 'shop', labels: { 'istio.io/rev': 'canary' } } }),
    ])
      expect((await judged([], { objects }))?.cause).toBe('no Gateway opens port 15443 of a gateway')
  })

  test('that has no listener is told what the listener of its Gateway lacks', async () => {
    expect(await judged([], { objects: [resource({ mode: 'Passthrough' })] })).toMatchObject({
      cause: 'a Gateway’s listener on port 15443 lacks auto-passthrough, and no route leads on from it',
      evidence: [
        'eastwest-abc has no listener on port 15443',
        expect.stringContaining('(PASSTHROUGH, hosts *.local) asks for it; between networks tls.mode is Passthrough'),
      ],
    })
  })

  test.each([
    [{ mode: 'Passthrough', options: { 'gateway.istio.io/listener-protocol': 'auto-passthrough' } }, {}],
    [{ mode: 'Passthrough' }, { 'topology.istio.io/network': 'network2' }],
  ])(
    'passes every name on by the option of its listener, or by the label of its Gateway: %j %j',
    async (tls, labels) => {
      const mesh = await meshOf([resource(tls, labels)], [])
      expect(await gatewayServersAt(mesh.clusters[0]!, 15443)).toMatchObject([{ mode: 'AUTO_PASSTHROUGH' }])
    },
  )

  test('whose Gateway selects other pods says which', async () => {
    const objects = [gatewayObject('cross', {}, { istio: 'other' })]
    expect(await judged([], { objects })).toMatchObject({
      cause: 'no Gateway opens port 15443 of a gateway',
      evidence: [
        'eastwest-abc has no listener on port 15443',
        expect.stringContaining('selects istio=other, which the pod does not have'),
      ],
    })
  })

  test('that refuses its listener tells Envoy’s words and who claims the port', async () => {
    const refused = { said: 'duplicate matcher is: …', at: '2026-01-02T03:04:05Z' }
    const objects = [gatewayObject('cross', {}), gatewayObject('again', { hosts: ['*.shop.svc.cluster.local'] })]
    const problem = await judged([listener({ port: undefined, chains: [], refused })], { objects })
    expect(problem?.cause).toContain('Envoy refuses the listener')
    expect(problem?.evidence).toEqual([
      expect.stringContaining('refused it at 2026-01-02T03:04:05Z: duplicate matcher'),
      'Gateway istio-system/cross (AUTO_PASSTHROUGH, hosts *.local) claims the port',
      'Gateway istio-system/again (AUTO_PASSTHROUGH, hosts *.shop.svc.cluster.local) claims the port',
    ])
  })

  const other = 'outbound_.80_._.web.else.svc.cluster.local'
  const narrow = listener({ chains: [{ serverNames: [other], endsTls: false, cluster: other }] })

  test('that lacks services which the mesh config exports to their own namespaces says so', async () => {
    const mesh: Manifest = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio', namespace: 'istio-system' },
      data: { mesh: 'defaultServiceExportTo: ["."]' },
    }
    expect(await judged([narrow], { objects: [gatewayObject('cross', {}), mesh] })).toMatchObject({
      cause: 'services are not exported to the namespace of the gateway',
      evidence: [
        `its proxy passes on 1 names at 15443, and not ${host}`,
        'defaultServiceExportTo of the mesh config is ., and service shop/cart of cluster1 says nothing else: that ' +
          'leaves gateways out',
        expect.stringContaining('(AUTO_PASSTHROUGH, hosts *.local)'),
      ],
      fix: 'kubectl --context=context1 -n istio-system edit configmap istio   # defaultServiceExportTo',
    })
  })

  test('with too narrow hosts says which services it leaves out', async () => {
    const objects = [gatewayObject('cross', { hosts: ['*.else.svc.cluster.local'] })]
    expect(await judged([narrow], { objects })).toMatchObject({
      cause: 'the hosts of a Gateway leave services of the mesh out',
      evidence: [
        `its proxy passes on 1 names at 15443, and not ${host}`,
        expect.stringContaining('hosts *.else.svc.cluster.local'),
      ],
    })
  })

  test('sees its own network, or says which one it sees', async () => {
    const pod = podWith({ env: [{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: 'network1' }] })
    expect(await judged([listener()], { pod })).toMatchObject({
      cause: expect.stringContaining('another network than its own'),
      evidence: [expect.stringContaining('VIEW=network1, and cluster2 is on network2')],
    })
  })

  test('that takes every endpoint for unhealthy, or has none, says of which service', async () => {
    const sick: [string, Endpoint[]][] = [[serverName, [endpoint({ unhealthy: 'failed_outlier_check' })]]]
    expect((await judged([listener()], { held: sick }))?.evidence[0]).toContain('10.2.8.1:80 failed_outlier_check')
    expect((await judged([listener()], { held: [[serverName, []]] }))?.cause).toContain('has no endpoint behind it')
  })

  test('without endpoints that a policy takes away is no fault of the gateway', async () => {
    const policy = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'off', namespace: 'shop' },
      spec: { mtls: { mode: 'DISABLE' } },
    }
    expect(await judged([listener()], { held: [[serverName, []]], objects: [policy] })).toBeUndefined()
  })
})

describe('a gateway with a limit of processor time', () => {
  const sidecar: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'cart-1', namespace: 'shop' },
    spec: { containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }

  test.each<[string, string | undefined, Record<string, number | undefined>, string[]]>([
    ['in which alone a command is late', '10m', { 'eastwest-abc': 7, 'cart-1': 0.1 }, ['MP-890']],
    ['in which a command is late as everywhere', '10m', { 'eastwest-abc': 7, 'cart-1': 5 }, []],
    ['in which a command is soon done', '100m', { 'eastwest-abc': 0.3, 'cart-1': 0.1 }, []],
    ['in which no command can be run', '10m', { 'cart-1': 0.1 }, []],
    ['that is large', '2', { 'eastwest-abc': 7, 'cart-1': 0.1 }, []],
    ['that it does not have', undefined, { 'eastwest-abc': 7, 'cart-1': 0.1 }, []],
  ])('%s', async (_what, cpu, paces, codes) => {
    const limits = cpu === undefined ? {} : { cpu }
    const mesh = await meshOf([], [service('network2'), slice, podWith({ limits }), sidecar])
    const [gateway] = (await secondOf(mesh)).services
    const finding = await starvedGateway(gateway!, (_kube, { pod }) => Promise.resolve(paces[pod]))
    expect(finding ? [finding.code] : []).toEqual(codes)
    if (finding) {
      expect(finding.evidence).toEqual([
        'the limit of its pod eastwest-abc is 0.01 of a processor',
        'a command that does nothing took 7.0 s in it, and 0.1 s in shop/cart-1',
      ])
    }
  })
})
