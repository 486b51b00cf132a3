import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { policyFindings } from './policies.ts'
import { whyUnknown } from './why-unknown.ts'
import { meshServices } from '#diagnosis/shared-services.ts'

const object = (apiVersion: string, kind: string, spec: object, namespace = 'shop'): Manifest => ({
  apiVersion,
  kind,
  metadata: { name: 'it', namespace },
  spec,
})
const rule = (trafficPolicy: object, host = 'cart.shop.svc.cluster.local'): Manifest =>
  object('networking.istio.io/v1', 'DestinationRule', { host, trafficPolicy })

/** A rule that breaks whoever takes it. */
const inNamespace = (namespace: string, reach: object): Manifest =>
  object(
    'networking.istio.io/v1',
    'DestinationRule',
    { host: 'cart.shop.svc.cluster.local', trafficPolicy: { tls: { mode: 'SIMPLE' } }, ...reach },
    namespace,
  )

/** What is found about a service of two networks whose pods have sidecars, with an object in the first cluster. */
const about = async (
  policy: Manifest | undefined,
  annotations: Record<string, string> = {},
  network = 'network2',
  meshConfig: Manifest[] = [],
  role: 'primary' | 'remote' = 'remote',
): Promise<{ rules: string[]; why: string | undefined }> => {
  const objects: Manifest[] = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'cart', namespace: 'shop', annotations },
      spec: { clusterIP: '10.9.0.1', ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'cart-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
      endpoints: [{ addresses: ['10.1.8.1'] }],
    },
  ]
  const mesh = await surveyOf(
    { proxies: ['1.31.0'], more: [...objects, ...(policy ? [policy] : []), ...meshConfig] },
    { role, network, proxies: ['1.31.0'], more: objects },
  )
  const services = await meshServices(mesh)
  const [client, server] = mesh.clusters
  return {
    rules: (await policyFindings(mesh, services)).map(({ code }) => code),
    why: (
      await whyUnknown(mesh, { client: client!, clientNamespace: 'shop', service: services[0]!, unknown: [server!] })
    )?.code,
  }
}

test.each<[string, Manifest, string[]]>([
  ['SIMPLE', rule({ tls: { mode: 'SIMPLE' } }), ['MP-896']],
  ['DISABLE', rule({ tls: { mode: 'DISABLE' } }), ['MP-896']],
  ['DISABLE, by the short name', rule({ tls: { mode: 'DISABLE' } }, 'cart'), ['MP-896']],
  ['SIMPLE for one port', rule({ portLevelSettings: [{ port: { number: 80 }, tls: { mode: 'SIMPLE' } }] }), ['MP-896']],
  ['a server name', rule({ tls: { mode: 'ISTIO_MUTUAL', sni: 'cart.example' } }), ['MP-896']],
  ['a PROXY header', rule({ proxyProtocol: { version: 'V1' } }), ['MP-896']],
  ['ISTIO_MUTUAL', rule({ tls: { mode: 'ISTIO_MUTUAL' } }), []],
  ['SIMPLE for every host of the namespace', rule({ tls: { mode: 'SIMPLE' } }, '*.shop.svc.cluster.local'), ['MP-896']],
  ['SIMPLE for another host', rule({ tls: { mode: 'SIMPLE' } }, 'mail.example'), []],
  ['a consistent hash', rule({ loadBalancer: { consistentHash: { useSourceIp: true } } }), ['MP-898']],
])('a DestinationRule with %s', async (_what, policy, expected) => {
  expect((await about(policy)).rules).toEqual(expected)
})

test.each<[string, Manifest, string[]]>([
  ['of a namespace without clients', inNamespace('elsewhere', {}), []],
  ['of the root namespace', inNamespace('istio-system', {}), ['MP-896']],
  ['of the root namespace that is exported to no client', inNamespace('istio-system', { exportTo: ['.'] }), []],
  ['that its own namespace alone takes', inNamespace('shop', { exportTo: ['.'] }), ['MP-896']],
  ['that is exported to another namespace', inNamespace('shop', { exportTo: ['elsewhere'] }), []],
  ['that selects no client', inNamespace('shop', { workloadSelector: { matchLabels: { app: 'nobody' } } }), []],
])('a DestinationRule %s', async (_what, policy, expected) => {
  expect((await about(policy)).rules).toEqual(expected)
})

