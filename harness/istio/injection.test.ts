import { beforeEach, expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { emptyCache, errorOf } from '#testing/edge.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { idleLab, variant } from '#testing/idle-lab.ts'
import { requireOnly } from './injection.ts'

const istiod = (name: string, revision: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'istio-system', labels: { app: 'istiod', 'istio.io/rev': revision } },
})
const injector = (name: string, revision: string): Manifest => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name, labels: { app: 'sidecar-injector', 'istio.io/rev': revision } },
})

const holding = async (
  of: 'cluster1' | 'cluster2',
  revision: string | undefined,
  ...objects: Manifest[]
): Promise<[LabCluster, Lab]> => {
  const lab = await idleLab({ ...(await variant('gateway')), ...(revision === undefined ? {} : { revision }) })
  const cluster = lab.cluster(of)
  Object.defineProperty(cluster, 'kube', { value: fakeKube(...objects) })
  return [cluster, lab]
}

beforeEach(emptyCache)

test('a control plane with its injectors, the tag’s among them, is alone', async () => {
  await expect(
    requireOnly(
      ...(await holding(
        'cluster1',
        undefined,
        istiod('istiod', 'default'),
        injector('istio-sidecar-injector', 'default'),
      )),
    ),
  ).resolves.toBeUndefined()
  await expect(
    requireOnly(
      ...(await holding(
        'cluster1',
        'next',
        istiod('istiod-next', 'next'),
        injector('istio-sidecar-injector-next', 'next'),
        injector('istio-revision-tag-default', 'next'),
      )),
    ),
  ).resolves.toBeUndefined()
  await expect(
    requireOnly(...(await holding('cluster2', 'next', injector('istio-sidecar-injector-next', 'next')))),
  ).resolves.toBeUndefined()
})

test.each<[string, 'cluster1' | 'cluster2', Manifest[], string]>([
  [
    'an istiod of before',
    'cluster1',
    [istiod('istiod-next', 'next'), istiod('istiod', 'default'), injector('istio-sidecar-injector-next', 'next')],
    'istiod is of default',
  ],
  [
    'an injector of before',
    'cluster2',
    [injector('istio-sidecar-injector-next', 'next'), injector('istio-sidecar-injector', 'default')],
    'istio-sidecar-injector is of default',
  ],
  ['no istiod', 'cluster1', [injector('istio-sidecar-injector-next', 'next')], 'istiod is missing'],
  ['no injector', 'cluster2', [], 'an injector is missing'],
])('%s is told', async (_, of, objects, why) => {
  expect(await errorOf(requireOnly(...(await holding(of, 'next', ...objects))))).toMatchObject({
    code: 'MP-520',
    message: expect.stringContaining(why),
  })
})
