import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { KubeClient, Manifest } from '#kube/client.ts'
import type { Permission } from '#kube/permissions.ts'
import { errorOf, setVariable } from '#testing/edge.ts'
import { fakeKube, type FakeKube } from '#testing/fake-kube.ts'
import { configMapIn, configMapOf, type MapContent, ownConfigMap } from './own-config-map.ts'

const place = { namespace: 'proofs', name: 'suites-1' }
const contentWith = (verdict: string): MapContent => ({ component: 'results', data: { verdict } })

/** An API server that allows some of what one wants. */
const allowing = (allows: (permission: Permission) => boolean): FakeKube =>
  Object.assign(fakeKube(), {
    dryRun: (async (review: Manifest) => ({
      ...review,
      status: {
        allowed: allows((review as unknown as { spec: { resourceAttributes: Permission } }).spec.resourceAttributes),
      },
    })) as KubeClient['dryRun'],
  })

test('a retry writes its results in the place of the earlier attempt’s', async () => {
  const kube = allowing(({ resource, namespace }) => resource === 'configmaps' && namespace === 'proofs')
  const write = await configMapIn(kube, place, undefined)
  await write(contentWith('not-run'))
  await write(contentWith('pass'))
  expect(kube.objects).toMatchObject([{ metadata: place, data: { verdict: 'pass' } }])
})

test.each(['create', 'patch'])('who may not %s is told before anything runs', async (verb) => {
  const kube = allowing((permission) => permission.verb !== verb)
  expect(await errorOf(configMapIn(kube, place, undefined))).toMatchObject({
    code: 'MP-173',
    exitCode: 2,
    message: expect.stringContaining(`${verb} configmaps suites-1 in proofs`),
  })
})

test('outside a pod there is no own cluster to keep anything in', async () => {
  setVariable('KUBERNETES_SERVICE_HOST', '')
  expect(await errorOf(ownConfigMap('configmap:proofs'))).toMatchObject({ code: 'MP-172' })
})

test('it belongs to the Job of its pod, which Kubernetes deletes it with', () => {
  const { metadata } = configMapOf(place, contentWith('pass'), { name: 'suites', uid: 'of-the-job' })
  expect(metadata).toMatchObject({
    ...place,
    labels: {
      'app.kubernetes.io/name': 'meshproof',
      'app.kubernetes.io/component': 'results',
      'batch.kubernetes.io/job-name': 'suites',
    },
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'suites', uid: 'of-the-job' }],
  })
})

test('without a Job it belongs to nobody', () => {
  expect(configMapOf(place, contentWith('pass'), undefined).metadata).not.toHaveProperty('ownerReferences')
})

test('more than a ConfigMap can hold is refused', () => {
  const content = { ...contentWith('pass'), binaryData: { 'results.json.gz': randomBytes(1_100_000) } }
  expect(() => configMapOf(place, content, undefined)).toThrow(
    expect.objectContaining({ code: 'MP-174', next: expect.stringContaining('--report-dir') }),
  )
})
