import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { interception } from '../interception.ts'
import { deadEndpoints } from './listening.ts'
import { server } from './server.ts'
import { transport } from '../transport.ts'

/** A sidecar in namespace shop, ready, with an account of its own. */
const pod = (app: string, address: string, args: string[] = []): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${app}-1`, namespace: 'shop', labels: { app } },
  spec: {
    serviceAccountName: app,
    initContainers: [{ name: 'istio-init', args: ['istio-iptables', '-i', '*', '-b', '*', ...args] }],
    containers: [
      { name: 'istio-proxy', args: ['proxy', 'sidecar'] },
      { name: app, ports: [{ name: 'http', containerPort: 8080 }] },
    ],
  },
  status: {
    phase: 'Running',
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
})

/** A service of cart’s pods at a port, and its slice with one address. */
const served = (name: string, address: string, port: number, targetPort = port): Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { clusterIP: '10.9.0.1', selector: { app: 'cart' }, ports: [{ port }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
    ports: [{ port: targetPort }],
    endpoints: [{ addresses: [address] }],
  },
]

const cart = (address: string): Manifest[] => served('cart', address, 80, 8080)

/** What makes a pod of a sidecar one of a gateway. */
const asGateway = {
  spec: { serviceAccountName: 'ingress', containers: [{ name: 'istio-proxy', args: ['proxy', 'router'] }] },
}

const policy = (kind: string, spec: object, namespace = 'shop'): Manifest => ({
  apiVersion:
    kind === 'AuthorizationPolicy' || kind === 'PeerAuthentication' ? 'security.istio.io/v1' : 'networking.istio.io/v1',
  kind,
  metadata: { name: 'it', namespace },
  spec,
})

/** A mesh with cart in both clusters, a client in the first, and more objects there; `second` are more in the other. */
const meshOf = (
  more: Manifest[],
  client = pod('client', '10.1.8.9'),
  cartArguments: string[] = [],
  second: Manifest[] = [],
): Promise<Survey> =>
  surveyOf(
    { more: [...cart('10.1.8.1'), pod('cart', '10.1.8.1', cartArguments), client, ...more] },
    { role: 'remote', more: [...cart('10.2.8.1'), pod('cart', '10.2.8.1'), ...second] },
  )

describe('what a server accepts', () => {
  const codesWith = async (...more: Manifest[]): Promise<string[]> => [
    ...new Set((await server.look(await meshOf(more), undefined)).findings.map(({ code }) => code)),
  ]

  test.each<[string, object, string[]]>([
    ['allows nobody', {}, ['MP-905']],
    ['allows another namespace', { rules: [{ from: [{ source: { namespaces: ['bank'] } }] }] }, ['MP-905']],
    [
      'denies the client',
      { action: 'DENY', rules: [{ from: [{ source: { principals: ['*/sa/client'] } }] }] },
      ['MP-905'],
    ],
    ['denies all', { action: 'DENY', rules: [{}] }, ['MP-905']],
    ['allows its own account alone', { rules: [{ from: [{ source: { principals: ['*/sa/cart'] } }] }] }, ['MP-905']],
    ['allows its own namespace', { rules: [{ from: [{ source: { namespaces: ['shop'] } }] }] }, []],
    ['wants a token', { rules: [{ from: [{ source: { requestPrincipals: ['*'] } }] }] }, ['MP-682']],
    [
      'denies requests without a header',
      { action: 'DENY', rules: [{ when: [{ key: 'request.headers[tenant]', notValues: ['*'] }] }] },
      ['MP-682'],
    ],
    ['allows paths that a plain request may have', { rules: [{ to: [{ operation: { paths: ['/*'] } }] }] }, []],
    ['asks a provider that is not there', { action: 'CUSTOM', provider: { name: 'login' }, rules: [{}] }, ['MP-905']],
    // Within a cluster a request comes from its pod; between clusters of one network an address may be translated.
    [
      'allows addresses that clients of its cluster do not have',
      { rules: [{ from: [{ source: { ipBlocks: ['192.168.77.0/24'] } }] }] },
      ['MP-905'],
    ],
    ['allows addresses that clients have', { rules: [{ from: [{ source: { ipBlocks: ['10.0.0.0/8'] } }] }] }, []],
    ['denies a path', { action: 'DENY', rules: [{ to: [{ operation: { paths: ['/admin'] } }] }] }, []],
    ['is for another workload', { selector: { matchLabels: { app: 'bank' } } }, []],
    [
      'is for a Gateway',
      { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'ingress' }], rules: [] },
      [],
    ],
    ['is for a waypoint of the service', { targetRefs: [{ group: '', kind: 'Service', name: 'cart' }] }, []],
  ])('an AuthorizationPolicy that %s', async (_, spec, expected) => {
    expect(await codesWith(policy('AuthorizationPolicy', spec))).toEqual(expected)
  })

  test.each(['frontend', 'ingress'])(
    'an AuthorizationPolicy that allows one of several accounts: %s',
    async (account) => {
      const allowing = { rules: [{ from: [{ source: { principals: [`*/sa/${account}`] } }] }] }
      const others = [pod('frontend', '10.1.8.20'), { ...pod('ingress', '10.1.8.21'), ...asGateway }]
      expect(await codesWith(policy('AuthorizationPolicy', allowing), ...others)).toEqual(['MP-908'])
    },
  )

  const network = (ingress: object[]): Manifest => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'it', namespace: 'shop' },
    spec: { podSelector: { matchLabels: { app: 'cart' } }, policyTypes: ['Ingress'], ingress },
  })

  test.each<[string, object[], string[]]>([
    ['lets nobody in', [], ['MP-906']],
    ['lets another app in', [{ from: [{ podSelector: { matchLabels: { app: 'bank' } } }] }], ['MP-906']],
    ['lets the client in', [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }], []],
    ['lets in another address', [{ from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }], ['MP-906']],
    ['lets in the client’s range', [{ from: [{ ipBlock: { cidr: '10.1.8.0/24' } }] }], []],
    [
      'lets in a range without the client',
      [{ from: [{ ipBlock: { cidr: '10.1.0.0/16', except: ['10.1.8.0/24'] } }] }],
      ['MP-906'],
    ],
    ['lets everybody in at another port', [{ ports: [{ port: 9090 }] }], ['MP-906']],
    ['lets everybody in at the port by its name', [{ ports: [{ port: 'http' }] }], []],
    ['lets everybody in at another port by its name', [{ ports: [{ port: 'metrics' }] }], ['MP-906']],
    ['lets everybody in', [{}], []],
  ])('a NetworkPolicy that %s', async (_, ingress, expected) => {
    expect(await codesWith(network(ingress))).toEqual(expected)
  })
})

describe('a gateway between networks', () => {
  const gateway: Manifest = {
    ...pod('eastwest', '10.1.8.7'),
    metadata: { name: 'eastwest-1', namespace: 'gateways', labels: { istio: 'eastwestgateway' } },
  }
  const shut = (ingress: object[]): Manifest => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'gateways', namespace: 'gateways' },
    spec: { podSelector: { matchLabels: { istio: 'eastwestgateway' } }, policyTypes: ['Ingress'], ingress },
  })

  test.each<[string, object[], string[]]>([
    ['namespaces of the cluster', [{ from: [{ namespaceSelector: {} }] }], ['MP-906']],
    ['everybody at another port', [{ ports: [{ port: 15021 }] }], ['MP-906']],
    ['a block of addresses', [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 15443 }] }], []],
    ['everybody', [{}], []],
  ])('is open to other networks only where a NetworkPolicy lets in %s', async (_, ingress, expected) => {
    const mesh = await surveyOf({ more: [gateway, shut(ingress)] }, { role: 'remote', network: 'network2' })
    expect((await server.look(mesh, undefined)).findings.map(({ code }) => code)).toEqual(expected)
  })
})

describe('a client that a NetworkPolicy limits', () => {
  const limit = (egress: object[]): Manifest => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'allowed', namespace: 'shop' },
    spec: { podSelector: { matchLabels: { app: 'client' } }, policyTypes: ['Egress'], egress },
  })
  const pods = { to: [{ namespaceSelector: {} }] }
  const block = (cidr: string): object => ({ to: [{ ipBlock: { cidr } }] })

  test.each<[string, object[], string[]]>([
    ['pods of its cluster alone', [pods], ['MP-906']],
    ['them and another block of addresses', [pods, block('192.0.2.0/24')], ['MP-906']],
    ['them and the pods of the other cluster', [pods, block('10.2.0.0/16')], []],
    ['everybody', [{}], []],
    ['nobody: it may be no client of the service', [], []],
  ])('may reach %s', async (_, egress, expected) => {
    const { findings } = await server.look(await meshOf([limit(egress)]), undefined)
    expect(findings.map(({ code }) => code)).toEqual(expected)
    for (const finding of findings)
      expect(finding.evidence).toMatchObject([expect.stringContaining('shop/allowed selects client-1')])
  })
})

describe('what clients send', () => {
  const codesWith = async (...more: Manifest[]): Promise<string[]> =>
    (await transport.look(await meshOf(more), undefined)).findings.map(({ code }) => code)
  const rule = (tls: object): Manifest =>
    policy('DestinationRule', { host: 'cart.shop.svc.cluster.local', trafficPolicy: { tls } })
  const strict = policy('PeerAuthentication', { mtls: { mode: 'STRICT' } }, 'istio-system')

  test('in plaintext is no match for servers that require mutual TLS', async () => {
    expect(await codesWith(rule({ mode: 'DISABLE' }), strict)).toEqual(['MP-901'])
    expect(await codesWith(rule({ mode: 'DISABLE' }))).toEqual([])
    expect(await codesWith(rule({ mode: 'ISTIO_MUTUAL' }), strict)).toEqual([])
  })

  test('from a pod without a sidecar is told in a note where servers require mutual TLS', async () => {
    const bare = (annotations: Record<string, string> = {}): Manifest => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'job-1', namespace: 'shop', annotations },
      spec: { containers: [{ name: 'job' }] },
      status: { phase: 'Running' },
    })
    const notesWith = async (...more: Manifest[]): Promise<string> =>
      (await transport.look(await meshOf(more), undefined)).notes?.join('\n') ?? ''
    expect(await notesWith(strict, bare())).toContain('servers that require mutual TLS refuse them: cluster')
    expect(await notesWith(strict, bare())).toContain('shop/job-1')
    expect(await notesWith(bare())).not.toContain('job-1')
    expect(await notesWith(strict, bare({ 'ambient.istio.io/redirection': 'enabled' }))).not.toContain('job-1')
  })

  test('in plaintext is fine where the PeerAuthentication that decides does not require mutual TLS', async () => {
    const plaintext = rule({ mode: 'DISABLE' })
    const elsewhere = { selector: { matchLabels: { app: 'bank' } }, mtls: { mode: 'STRICT' } }
    expect(await codesWith(plaintext, policy('PeerAuthentication', elsewhere))).toEqual([])
    expect(await codesWith(plaintext, strict, policy('PeerAuthentication', { mtls: { mode: 'PERMISSIVE' } }))).toEqual(
      [],
    )
    const withPort = { mtls: { mode: 'STRICT' }, portLevelMtls: { 8080: { mode: 'DISABLE' } } }
    expect(await codesWith(plaintext, policy('PeerAuthentication', withPort))).toEqual([])
    const selecting = { selector: { matchLabels: { app: 'cart' } }, mtls: { mode: 'STRICT' } }
    expect(await codesWith(plaintext, policy('PeerAuthentication', selecting))).toEqual(['MP-901'])
  })

  test('is in clear where the mesh config turns automatic mutual TLS off, and no rule turns it on', async () => {
    const off: Manifest = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio', namespace: 'istio-system' },
      data: { mesh: 'enableAutoMtls: false' },
    }
    expect(await codesWith(off, strict)).toEqual(['MP-901'])
    expect(await codesWith(off, strict, rule({ mode: 'ISTIO_MUTUAL' }))).toEqual([])
    expect(await codesWith(off)).toEqual([])
    expect(await codesWith({ ...off, data: { mesh: 'enableAutoMtls: true' } }, strict)).toEqual([])
  })

  test('names the identity of the servers in the trust domain of the mesh', async () => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'istio', namespace: 'istio-system' } }
    const ofDomain: Manifest = { ...config, data: { mesh: 'trustDomain: example.org' } }
    const accepting = (domain: string): Manifest =>
      rule({ mode: 'ISTIO_MUTUAL', subjectAltNames: [`spiffe://${domain}/ns/shop/sa/cart`] })
    expect(await codesWith(ofDomain, accepting('example.org'))).toEqual([])
    expect(await codesWith(ofDomain, accepting('cluster.local'))).toEqual(['MP-902'])
  })

  test('follows a rule for all hosts, unless another rule names the service more closely', async () => {
    const wide = (mode: string, host: string): Manifest => ({
      ...policy('DestinationRule', { host, trafficPolicy: { tls: { mode } } }),
      metadata: { name: `wide-${host.length}`, namespace: 'istio-system' },
    })
    expect(await codesWith(wide('DISABLE', '*.local'), strict)).toEqual(['MP-901'])
    expect(await codesWith(wide('DISABLE', '*.local'), rule({ mode: 'ISTIO_MUTUAL' }), strict)).toEqual([])
    expect(
      await codesWith(wide('DISABLE', '*.local'), wide('ISTIO_MUTUAL', '*.shop.svc.cluster.local'), strict),
    ).toEqual([])
    expect(await codesWith(wide('DISABLE', '*.example'), strict)).toEqual([])
  })

  test('goes to the identity that they accept', async () => {
    const accepting = (name: string): Manifest => rule({ mode: 'ISTIO_MUTUAL', subjectAltNames: [name] })
    expect(await codesWith(accepting('spiffe://cluster.local/ns/shop/sa/other'))).toEqual(['MP-902'])
    expect(await codesWith(accepting('spiffe://cluster.local/ns/shop/sa/cart'))).toEqual([])
  })
})

