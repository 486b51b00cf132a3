import type { V1Container } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { MeshproofError } from '#errors.ts'
import type { Manifest } from '#kube/client.ts'
import { nothingMore } from '#testing/admission.ts'
import { errorOf } from '#testing/edge.ts'
import { fakeKube, type FakeKube } from '#testing/fake-kube.ts'
import { applyPolicies, deployCapture, deployOwn, troubleOf } from './workloads.ts'

const clientIn = (kube: FakeKube): { context: string; name: string; version: string; kube: FakeKube } => ({
  context: 'a',
  name: 'east',
  version: 'v2',
  kube,
})
const never = new AbortController().signal
const objectsOf = ({ objects }: FakeKube): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata?.namespace}/${metadata?.name}`)

const pod = (name: string, namespace: string, status: object, containers: Partial<V1Container>[] = []): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  spec: { containers },
  status,
})

/** A cluster’s API that answers a dry run as told. */
const dryRunning = (dryRun: FakeKube['dryRun'], ...standing: Manifest[]): FakeKube =>
  Object.assign(fakeKube(...standing), { dryRun })

const admission = nothingMore
const domain = 'cluster.local'

test.each(['strict', 'off'] as const)(
  'mutual TLS is %s for our own namespace, and nothing stands anywhere else',
  async (mtls) => {
    const kube = fakeKube()
    await applyPolicies(clientIn(kube), { mtls, withheld: {}, admission, domain })
    expect(objectsOf(kube)).toEqual([
      'PeerAuthentication meshproof-app1/default',
      'EnvoyFilter meshproof-app1/new-connections-helloworld',
      'EnvoyFilter meshproof-app1/new-connections-helloworld-failover',
      'EnvoyFilter meshproof-app1/access-log',
    ])
    expect(kube.objects[0]).toMatchObject({ spec: { mtls: { mode: mtls === 'strict' ? 'STRICT' : 'DISABLE' } } })
  },
)

test('a cluster that refuses filters says why, and has mutual TLS as the run wants it all the same', async () => {
  const kube = fakeKube()
  kube.refused.add('EnvoyFilter')
  expect(await applyPolicies(clientIn(kube), { mtls: 'strict', withheld: {}, admission, domain })).toContain(
    'refused to apply EnvoyFilter',
  )
  expect(objectsOf(kube)).toEqual(['PeerAuthentication meshproof-app1/default'])
})

test('clients are let into our namespace where policies of the whole mesh name whom they let in', async () => {
  const kube = fakeKube()
  await applyPolicies(clientIn(kube), {
    mtls: 'strict',
    withheld: { 'access log': 'you may not' },
    admission: { ...admission, needsAllowance: true },
    domain,
  })
  expect(objectsOf(kube)).toEqual([
    'PeerAuthentication meshproof-app1/default',
    'AuthorizationPolicy meshproof-app1/meshproof',
  ])
})

test('where no filters may be made, there are none', async () => {
  const kube = fakeKube()
  await applyPolicies(clientIn(kube), { mtls: 'strict', withheld: { 'access log': 'you may not' }, admission, domain })
  expect(objectsOf(kube)).toEqual(['PeerAuthentication meshproof-app1/default'])
})

test('the workloads are in our own namespaces, and ask a full cluster for little', async () => {
  const kube = fakeKube()
  const stop = new AbortController()
  const deploying = deployOwn(
    clientIn(kube),
    { curl: 'curl:1', 'helloworld-v2': 'helloworld:2' },
    admission,
    stop.signal,
  )
  await expect.poll(() => objectsOf(kube)).toHaveLength(9)
  stop.abort()
  expect(await errorOf(deploying)).toMatchObject({ code: 'MP-130' })
  expect(new Set(kube.objects.map(({ metadata }) => metadata?.namespace))).toEqual(
    new Set(['meshproof-app1', 'meshproof-legacy']),
  )
  expect(kube.objects.find(({ metadata }) => metadata?.name === 'helloworld-v2')).toMatchObject({
    spec: {
      template: {
        metadata: { labels: { version: 'v2' }, annotations: { 'sidecar.istio.io/proxyCPU': '10m' } },
        spec: { containers: [{ image: 'helloworld:2' }] },
      },
    },
  })
})

test.each<[string, Manifest, string]>([
  [
    'cannot pull an image',
    pod('sleep', 'meshproof-app1', {
      containerStatuses: [
        { image: 'curl:1', state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } },
      ],
    }),
    'curl:1: not found',
  ],
  [
    'has no room',
    pod('sleep', 'meshproof-legacy', {
      conditions: [{ type: 'PodScheduled', status: 'False', message: 'Insufficient cpu' }],
    }),
    'Insufficient cpu',
  ],
  [
    'refuses pods',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'sleep', namespace: 'meshproof-app1' },
      status: { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'violates PodSecurity' }] },
    },
    'violates PodSecurity',
  ],
])('a cluster that %s says so', async (_, object, words) => {
  const kube = fakeKube(object)
  expect(await troubleOf(kube, 'workloads')).toBe(words)
  expect(await troubleOf(kube, 'echo')).toBeUndefined()
  const theirs = fakeKube({ ...object, metadata: { name: 'sleep', namespace: 'theirs' } })
  expect(await troubleOf(theirs, 'workloads')).toBeUndefined()
})

const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
const client = pod('sleep', 'meshproof-app1', ready, [
  { name: 'sleep' },
  { name: 'istio-proxy', image: 'proxyv2:1.30.4' },
])

test('a cluster that refuses a pod on its node’s network is not asked to run one', async () => {
  const asked: Manifest[] = []
  const kube = dryRunning((object) => {
    asked.push(object as Manifest)
    return Promise.reject(
      new MeshproofError('MP-402', {
        what: 'The API server refused to dry-run Pod capture',
        why: '403 violates PodSecurity',
        next: '',
      }),
    )
  }, client)
  expect(await deployCapture(clientIn(kube), never)).toBe(
    'The API server refused to dry-run Pod capture: 403 violates PodSecurity',
  )
  expect(asked).toMatchObject([
    {
      kind: 'Pod',
      metadata: { namespace: 'meshproof-legacy' },
      spec: { hostNetwork: true, containers: [{ image: 'proxyv2:1.30.4' }] },
    },
  ])
  expect(kube.objects).toEqual([client])
})

test('without a proxy there is no image to capture with', async () => {
  expect(await deployCapture(clientIn(fakeKube(pod('sleep', 'meshproof-app1', ready))), never)).toBe(
    'no proxy tells which image it has',
  )
})
