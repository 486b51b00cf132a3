import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { errorOf } from '../testing/edge.ts'
import { loadRecipes } from './recipes.ts'
import { releaseFile } from './release.ts'
import { imagesFor } from './versions.ts'

const built = await loadRecipes()
const published = parse(await readFile(releaseFile, 'utf8')) as { kubernetes: string; roles: { tag: string } }
const source = { istio: built.roles['tag']!, kubernetes: built.kubernetes.slice(1) }
const release = { istio: published.roles.tag, kubernetes: published.kubernetes.slice(1) }

test.each<[Parameters<typeof imagesFor>[0], string]>([
  [{ images: 'auto' }, 'auto'],
  [{ images: 'release' }, 'release'],
  [{ images: 'source' }, 'source'],
  [{ images: 'auto', istio: source.istio }, 'source'],
  [{ images: 'auto', istio: release.istio }, 'release'],
  [{ images: 'auto', kubernetes: source.kubernetes }, 'source'],
  [{ images: 'auto', kubernetes: `v${release.kubernetes}` }, 'release'],
  [{ images: 'source', ...source }, 'source'],
])('images for %j come from %s', async (asked, expected) => {
  expect(await imagesFor(asked)).toBe(expected)
})

test('a version that no source has is refused with those that are', async () => {
  expect(await errorOf(imagesFor({ images: 'auto', istio: '9.99.9' }))).toMatchObject({ code: 'MP-101', next: expect.stringContaining(`${release.istio}, ${source.istio}`) })
  expect(await errorOf(imagesFor({ images: 'auto', kubernetes: `${source.kubernetes}9` }))).toMatchObject({ code: 'MP-101', next: expect.stringContaining(`“${source.kubernetes}”`) })
})

test.each<[Parameters<typeof imagesFor>[0]]>([
  [{ images: 'source', istio: release.istio }],
  [{ images: 'release', kubernetes: source.kubernetes }],
  [{ images: 'auto', istio: source.istio, kubernetes: release.kubernetes }],
])('versions that do not go together are refused: %j', async (asked) => {
  expect(await errorOf(imagesFor(asked))).toMatchObject({ code: 'MP-107', message: expect.stringContaining(source.kubernetes) })
})
