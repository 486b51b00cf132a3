import { describe, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import type { Look } from '#diagnosis/layer.ts'
import { workloads } from './workloads.ts'

/**
 * Looks at a mesh whose second cluster has these objects besides; `forbidden` may not be listed there. `first` are more
 * objects of the first cluster.
 */
const looked = async (
  more: Manifest[],
  forbidden: string[] = [],
  first: Manifest[] = [],
  logs: Record<string, string> = {},
): Promise<Look> => workloads.look(await surveyOf({ more: first }, { more, forbidden, logs }), undefined)

const long = new Date(Date.now() - 600_000)
const podOf = (status: object, more: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' }, creationTimestamp: long, ...more },
  spec: { containers: [{ name: 'web' }] },
  status,
})
const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: '10.2.0.1', selector: { app: 'web' }, ports: [{ port: 80 }] },
}
const deployment = (replicas: number, status: object = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { replicas, template: { metadata: { labels: { app: 'web' } } } },
  status,
})

describe('pods', () => {
  test.each<[string, object, string, string]>([
    [
      'whose image cannot be pulled',
      {
        phase: 'Pending',
        containerStatuses: [
          { name: 'web', ready: false, state: { waiting: { reason: 'ImagePullBackOff', message: 'no such host' } } },
        ],
      },
      'MP-963',
      'shop/web-1: web: ImagePullBackOff: no such host',
    ],
    [
      'that crash',
      {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'web',
            ready: false,
            restartCount: 7,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
          },
        ],
      },
      'MP-965',
      'shop/web-1: web: CrashLoopBackOff, last exit code 137 (OOMKilled), 7 restarts',
    ],
    [
      'that no node takes',
      {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes: Insufficient cpu' },
        ],
      },
      'MP-964',
      'shop/web-1: Unschedulable: 0/1 nodes: Insufficient cpu',
    ],
    [
      'that wait for their sidecar',
      { phase: 'Running', initContainerStatuses: [{ name: 'istio-proxy', ready: false, state: { running: {} } }] },
      'MP-966',
      'shop/web-1: its sidecar istio-proxy is not ready',
    ],
    [
      'that are not ready for another reason',
      {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'unready: [web]' }],
      },
      'MP-962',
      'shop/web-1: ContainersNotReady: unready: [web]',
    ],
  ])('%s are named with the words of their status', async (_, status, code, line) => {
    expect((await looked([podOf(status), service])).findings).toMatchObject([
      { code, where: 'cluster2 shop/web-1', evidence: [line], clusters: ['cluster2'] },
    ])
  })

  const crashing = {
    phase: 'Running',
    containerStatuses: [
      { name: 'web', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } },
    ],
  }
  const ready = podOf({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }, { name: 'web-2' })

  test.each<[string, Manifest[], string]>([
    ['no service has them', [podOf(crashing)], 'MP-837'],
    ['another pod of their service is ready', [podOf(crashing), service, ready], 'MP-837'],
    ['nobody else answers for them', [podOf(crashing), service], 'MP-965'],
  ])('that are not ready are a problem of the mesh only where it misses them: %s', async (_, objects, code) => {
    expect((await looked(objects)).findings).toMatchObject([{ code, where: 'cluster2 shop/web-1' }])
  })

  test('that Istio’s own container keeps from starting are a problem, whoever asks for them', async () => {
    const status = {
      phase: 'Pending',
      initContainerStatuses: [
        { name: 'istio-init', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } },
      ],
    }
    expect((await looked([podOf(status)])).findings).toMatchObject([{ code: 'MP-965' }])
  })

  test('carry what Istio’s own container complains of, and nothing that another one writes', async () => {
    const waiting = { name: 'istio-proxy', ready: false, state: { running: {} } }
    const log = '2026-11-29T01:02:03Z\terror\tdial tcp: lookup istiod.other.svc: no such host\n'
    const [own] = (await looked([podOf({ phase: 'Running', containerStatuses: [waiting] })], [], [], { 'web-1': log }))
      .findings
    expect(own?.evidence.at(-1)).toBe('istio-proxy of web-1 says: dial tcp: lookup istiod.other.svc: no such host')
    const [other] = (await looked([podOf(crashing), service], [], [], { 'web-1': 'Error: password hunter2 is wrong' }))
      .findings
    expect(other?.evidence.join()).not.toContain('hunter2')
  })

  test('carry the last warning that Kubernetes gives of them', async () => {
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'web-1.1', namespace: 'shop' },
      involvedObject: { name: 'web-1' },
      type: 'Warning',
      reason: 'Unhealthy',
      message: 'Readiness probe failed: 503',
    }
    const { findings } = await looked([podOf({ phase: 'Running' }), event, service])
    expect(findings[0]?.evidence[0]).toContain('last event Unhealthy: Readiness probe failed: 503')
  })

  test.each<[string, Manifest]>([
    ['are young', podOf({ phase: 'Pending' }, { creationTimestamp: new Date() })],
    ['are done', podOf({ phase: 'Succeeded' })],
    ['belong to a Job', podOf({ phase: 'Failed' }, { ownerReferences: [{ kind: 'Job', name: 'load' }] })],
    ['somebody ran by hand', podOf({ phase: 'Failed' })],
    ['ended when their node shut down', podOf({ phase: 'Failed', reason: 'Terminated' })],
    ['were evicted', podOf({ phase: 'Failed', reason: 'Evicted' })],
    ['are on their way out', podOf({ phase: 'Running' }, { deletionTimestamp: new Date() })],
    ['are outside the mesh', podOf({ phase: 'Pending' }, { namespace: 'batch' })],
  ])('that %s are no problem', async (_, pod) => {
    expect((await looked([pod])).findings).toEqual([])
  })
})

