import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import type { Shape } from '#testing/mesh-objects.ts'
import type { Finding, Layer } from '#diagnosis/layer.ts'
import { api } from './api.ts'
import { controlPlane } from '#diagnosis/layers/control/control.ts'
import { gateways } from '#diagnosis/layers/gateways/gateways.ts'
import { idleControllers } from './controllers.ts'
import { networks } from './networks.ts'
import { ranges } from './ranges.ts'
import { remoteSecrets } from './remote-secrets.ts'
import { services } from './services.ts'
import { trust } from './trust/trust.ts'

// What layers find by reading alone. What they exec and dial for is shown in real labs (meshproof prove).

const found = async (layer: Layer, first: Shape, second: Shape): Promise<Finding[]> =>
  (await layer.look(await surveyOf(first, second), undefined)).findings
const codes = async (...[layer, first, second]: Parameters<typeof found>): Promise<string[]> =>
  (await found(layer, first, second)).map(({ code }) => code)

describe('API servers and versions', () => {
  test.each([
    [['1.31.0', '1.29.4'], []],
    [['1.31.0', '1.28.9'], ['MP-811']],
    [['latest'], []],
  ])('proxies of %j', async (proxies, expected) => {
    expect(await codes(api, { proxies }, {})).toEqual(expected)
  })

  test('of a remote are compared with the control plane that serves it', async () => {
    const [finding] = await found(api, {}, { role: 'remote', proxies: ['1.27.0'] })
    expect(finding).toMatchObject({
      code: 'MP-811',
      where: 'cluster2',
      evidence: ['shop/client-1 runs 1.27.0, its control plane 1.31.2'],
    })
  })
})

describe('controllers', () => {
  const slice = (pod: string, keeper = 'endpointslice-controller.k8s.io'): Manifest => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'cart-1', namespace: 'shop', labels: { 'endpointslice.kubernetes.io/managed-by': keeper } },
    endpoints: [{ addresses: ['10.2.0.9'], targetRef: { kind: 'Pod', namespace: 'shop', name: pod } }],
  })
  const deployment = (generation: number, observedGeneration: number): Manifest => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'cart', namespace: 'shop', generation },
    status: { observedGeneration },
  })

  test('that leave the address of a pod that is gone, or a change of a deployment, do not work', async () => {
    const { clusters } = await surveyOf({ more: [slice('cart-gone'), deployment(3, 2)] })
    expect(await idleControllers(clusters[0]!, 50)).toMatchObject([
      {
        code: 'MP-813',
        where: 'cluster1',
        evidence: [
          'slice shop/cart-1 holds 10.2.0.9 of pod cart-gone, which is gone',
          'deployment shop/cart was changed, and nothing has followed it',
          'so it has been for 0.05 s',
        ],
        beneath: true,
      },
    ])
  })

  test.each<[string, Manifest]>([
    ['leave nothing undone', deployment(3, 3)],
    ['do not keep a slice that somebody wrote', slice('cart-gone', 'somebody')],
  ])('that %s work', async (_, object) => {
    expect(await codes(api, {}, { more: [object] })).toEqual([])
  })
})

describe('address ranges', () => {
  test('that overlap on one network are told with both owners', async () => {
    const [finding] = await found(ranges, { podCidr: '10.1.0.0/16' }, { podCidr: '10.1.2.0/24' })
    expect(finding).toMatchObject({
      code: 'MP-821',
      evidence: ['pods 10.1.0.0/16 of cluster1 and pods 10.1.2.0/24 of cluster2'],
    })
  })

  test('may be the same on different networks', async () => {
    expect(await codes(ranges, { podCidr: '10.1.0.0/16' }, { podCidr: '10.1.0.0/16', network: 'network2' })).toEqual([])
  })
})

