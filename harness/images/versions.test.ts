import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { errorOf } from '#testing/edge.ts'
import { loadRecipes } from '#images/source/recipes.ts'
import { releaseFile } from '#images/release/release-plan.ts'
import { resolveImageSource, resolveUpgradeSource, upgradeVersions } from './versions.ts'

const built = await loadRecipes()
const published = parse(await readFile(releaseFile, 'utf8')) as { kubernetes: string; roles: { tag: string } }
const source = { istio: built.roles['tag']!, kubernetes: built.kubernetes.slice(1) }
const release = { istio: published.roles.tag, kubernetes: published.kubernetes.slice(1) }
const olderIstio = built.releases[1]!.name
const minor = ({ kubernetes }: { kubernetes: string }): string => kubernetes.replace(/^v|\.\d+$/g, '')
const older = built.kubernetesVersions.slice(1)

test.each<[Parameters<typeof resolveImageSource>[0], string]>([
  [{ images: 'auto' }, 'auto'],
  [{ images: 'release' }, 'release'],
  [{ images: 'source' }, 'source'],
  [{ images: 'auto', istio: source.istio }, 'source'],
  [{ images: 'auto', istio: release.istio }, 'release'],
  [{ images: 'auto', istio: olderIstio }, 'source'],
  [{ images: 'source', istio: olderIstio, kubernetes: minor(source) }, 'source'],
  [{ images: 'source', istio: '1.30' }, 'source'],
  [{ images: 'source', istio: '1.31' }, 'source'],
  [{ images: 'release', istio: '1.30' }, 'release'],
  [{ images: 'auto', istio: '1.30' }, 'auto'],
  [{ images: 'auto', kubernetes: source.kubernetes }, 'source'],
  [{ images: 'auto', kubernetes: `v${release.kubernetes}` }, 'release'],
  [{ images: 'source', ...source }, 'source'],
  [{ images: 'source', kubernetes: minor(source) }, 'source'],
  [{ images: 'auto', kubernetes: minor(source) }, 'auto'],
  ...older.flatMap((version): [Parameters<typeof resolveImageSource>[0], string][] => [
    [{ images: 'auto', kubernetes: version }, 'source'],
    [{ images: 'auto', kubernetes: minor({ kubernetes: version }) }, 'auto'],
  ]),
  [{ images: 'release', kubernetes: source.kubernetes }, 'release'],
  [{ images: 'auto', istio: '1.28.3' }, 'release'],
  [{ images: 'auto', istio: '1.28', kubernetes: '1.33' }, 'release'],
  [{ images: 'auto', istio: '1.20.0' }, 'release'], // nothing is known of what it supports
  [{ images: 'auto', kind: '0.32.0' }, 'release'],
  [{ images: 'auto', registry: 'mirror.example' }, 'release'],
])('images for %j come from %s', async (asked, expected) => {
  expect(await resolveImageSource(asked)).toBe(expected)
})

test('a version that no source has is refused with those that are', async () => {
  expect(await errorOf(resolveImageSource({ images: 'auto', istio: 'lab-z' }))).toMatchObject({
    code: 'MP-101',
    next: expect.stringContaining(`${release.istio}, ${source.istio}`),
  })
  expect(await errorOf(resolveImageSource({ images: 'auto', kubernetes: `${source.kubernetes}.9` }))).toMatchObject({
    code: 'MP-101',
    next: expect.stringContaining(`“${source.kubernetes}”`),
  })
})

test.each<[Parameters<typeof resolveImageSource>[0]]>([
  [{ images: 'source', istio: release.istio }],
  [{ images: 'release', istio: source.istio }],
  [{ images: 'source', registry: 'mirror.example' }],
  [{ images: 'source', kind: '0.32.0' }],
  [{ images: 'source', kubernetes: '1.37' }],
  [{ images: 'auto', istio: source.istio, kubernetes: release.kubernetes }],
])('versions that do not go together are refused: %j', async (asked) => {
  expect(await errorOf(resolveImageSource(asked))).toMatchObject({
    code: 'MP-107',
    message: expect.stringContaining(source.kubernetes),
  })
})

test.each<[Parameters<typeof resolveImageSource>[0], string]>([
  [{ images: 'release', istio: '1.28.3', kubernetes: '1.35' }, 'Istio 1.28.3 supports Kubernetes 1.30 to 1.34'],
  [{ images: 'auto', kubernetes: '1.37' }, `Istio ${release.istio} supports Kubernetes 1.32 to 1.36`],
  [{ images: 'auto', kubernetes: '1.30.2' }, `Istio ${release.istio} supports Kubernetes 1.32 to 1.36`],
  [{ images: 'auto', istio: '1.29.1', kubernetes: 'v1.36.0' }, 'Istio 1.29.1 supports Kubernetes 1.31 to 1.35'],
])(
  'MP-153: an Istio that does not support that Kubernetes is refused before anything is asked: %j',
  async (asked, why) => {
    expect(await errorOf(resolveImageSource(asked))).toMatchObject({
      code: 'MP-153',
      message: expect.stringContaining(why),
    })
  },
)

test.each<[Parameters<typeof resolveUpgradeSource>, string]>([
  [[{ images: 'auto' }, { from: olderIstio, to: source.istio }], 'source'],
  [[{ images: 'auto' }, { from: '1.30', to: '1.31' }], 'source'],
  [[{ images: 'source' }, { from: source.istio, to: '1.30' }], 'source'],
  [[{ images: 'auto' }, { from: '1.29.2', to: release.istio }], 'release'],
  [[{ images: 'release' }, { from: '1.29.2', to: '1.30.0' }], 'release'],
])('releases of %j come from %s', async (asked, expected) => {
  expect(await resolveUpgradeSource(...asked)).toBe(expected)
})

test('a release that nobody has is refused with the nearest, whatever the other one is', async () => {
  expect(await errorOf(resolveUpgradeSource({ images: 'auto' }, { from: '1.30', to: '1.31-dex' }))).toMatchObject({
    code: 'MP-101',
    next: expect.stringContaining('“1.31-dev”'),
  })
  expect(await errorOf(resolveUpgradeSource({ images: 'release' }, { from: '1.30.x', to: '1.30.4' }))).toMatchObject({
    code: 'MP-101',
    next: expect.stringContaining(`“${release.istio}”`),
  })
})

test.each<[Parameters<typeof resolveUpgradeSource>]>([
  [[{ images: 'auto' }, { from: '1.30', to: '1.30.4' }]],
  [[{ images: 'release' }, { from: '1.30', to: '1.31' }]],
  [[{ images: 'source' }, { from: '1.29.2', to: '1.30.4' }]],
])('releases that no wanted source has both of are refused: %j', async ([wanted, names]) => {
  expect(await errorOf(resolveUpgradeSource(wanted, names))).toMatchObject({
    code: 'MP-107',
    message: expect.stringContaining(`${names.from} and ${names.to}, --images=${wanted.images}`),
  })
})

test('a release of an upgrade is the one that is built, by its minor or by its name', async () => {
  const { kubernetes } = source
  expect(await upgradeVersions({ images: 'source' }, { from: '1.30', to: '1.31-dev' })).toEqual({
    from: '1.30-dev',
    to: '1.31-dev',
    kubernetes,
  })
  expect(await upgradeVersions({ images: 'release' }, { from: '1.29.2', to: '1.30.4' })).toMatchObject({
    from: '1.29.2',
    to: '1.30.4',
  })
})