test('plaintext by rule is fine on one network', async () => {
  expect((await about(rule({ tls: { mode: 'DISABLE' } }), {}, 'network1')).rules).toEqual([])
})

const sidecar = (hosts: string[]): Manifest => object('networking.istio.io/v1', 'Sidecar', { egress: [{ hosts }] })

test.each<[string, Manifest | undefined, Record<string, string>, string | undefined]>([
  ['nothing', undefined, {}, undefined],
  ['a Sidecar without it', sidecar(['istio-system/*']), {}, 'MP-894'],
  ['a Sidecar of its own namespace', sidecar(['./*']), {}, undefined],
  ['a Sidecar that names another host of it', sidecar(['shop/mail.shop.svc.cluster.local']), {}, 'MP-894'],
  [
    'a Sidecar that names it at another port',
    object('networking.istio.io/v1', 'Sidecar', { egress: [{ hosts: ['./*'], port: { number: 8080 } }] }),
    {},
    'MP-894',
  ],
  ['a Sidecar with everything', sidecar(['*/*']), {}, undefined],
  ['an export to others', undefined, { 'networking.istio.io/exportTo': 'bank' }, 'MP-895'],
  ['an export to its own namespace', undefined, { 'networking.istio.io/exportTo': '.' }, undefined],
  [
    'plaintext of the namespace',
    object('security.istio.io/v1', 'PeerAuthentication', { mtls: { mode: 'DISABLE' } }),
    {},
    'MP-893',
  ],
  [
    'plaintext of the mesh',
    object('security.istio.io/v1', 'PeerAuthentication', { mtls: { mode: 'DISABLE' } }, 'istio-system'),
    {},
    'MP-893',
  ],
  [
    'plaintext at a port',
    object('security.istio.io/v1', 'PeerAuthentication', { portLevelMtls: { 80: { mode: 'DISABLE' } } }),
    {},
    'MP-893',
  ],
  [
    'plaintext of other pods',
    object('security.istio.io/v1', 'PeerAuthentication', {
      selector: { matchLabels: { app: 'bank' } },
      mtls: { mode: 'DISABLE' },
    }),
    {},
    undefined,
  ],
  [
    'plaintext of another namespace',
    object('security.istio.io/v1', 'PeerAuthentication', { mtls: { mode: 'DISABLE' } }, 'bank'),
    {},
    undefined,
  ],
])('a client that does not know a service is explained by %s', async (_what, policy, annotations, expected) => {
  expect((await about(policy, annotations)).why).toBe(expected)
})

test('a policy that only the control plane of the client reads takes endpoints away from it', async () => {
  const plaintext = object('security.istio.io/v1', 'PeerAuthentication', { portLevelMtls: { 80: { mode: 'DISABLE' } } })
  expect((await about(plaintext, {}, 'network2', [], 'primary')).why).toBe('MP-893')
})

test('the mesh config says which namespace has the mesh’s policies, and what services are exported to', async () => {
  const withConfig = async (mesh: string, policy?: Manifest): Promise<string | undefined> =>
    (
      await about(policy, {}, undefined, [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'istio', namespace: 'istio-system' },
          data: { mesh },
        },
      ])
    ).why
  const plaintextIn = (namespace: string): Manifest =>
    object('security.istio.io/v1', 'PeerAuthentication', { mtls: { mode: 'DISABLE' } }, namespace)
  expect(await withConfig('rootNamespace: mesh-root', plaintextIn('mesh-root'))).toBe('MP-893')
  expect(await withConfig('rootNamespace: mesh-root', plaintextIn('istio-system'))).toBeUndefined()
  expect(await withConfig('defaultServiceExportTo: [bank]')).toBe('MP-895')
  expect(await withConfig('defaultServiceExportTo: ["."]')).toBeUndefined()
})