describe('network labels', () => {
  const unlabelled = (shape: Shape): Shape => ({ ...shape, more: [...(shape.more ?? [])] })

  test('a missing one counts where there are several networks', async () => {
    const mesh = await surveyOf({ proxies: ['1.31.0'] }, { network: 'network2', role: 'remote', proxies: ['1.31.0'] })
    const label = (await mesh.clusters[1]!.reads.namespaces()).find(
      ({ metadata }) => metadata?.name === 'istio-system',
    )!.metadata!.labels!
    delete label['topology.istio.io/network']
    expect((await networks.look(mesh, undefined)).findings).toMatchObject([
      {
        code: 'MP-831',
        where: 'cluster2',
        fix: expect.stringContaining(
          '--context=context2 label namespace istio-system topology.istio.io/network=network2',
        ),
      },
    ])
  })

  test('none are needed on one network', async () => {
    expect(await codes(networks, unlabelled({ network: '' }), { network: '' })).toEqual([])
  })

  const elsewhere: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'odd',
      namespace: 'shop',
      labels: { 'service.istio.io/canonical-name': 'odd', 'topology.istio.io/network': 'network9' },
    },
    spec: { containers: [{ name: 'istio-proxy', env: [{ name: 'ISTIO_META_NETWORK', value: 'network1' }] }] },
    status: { phase: 'Running' },
  }

  test('that a pod was told are quoted in the command that sets them', async () => {
    const told = JSON.parse(JSON.stringify(elsewhere).replace('network1', 'net; id')) as Manifest
    const [finding] = await found(networks, { network: '', more: [told] }, { network: '' })
    expect(finding).toMatchObject({ code: 'MP-833', fix: expect.stringContaining("='net; id'") })
  })

  test('a pod’s own that is not its cluster’s is told with the pod', async () => {
    expect(await found(networks, { more: [elsewhere] }, {})).toMatchObject([
      { code: 'MP-833', where: 'cluster1 shop/odd' },
    ])
  })
})

test('a mesh of remotes alone has no control plane to look at', async () => {
  expect(await codes(controlPlane, { role: 'remote' }, { role: 'remote' })).toEqual(['MP-852'])
})

test('a control plane without a ready pod is told, and nothing beyond it is asked', async () => {
  expect(await codes(controlPlane, {}, { role: 'remote' })).toEqual(['MP-851'])
})

describe('trust', () => {
  const cacerts = (texts: Record<string, string>): Manifest => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cacerts', namespace: 'istio-system' },
    data: Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
  })

  test('cacerts without certificates are told, key by key, and never shown', async () => {
    const [finding] = await found(
      trust,
      { more: [cacerts({ 'ca-cert.pem': 'none', 'ca-key.pem': 'a secret key' })] },
      {},
    )
    expect(finding).toMatchObject({
      code: 'MP-844',
      where: 'cluster1',
      evidence: ['ca-cert.pem holds no certificate', 'root-cert.pem holds no certificate'],
    })
    expect(JSON.stringify(finding)).not.toContain('secret key')
  })

  test('no cacerts anywhere is no problem of its own', async () => {
    expect(await codes(trust, {}, {})).toEqual([])
  })
})

describe('remote secrets', () => {
  const secret = (
    data: Record<string, string>,
    labels: Record<string, string> = { 'istio/multiCluster': 'true' },
  ): Manifest => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'istio-remote-secret-cluster2', namespace: 'istio-system', labels },
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
  })
  const kubeconfig = (server: string): string =>
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user: { token: 'a-token' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    })

  test.each<[string, Manifest[], string[]]>([
    ['none', [], ['MP-861']],
    ['one that is no kubeconfig', [secret({ cluster2: 'see the wiki' })], ['MP-866']],
    ['one without its label', [secret({ cluster2: kubeconfig('https://192.0.2.1:6443') }, {})], ['MP-868']],
    ['one of a loopback address', [secret({ cluster2: kubeconfig('https://127.0.0.1:6443') })], ['MP-862']],
    ['one of localhost', [secret({ cluster2: kubeconfig('https://localhost:6443') })], ['MP-862']],
    ['one of another cluster', [secret({ cluster9: kubeconfig('https://192.0.2.1:6443') })], ['MP-861']],
  ])('%s', async (_what, more, expected) => {
    const findings = await found(remoteSecrets, { more }, { role: 'remote' })
    expect(findings.map(({ code }) => code)).toEqual(expected)
    expect(JSON.stringify(findings)).not.toContain('a-token')
  })
})

