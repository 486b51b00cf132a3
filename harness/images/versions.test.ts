import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { errorOf } from '../testing/edge.ts'
import { loadRecipes } from './recipes.ts'
import { releaseFile } from './release-plan.ts'
import { imagesFor, upgradeSource } from './versions.ts'

const built = await loadRecipes()
const published = parse(await readFile(releaseFile, 'utf8')) as { kubernetes: string; roles: { tag: string } }
const source = { istio: built.roles['tag']!, kubernetes: built.kubernetes.slice(1) }
const release = { istio: published.roles.tag, kubernetes: published.kubernetes.slice(1) }
const minor = ({ kubernetes }: { kubernetes: string }): string => kubernetes.replace(/^v|\.\d+$/g, '')
const older = built.kubernetesVersions.slice(1)

test.each<[Parameters<typeof imagesFor>[0], string]>([
  [{ images: 'auto' }, 'auto'],
  [{ images: 'release' }, 'release'],
  [{ images: 'source' }, 'source'],
  [{ images: 'auto', istio: source.istio }, 'source'],
  [{ images: 'auto', istio: release.istio }, 'release'],
  [{ images: 'auto', kubernetes: source.kubernetes }, 'source'],
  [{ images: 'auto', kubernetes: `v${release.kubernetes}` }, 'release'],
  [{ images: 'source', ...source }, 'source'],
  [{ images: 'source', kubernetes: minor(source) }, 'source'],
  [{ images: 'auto', kubernetes: minor(source) }, 'auto'],
  ...older.flatMap((version): [Parameters<typeof imagesFor>[0], string][] => [
    [{ images: 'auto', kubernetes: version }, 'source'], [{ images: 'auto', kubernetes: minor({ kubernetes: version }) }, 'source'],
  ]),
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

test.each<[Parameters<typeof upgradeSource>, string]>([
  [[{ images: 'auto' }, { from: 'lab-a', to: 'lab-b' }], 'source'],
  [[{ images: 'source' }, { from: source.istio, to: 'lab-a' }], 'source'],
  [[{ images: 'auto' }, { from: '1.29.2', to: release.istio }], 'release'],
  [[{ images: 'release' }, { from: '1.29.2', to: '1.30.0' }], 'release'],
])('releases of %j come from %s', async (asked, expected) => {
  expect(await upgradeSource(...asked)).toBe(expected)
})

test('a release that nobody has is refused with the nearest, whatever the other one is', async () => {
  expect(await errorOf(upgradeSource({ images: 'auto' }, { from: 'lab-a', to: 'lab-bb' }))).toMatchObject({ code: 'MP-101', next: expect.stringContaining('“lab-b”') })
  expect(await errorOf(upgradeSource({ images: 'release' }, { from: '1.30', to: '1.30.4' }))).toMatchObject({ code: 'MP-101', next: expect.stringContaining(`“${release.istio}”`) })
})

test.each<[Parameters<typeof upgradeSource>]>([
  [[{ images: 'auto' }, { from: 'lab-a', to: '1.30.4' }]],
  [[{ images: 'release' }, { from: 'lab-a', to: 'lab-b' }]],
  [[{ images: 'source' }, { from: '1.29.2', to: '1.30.4' }]],
])('releases that no wanted source has both of are refused: %j', async ([wanted, names]) => {
  expect(await errorOf(upgradeSource(wanted, names))).toMatchObject({ code: 'MP-107', message: expect.stringContaining(`${names.from} and ${names.to}, --images=${wanted.images}`) })
})
