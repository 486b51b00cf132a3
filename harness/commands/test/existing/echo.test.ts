import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { errorOf } from '#testing/edge.ts'
import { fakeKube, type FakeKube } from '#testing/fake-kube.ts'
import { deployEcho } from './echo.ts'
import { troubleOf } from './workloads.ts'

const pod = (name: string, namespace: string, status: object): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  spec: { containers: [] },
  status,
})
const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
const never = new AbortController().signal
const deploy = (kube: FakeKube, within?: number): Promise<void> =>
  deployEcho({ name: 'east', context: 'a', version: 'v1', kube }, 'echo:1', ['v1', 'v2'], never, within)

test('echo is in our own namespaces, with a service for the echo of every cluster', async () => {
  const kube = fakeKube(pod('echo', 'meshproof-app1', ready), pod('echo-outside', 'meshproof-legacy', ready))
  await deploy(kube)
  const made = kube.objects.filter(({ kind }) => kind !== 'Pod')
  expect(new Set(made.map(({ metadata }) => metadata?.namespace))).toEqual(
    new Set(['meshproof-app1', 'meshproof-legacy']),
  )
  const names = made.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata?.name)
  expect(names).toEqual(['echo-v1', 'echo-v2', 'echo-all', 'echo-near', 'echo-pods', 'echo-only-v1'])
  expect(made.find(({ kind }) => kind === 'StatefulSet')).toMatchObject({
    metadata: { name: 'echo-v1' },
    spec: {
      template: { spec: { containers: [{ image: 'echo:1', args: expect.arrayContaining(['--cluster=east']) }] } },
    },
  })
})

test('a cluster that cannot start the image says why', async () => {
  const waiting = { reason: 'ImagePullBackOff', message: 'not found' }
  const stuck = pod('echo', 'meshproof-app1', { containerStatuses: [{ image: 'echo:1', state: { waiting } }] })
  // The workloads come up by themselves, and do not take the echo's trouble for their own.
  expect(await troubleOf(fakeKube(stuck), 'workloads')).toBeUndefined()
  expect(await errorOf(deploy(fakeKube(stuck), 1))).toMatchObject({
    code: 'MP-371',
    message: expect.stringMatching(/context a, echo:1.*not found/),
    next: expect.stringContaining('--echo-image'),
  })
})