describe('gateways', () => {
  const gateway = (network: string, status: object, spec: object = {}): Manifest => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'eastwest',
      namespace: 'gateways',
      labels: network ? { 'topology.istio.io/network': network } : {},
    },
    spec: { type: 'LoadBalancer', ports: [{ port: 15443 }], ...spec },
    status,
  })
  const pods: Manifest = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'eastwest-1', namespace: 'gateways', labels: { 'kubernetes.io/service-name': 'eastwest' } },
    endpoints: [{ addresses: ['10.1.0.7'] }],
  }
  const withAddress = (ip: string): object => ({ loadBalancer: { ingress: [{ ip }] } })
  const named = (address: string): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: {
      meshNetworks:
        'networks: {network1: {gateways: [{address: 192.0.2.1, port: 15443}]}, network2: {gateways: [{address: ' +
        `${address}, port: 15443}]}}`,
    },
  })
  const first = [gateway('network1', withAddress('192.0.2.1')), pods]

  test.each<[string, Manifest[], Manifest[], string[]]>([
    ['found by their labels', first, [gateway('network2', withAddress('192.0.2.2')), pods], []],
    [
      'with a name for an address',
      first,
      [gateway('network2', { loadBalancer: { ingress: [{ hostname: 'lb.example' }] } }), pods],
      [],
    ],
    [
      'with an address given by hand',
      first,
      [gateway('network2', {}, { type: 'ClusterIP', externalIPs: ['192.0.2.2'] }), pods],
      [],
    ],
    ['of which one has no label', first, [gateway('', withAddress('192.0.2.2')), pods], ['MP-881']],
    ['of which one waits for an address', first, [gateway('network2', {}), pods], ['MP-882']],
    ['of which one has no pod', first, [gateway('network2', withAddress('192.0.2.2'))], ['MP-887']],
    [
      'named in meshNetworks',
      [gateway('', withAddress('192.0.2.1')), pods, named('192.0.2.2')],
      [gateway('', withAddress('192.0.2.2')), pods],
      [],
    ],
    [
      'named in meshNetworks, one still a placeholder',
      [gateway('', withAddress('192.0.2.1')), pods, named('0.0.0.0')],
      [gateway('', withAddress('192.0.2.2')), pods],
      ['MP-883'],
    ],
    [
      'named in meshNetworks, one by an address it had',
      [gateway('', withAddress('192.0.2.1')), pods, named('192.0.2.9')],
      [gateway('', withAddress('192.0.2.2')), pods],
      ['MP-883'],
    ],
  ])('%s', async (_what, more, second, expected) => {
    const asked = codes(gateways, { more }, { network: 'network2', more: second })
    // Where nothing is wrong as it is written down, they are dialled next: without a pod that could, they are not
    // judged.
    await (expected.length > 0
      ? expect(asked).resolves.toEqual(expected)
      : expect(asked).rejects.toMatchObject({ code: 'MP-122' }))
  })
})