describe('a sidecar', () => {
  test('that does not take a client’s requests, or a server’s, is named with the setting', async () => {
    const around = await meshOf([], pod('client', '10.1.8.9', ['-o', '80']))
    expect((await interception.look(around, undefined)).findings).toMatchObject([
      {
        code: 'MP-981',
        where: 'cluster1 shop/client-1',
        evidence: [expect.stringContaining('port 80 is among excludeOutboundPorts')],
      },
    ])
    const beside = await meshOf([], undefined, ['-d', '15090,8080'])
    expect((await interception.look(beside, undefined)).findings).toMatchObject([
      { code: 'MP-982', evidence: [expect.stringContaining('port 8080 is among excludeInboundPorts')] },
    ])
    expect((await interception.look(await meshOf([]), undefined)).findings).toEqual([])
  })

  test('is passed over by a container that runs as its user', async () => {
    const client = pod('client', '10.1.8.9')
    const spec = { ...(client['spec'] as object), securityContext: { runAsUser: 1337 } }
    const containers = [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }, { name: 'web' }]
    const mesh = await meshOf([], { ...client, spec: { ...spec, containers } })
    expect((await interception.look(mesh, undefined)).findings).toMatchObject([
      { code: 'MP-981', evidence: [expect.stringContaining('container web runs as user 1337')] },
    ])
  })

  test('with a filter that answers requests is told of, since reading does not show what it answers', async () => {
    const filter = (name: string, more: object = {}): Manifest => ({
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: 'it', namespace: 'shop' },
      spec: {
        configPatches: [{ applyTo: 'HTTP_FILTER', patch: { operation: 'INSERT_BEFORE', value: { name, ...more } } }],
      },
    })
    const notes = async (object: Manifest): Promise<string[]> =>
      (await interception.look(await meshOf([object]), undefined)).notes ?? []
    expect(await notes(filter('envoy.filters.http.local_ratelimit'))).toEqual([expect.stringContaining('shop/it')])
    expect(await notes(filter('envoy.filters.http.lua', { inlineCode: 'h:respond({})' }))).toHaveLength(1)
    expect(await notes(filter('envoy.filters.http.lua', { inlineCode: 'h:headers()' }))).toEqual([])
    expect(await notes(filter('envoy.filters.http.grpc_stats'))).toEqual([])
  })

  test('that leaves the agent’s own ports alone is as Istio makes it', async () => {
    const mesh = await meshOf(
      served('metrics', '10.1.8.1', 15020),
      undefined,
      ['-d', '15090,15021,15020'],
      served('metrics', '10.2.8.1', 15020),
    )
    expect((await interception.look(mesh, undefined)).findings).toEqual([])
  })

  test('that a Sidecar opens for other ports is closed for the service', async () => {
    const sidecar = (port: number): Manifest =>
      policy('Sidecar', { workloadSelector: { labels: { app: 'cart' } }, ingress: [{ port: { number: port } }] })
    expect((await interception.look(await meshOf([sidecar(9090)]), undefined)).findings).toMatchObject([
      { code: 'MP-983' },
      { code: 'MP-983' },
    ])
    expect((await interception.look(await meshOf([sidecar(8080)]), undefined)).findings).toEqual([])
  })
})

test('a port to which a proxy sends what comes in, and where nothing listens, is found', () => {
  const held = new Map([
    ['inbound|5000||', [{ address: '127.0.0.1', port: 9999 }]],
    ['inbound|8080||', [{ address: '10.1.8.1', port: 8080 }]],
  ])
  expect(deadEndpoints(held, [5000, 8080], [5000, 15090])).toEqual(['127.0.0.1:9999'])
  expect(deadEndpoints(held, [5000, 8080], [9999])).toEqual([])
  expect(deadEndpoints(held, [7000], [])).toEqual([])
})
