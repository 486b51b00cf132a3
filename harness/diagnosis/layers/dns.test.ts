import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import type { Look } from '#diagnosis/layer.ts'
import { dns, nameFinding } from './dns.ts'

const looked = async (more: Manifest[]): Promise<Look> => dns.look(await surveyOf({}, { more }), undefined)

const nameServer: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'kube-dns', namespace: 'kube-system' },
  spec: { clusterIP: '10.2.0.10', selector: { 'k8s-app': 'kube-dns' }, ports: [{ name: 'dns', port: 53 }] },
}
const slice = (ready: boolean): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'kube-dns-1', namespace: 'kube-system', labels: { 'kubernetes.io/service-name': 'kube-dns' } },
  endpoints: [{ addresses: ['10.1.0.2'], conditions: { ready } }],
})

test('a name server without a ready endpoint is named, with what its pods say', async () => {
  const pod: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'coredns-1', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    spec: { containers: [{ name: 'coredns' }] },
    status: {
      phase: 'Running',
      containerStatuses: [
        { name: 'coredns', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } },
      ],
    },
  }
  expect((await looked([nameServer, slice(false), pod])).findings).toMatchObject([
    {
      code: 'MP-971',
      where: 'cluster2 kube-system/kube-dns',
      evidence: ['service kube-dns has no ready endpoint', 'coredns-1: coredns: CrashLoopBackOff, 3 restarts'],
    },
  ])
  expect((await looked([nameServer])).findings).toMatchObject([
    { evidence: ['service kube-dns has no ready endpoint', 'no pod has the labels that it selects'] },
  ])
})

test('a ready one, and one of another kind, are no problem', async () => {
  expect((await looked([nameServer, slice(true)])).findings).toEqual([])
  expect((await looked([])).findings).toEqual([])
})

test('a service that stands for another name is told with that name, and not with the name server', () => {
  const cluster = { name: 'cluster2', context: 'context2' }
  const metadata = { name: 'cart', namespace: 'shop' }
  const host = 'cart.shop.svc.cluster.local'
  const other = { metadata, spec: { type: 'ExternalName', externalName: 'cart.example' } }
  expect(nameFinding(cluster, { host, service: other }, 'MP-972', ['no answer'])).toMatchObject({
    where: 'cart.shop.svc.cluster.local in cluster2',
    cause: 'a service stands for another name, which does not resolve in its cluster',
    evidence: ['no answer', 'service shop/cart is of type ExternalName, for cart.example'],
    fix: expect.stringContaining('-n shop get service cart -o yaml'),
  })
  const plain = nameFinding(cluster, { host, service: { metadata, spec: {} } }, 'MP-972', ['no answer'])
  expect([plain.cause, plain.evidence]).toEqual([undefined, ['no answer']])
  expect(plain.fix).toContain('coredns')
})