describe('services across clusters', () => {
  const service = (spec: object, name = 'cart'): Manifest => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec,
  })
  const usual = { clusterIP: '10.9.0.1', selector: { app: 'cart' }, ports: [{ name: 'http', port: 80 }] }
  const slice: Manifest = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'cart-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
    endpoints: [{ addresses: ['10.1.0.9'] }],
  }
  const pod: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'cart-1', namespace: 'shop', labels: { app: 'cart' } },
    status: { phase: 'Running' },
  }
  const labelled: Manifest = {
    ...pod,
    status: { phase: 'Running', podIP: '10.1.0.9', podIPs: [{ ip: '10.1.0.9' }] },
  }
  const proxies = ['1.31.0']
  const twoPorts = [
    { name: 'http', port: 80 },
    { name: 'metrics', port: 9090 },
  ]
  const byName = { name: 'admin', port: 81, targetPort: 'admin' }
  const http = { name: 'http', port: 80 }

  test.each<[string, Manifest[], Manifest[], string[]]>([
    ['the same in both', [service(usual), slice], [service(usual)], []],
    ['another port name', [service(usual)], [service({ ...usual, ports: [{ name: 'web', port: 80 }] })], ['MP-912']],
    ['another port', [service(usual)], [service({ ...usual, ports: [{ name: 'http', port: 8080 }] })], ['MP-912']],
    ['one more port', [service(usual)], [service({ ...usual, ports: twoPorts })], ['MP-836']],
    [
      'another protocol',
      [service(usual)],
      [service({ ...usual, ports: [{ ...http, appProtocol: 'tcp' }] })],
      ['MP-919'],
    ],
    ['its protocol in words', [service(usual)], [service({ ...usual, ports: [{ ...http, appProtocol: 'HTTP' }] })], []],
    [
      'one more port, and another name for the first',
      [service({ ...usual, ports: [{ name: 'web', port: 80 }] })],
      [service({ ...usual, ports: twoPorts })],
      ['MP-912'],
    ],
    ['headless in one', [service(usual)], [service({ ...usual, clusterIP: 'None' })], ['MP-913']],
    ['missing where its pods are', [service(usual), slice], [pod], ['MP-911']],
    ['missing where its clients are', [service(usual), slice], [], ['MP-914']],
    ['missing, and without pods anywhere', [service(usual)], [], []],
    [
      'with another selector than where its pods are',
      [service({ ...usual, selector: { app: 'cart' } }), labelled],
      [service({ ...usual, selector: { app: 'typo' } }), labelled],
      ['MP-916'],
    ],
    [
      'without a selector where its pods are',
      [service(usual), slice, labelled],
      [service({ clusterIP: '10.9.0.1', ports: [{ name: 'http', port: 80 }] }), labelled],
      ['MP-916'],
    ],
    ['headless, in one cluster alone', [service({ ...usual, clusterIP: 'None' }), slice], [pod], []],
    [
      'with a port by a name that its pods do not give',
      [service({ ...usual, ports: [{ name: 'http', port: 80, targetPort: 'web' }] }), slice, labelled],
      [service(usual)],
      ['MP-917'],
    ],
    [
      'with one of two ports by a name that its pods do not give',
      [service({ ...usual, ports: [{ name: 'http', port: 80 }, byName] }), slice, labelled],
      [service({ ...usual, ports: [{ name: 'http', port: 80 }, byName] })],
      ['MP-834'],
    ],
    [
      'with another selector, and no pods that were meant',
      [service({ ...usual, selector: { app: 'cart' } }), labelled],
      [service({ ...usual, selector: { app: 'typo' } })],
      [],
    ],
  ])('%s', async (_what, first, second, expected) => {
    expect(await codes(services, { proxies, more: first }, { proxies, more: second })).toEqual(expected)
  })

  test('made by a check as nobody should, nothing is said of it', async () => {
    const odd = service({ ...usual, clusterIP: 'None' })
    const deliberate = {
      ...odd,
      metadata: Object.assign({}, odd.metadata, { labels: { 'dev.meshproof.deliberate': 'true' } }),
    }
    const both = (second: Manifest): Promise<string[]> =>
      codes(services, { proxies, more: [service(usual)] }, { proxies, more: [second] })
    expect(await both(odd)).toEqual(['MP-913'])
    const alike = { ...deliberate, spec: usual }
    expect(await codes(services, { proxies, more: [alike] }, { proxies, more: [deliberate] })).toEqual([])
  })

  const capturesDns: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'client-1', namespace: 'shop' },
    spec: {
      containers: [
        { name: 'istio-proxy', args: ['proxy', 'sidecar'], env: [{ name: 'ISTIO_META_DNS_CAPTURE', value: 'true' }] },
      ],
    },
    status: { phase: 'Running' },
  }

  test('missing where the proxies of its clients answer DNS, it is known there all the same', async () => {
    expect(await codes(services, { proxies, more: [service(usual), slice] }, { more: [capturesDns] })).toEqual([])
  })

  test('missing where nobody of its namespace is in the mesh, it is nobody’s concern', async () => {
    expect(await codes(services, { proxies, more: [service(usual), slice] }, {})).toEqual([])
  })
})