describe('deployments', () => {
  test('that are scaled to nothing count where a service of several clusters has no other pod', async () => {
    expect((await looked([service, deployment(0)], [], [service])).findings).toMatchObject([
      { code: 'MP-961', where: 'cluster2 shop/web', fix: expect.stringContaining('--context=context2') },
    ])
    const answering: Manifest = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
      endpoints: [{ addresses: ['10.1.0.7'] }],
    }
    expect((await looked([service, deployment(0)], [], [service, answering])).findings).toMatchObject([
      { code: 'MP-839', where: 'cluster2 shop/web' },
    ])
    expect((await looked([service, deployment(0)])).findings).toEqual([])
    const ready = podOf({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] })
    expect((await looked([service, deployment(0), ready], [], [service])).findings).toEqual([])
    expect((await looked([deployment(0)], [], [service])).findings).toEqual([])
  })

  test('whose pods are refused say by whom', async () => {
    const message = 'failed calling webhook "namespace.sidecar-injector.istio.io": no endpoints available'
    const status = { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] }
    expect((await looked([deployment(1, status)])).findings).toMatchObject([
      { code: 'MP-967', evidence: [`FailedCreate: ${message}`] },
    ])
  })

  test('and the rest is judged where leases may not be read, which a note says', async () => {
    const { findings, notes } = await looked([podOf({ phase: 'Running' }), service], ['leases'])
    expect(findings).toMatchObject([{ code: 'MP-962' }])
    expect(notes?.join('\n')).toMatch(/clocks of cluster2’s nodes were not compared: .*forbidden/)
  })
})

describe('nodes', () => {
  const node = (name: string, ready: string, renewed: number): Manifest[] => [
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      status: { conditions: [{ type: 'Ready', status: ready, reason: 'KubeletNotReady', message: 'cni is down' }] },
    },
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { renewTime: new Date(Date.now() + renewed * 1000).toISOString() },
    },
  ]

  test('that are not ready say why where they carry something of the mesh', async () => {
    const carried = { ...podOf({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }) }
    const onNode = { ...carried, spec: { nodeName: 'node-a', containers: [] } }
    expect((await looked([...node('node-a', 'False', -5), onNode])).findings).toMatchObject([
      { code: 'MP-968', evidence: ['node-a: KubeletNotReady cni is down'] },
    ])
    const { findings, notes } = await looked(node('node-a', 'False', -5))
    expect(findings).toEqual([])
    expect(notes).toEqual([expect.stringContaining('carry nothing of the mesh: node-a')])
  })

  test.each([
    ['the name server', 'kube-system', { 'k8s-app': 'kube-dns' }, true],
    ['Istio', 'istio-system', { app: 'eastwest' }, true],
    ['a workload', 'shop', { app: 'web' }, undefined],
  ])('that are lost with %s: beneath whatever else is wrong there', async (_, namespace, labels, beneath) => {
    const lost: Manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'lost-1', namespace, labels },
      spec: { nodeName: 'node-a', containers: [] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
    }
    const { findings } = await looked([...node('node-a', 'Unknown', -90), lost])
    expect(findings.find(({ code }) => code === 'MP-968')?.beneath).toBe(beneath)
  })

  test('whose clocks differ are named, a moment between renewals is not', async () => {
    expect((await looked([...node('node-a', 'True', -5), ...node('node-b', 'True', -300)])).findings).toMatchObject([
      { code: 'MP-969', evidence: [expect.stringMatching(/node-a is 295 s ahead of that of node-b/)] },
    ])
    expect((await looked([...node('node-a', 'True', -1), ...node('node-b', 'True', -14)])).findings).toEqual([])
  })
})
