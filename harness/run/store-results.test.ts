import { expect, test } from 'vitest'
import type { KubeClient, Manifest } from '#kube/client.ts'
import type { Permission } from '#kube/permissions.ts'
import { errorOf, setVariable } from '#testing/edge.ts'
import { fakeKube, type FakeKube } from '#testing/fake-kube.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { ownStore, storeIn } from './store-results.ts'

const place = { namespace: 'proofs', name: 'suites-1' }

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
  const store = await storeIn(kube, place, undefined)
  await store({ results: resultsOf(topologyResult([checkResult({ verdict: 'not-run' })])), folder: 'a' })
  await store({ results: resultsOf(topologyResult([checkResult()])), folder: 'a' })
  expect(kube.objects).toMatchObject([{ metadata: place, data: { verdict: 'pass' } }])
})

test.each(['create', 'patch'])('who may not %s is told before anything runs', async (verb) => {
  const kube = allowing((permission) => permission.verb !== verb)
  expect(await errorOf(storeIn(kube, place, undefined))).toMatchObject({
    code: 'MP-173',
    exitCode: 2,
    message: expect.stringContaining(`${verb} configmaps suites-1 in proofs`),
  })
})

test('outside a pod there is no own cluster to keep them in', async () => {
  setVariable('KUBERNETES_SERVICE_HOST', '')
  expect(await errorOf(ownStore('configmap:proofs'))).toMatchObject({ code: 'MP-172' })
})
