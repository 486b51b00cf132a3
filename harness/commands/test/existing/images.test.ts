import { expect, test } from 'vitest'
import { rolesOf } from '#images/versions.ts'
import type { Manifest } from '#kube/client.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { workloadImages } from './images.ts'
import { readsOf, type Reads } from '#probes/survey/reads.ts'

/** A cluster whose nodes hold these images. */
const holding = (...nodes: string[][]): { reads: Reads } => ({
  reads: readsOf(
    fakeKube(
      ...nodes.map((names, index): Manifest => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: `node${index}` },
        status: { images: names.map((name) => ({ names: [name] })) },
      })),
    ),
  ),
})

const built = await rolesOf('source')
const all = [built['helloworld-v1'] ?? '', built['helloworld-v2'] ?? '', built['curl'] ?? '']

test('what was asked for is taken, wherever it may come from', async () => {
  expect(await workloadImages('release', [])).toMatchObject({
    source: 'release',
    roles: await rolesOf('release'),
    why: 'as asked',
  })
  expect(await workloadImages('source', [])).toMatchObject({ source: 'source', roles: built, why: 'as asked' })
})

test.each([
  ['every node has them', [holding(all), holding(all, all)], 'source'],
  ['a node has none', [holding(all), holding(all, [])], 'release'],
  ['a node lacks one', [holding(all), holding(all.slice(1))], 'release'],
  ['no nodes are told', [holding(), holding()], 'release'],
])(
  'without a wish, images built from source are taken only where every node has them: %s',
  async (_, clusters, source) => {
    expect(await workloadImages('auto', clusters)).toMatchObject({ source, roles: await rolesOf(source as 'source') })
  },
)

test('nodes that may not be read hold nothing', async () => {
  const kube = Object.assign(fakeKube(), { list: () => Promise.reject(new Error('forbidden')) })
  expect(await workloadImages('auto', [{ reads: readsOf(kube) }])).toMatchObject({
    source: 'release',
    why: 'the clusters pull them',
  })
})
