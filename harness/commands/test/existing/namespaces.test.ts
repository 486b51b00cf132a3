import { expect, test } from 'vitest'
import { ownNamespaces } from '#checks/existing-target.ts'
import { ownerOf } from '#engine/owner.ts'
import type { Manifest } from '#kube/client.ts'
import { errorOf } from '#testing/edge.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { clearNamespaces, createNamespaces, downIn, removeNamespaces } from './namespaces.ts'

const named = (objects: Manifest[]): string[] => objects.map(({ metadata }) => metadata?.name ?? '').sort()
const foreign: Manifest = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'app1', labels: { 'istio-injection': 'enabled' } },
}
/** No process has this id. */
const dead = (owner: string): string => owner.replace(/\/\d+\//, '/4194999/')

test('a run makes two namespaces, says whose they are, and removes those alone', async () => {
  const kube = fakeKube(foreign)
  await createNamespaces({ context: 'a', kube }, 'run-1', 'host/1/2', { 'istio.io/rev': 'canary' }, { team: 'mesh' })
  expect(kube.objects.slice(1)).toEqual([
    expect.objectContaining({
      metadata: {
        name: 'meshproof-app1',
        labels: { 'istio.io/rev': 'canary', team: 'mesh', 'dev.meshproof.run': 'run-1' },
        annotations: { 'dev.meshproof.owner': 'host/1/2' },
      },
    }),
    expect.objectContaining({
      metadata: {
        name: 'meshproof-legacy',
        labels: { team: 'mesh', 'dev.meshproof.run': 'run-1', 'istio-injection': 'disabled' },
        annotations: { 'dev.meshproof.owner': 'host/1/2' },
      },
    }),
  ])
  await removeNamespaces({ context: 'a', kube }, 'run-2')
  expect(named(kube.objects)).toEqual(['app1', 'meshproof-app1', 'meshproof-legacy'])
  await removeNamespaces({ context: 'a', kube }, 'run-1')
  expect(kube.objects).toEqual([foreign])
})

test('what a killed run left is removed', async () => {
  const kube = fakeKube(foreign)
  await createNamespaces({ context: 'a', kube }, 'run-1', dead(await ownerOf(process.pid)), {}, {})
  expect(await clearNamespaces({ context: 'a', kube })).toEqual(['run-1'])
  expect(kube.objects).toEqual([foreign])
  expect(await clearNamespaces({ context: 'a', kube })).toEqual([])
})

test.each([
  ['of a run that is still going', async () => ownerOf(process.pid)],
  ['of a run on another host', () => Promise.resolve('elsewhere/1/2')],
  ['of nobody known', () => Promise.resolve('')],
])('a namespace %s is left alone', async (_, owner) => {
  const kube = fakeKube()
  await createNamespaces({ context: 'a', kube }, 'run-1', await owner(), {}, {})
  expect(await errorOf(clearNamespaces({ context: 'a', kube }))).toMatchObject({
    code: 'MP-144',
    message: expect.stringContaining('run-1'),
  })
  expect(kube.objects).toHaveLength(2)
})

test('a namespace of our name that somebody else made is left alone', async () => {
  const theirs: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ownNamespaces.outside } }
  const kube = fakeKube(theirs)
  expect(await errorOf(clearNamespaces({ context: 'a', kube }))).toMatchObject({
    code: 'MP-140',
    message: expect.stringContaining('context a'),
  })
  expect(await errorOf(createNamespaces({ context: 'a', kube }, 'run-1', 'host/1/2', {}, {}))).toMatchObject({
    code: 'MP-402',
  })
  expect(kube.objects).toContain(theirs)
})

test('down removes what ended runs left in clusters, and a living one’s only when told to', async () => {
  const [kubeA, kubeB] = [fakeKube(foreign), fakeKube()]
  const owner = await ownerOf(process.pid)
  await createNamespaces({ context: 'a', kube: kubeA }, 'run-1', dead(owner), {}, {})
  await createNamespaces({ context: 'b', kube: kubeB }, 'run-2', owner, {}, {})
  const clusters = [
    { context: 'a', kube: kubeA },
    { context: 'b', kube: kubeB },
  ]
  const said: string[] = []
  const down = (options: { all?: boolean; run?: string }): Promise<number> =>
    downIn(clusters, { all: false, run: undefined, ...options }, (line) => said.push(line))
  await down({ run: 'run-2' })
  expect([kubeA, kubeB].map(({ objects }) => objects.length)).toEqual([3, 2])
  await down({})
  expect([kubeA, kubeB].map(({ objects }) => objects.length)).toEqual([1, 2])
  await down({ all: true, run: 'run-2' })
  expect([kubeA, kubeB].map(({ objects }) => objects.length)).toEqual([1, 0])
  expect(said).toEqual([
    expect.stringMatching(/^Nothing of ours/),
    'Removed what is left of run run-1 in a.',
    'Removed what is left of run run-2 in b.',
  ])
})
