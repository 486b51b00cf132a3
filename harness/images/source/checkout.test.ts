import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { scratchFolder, withoutPrograms } from '#testing/edge.ts'
import { bootstrapFile, checkoutSource, readCheckout, withCheckout } from './checkout.ts'
import { loadRecipes } from './recipes.ts'
import { sourceItems } from './source-items.ts'
import { buildsOf, imagesOf } from './stamp.ts'
import { resolveImageSource } from '#images/versions.ts'

const source = { 'go.mod': 'module istio.io/istio\n\ngo 1.26.0\n', VERSION: '1.32\n', [bootstrapFile]: '{}' }

/** A folder with the files by which a checkout of Istio is known. */
const checkout = async (files: Record<string, string> = source, folder?: string): Promise<string> => {
  const root = folder ?? (await scratchFolder())
  await mkdir(join(root, bootstrapFile, '..'), { recursive: true })
  await Promise.all(Object.entries(files).map(([file, content]) => writeFile(join(root, file), content)))
  return root
}

const git = (folder: string, ...words: string[]): Promise<unknown> =>
  execa('git', [
    '-C',
    folder,
    '-c',
    'user.name=test',
    '-c',
    'user.email=test@example.com',
    '-c',
    'commit.gpgsign=false',
    ...words,
  ])

describe('the version of a checkout', () => {
  test('is that of its commit, and says where something is not committed', async () => {
    const folder = await checkout()
    await git(folder, 'init', '--quiet')
    await git(folder, 'add', '.')
    await git(folder, 'commit', '--quiet', '--message', 'one')
    await git(folder, 'tag', '1.31.0')
    const { version } = await readCheckout(folder)
    expect(version).toMatch(/^1\.32-dev-[0-9a-f]{7,}$/)
    await writeFile(join(folder, 'VERSION'), '1.32\n# changed\n')
    expect((await readCheckout(folder)).version).toBe(`${version}-dirty`)
    // A copy inside another work tree does not have the commit of that work tree.
    const copy = join(folder, 'copy')
    expect(await readCheckout(await checkout(source, copy))).toEqual({ folder: copy, version: '1.32-dev-local' })
  })

  test('is local without git, and a tag that images can have', async () => {
    const folder = await checkout()
    expect((await readCheckout(folder)).version).toBe('1.32-dev-local')
    await withoutPrograms()
    expect((await readCheckout(folder)).version).toMatch(/^[\w][\w.-]{0,127}$/)
  })
})

test.each<[string, Partial<typeof source>]>([
  ['no go.mod', { VERSION: '1.32' }],
  ['that of example.com/other', { ...source, 'go.mod': 'module example.com/other\n' }],
  ['no VERSION', { ...source, VERSION: 'main' }],
  [`no ${bootstrapFile}`, { 'go.mod': source['go.mod'], VERSION: '1.32' }],
])('a folder that is no checkout is refused: %s', async (why, files) => {
  const folder = await realpath(await checkout(files))
  await expect(readCheckout(folder)).rejects.toMatchObject({
    code: 'MP-350',
    exitCode: 2,
    message: expect.stringMatching(new RegExp(`\\(${folder}\\): .*${why}`)),
    next: expect.stringContaining('--istio-source'),
  })
})

describe('with a checkout', () => {
  test('images come from source, also where published images could be pulled', async () => {
    const istioSource = await checkout()
    expect(await resolveImageSource({ images: 'auto', istioSource })).toBe('source')
    expect(await resolveImageSource({ images: 'source', istioSource, kubernetes: '1.33' })).toBe('source')
    await expect(resolveImageSource({ images: 'auto', istioSource: join(istioSource, 'none') })).rejects.toMatchObject({
      code: 'MP-350',
    })
  })

  test('another Istio is refused', async () => {
    const istioSource = await checkout()
    await expect(checkoutSource(istioSource, { images: 'release', istio: '1.30.4' })).rejects.toMatchObject({
      code: 'MP-107',
      message: expect.stringContaining('--images=release, --istio=1.30.4'),
    })
    await expect(resolveImageSource({ images: 'auto', istio: '1.31-dev', istioSource })).rejects.toMatchObject({
      code: 'MP-107',
      next: expect.stringContaining('Leave out --istio=1.31-dev, or --istio-source'),
    })
  })

  test('Istio’s programs are built every time, from the checkout and with its version, and no others', async () => {
    const recipes = await loadRecipes()
    const folder = await checkout()
    const changed = withCheckout(recipes, await readCheckout(folder))
    const builds = buildsOf(changed, changed.releases).filter(({ module }) => module.checkout !== undefined)
    expect(builds.map(({ artifact, module }) => [artifact, module.checkout, module.ldflags.split('=').at(-1)])).toEqual(
      ['pilot-discovery', 'pilot-agent', 'istioctl'].map((program) => [
        `${program}-1.32-dev-local`,
        folder,
        '1.32-dev-local',
      ]),
    )
    const keys = async (subject: typeof recipes): Promise<Map<string, string | undefined>> =>
      new Map((await sourceItems(subject, subject.releases.slice(0, 1), 'amd64')).map(({ name, key }) => [name, key]))
    const [before, after] = [await keys(recipes), await keys(changed)]
    expect([...after].filter(([, key]) => key === undefined).map(([name]) => name)).toEqual([
      ...builds.map(({ artifact }) => artifact),
      'envoy-bootstrap-1.32-dev-local',
    ])
    for (const [name, key] of after) if (key !== undefined) expect(before.get(name)).toBe(key)
  })

  test.each([
    ['1.30', '1.30-dev'],
    ['1.31', '1.31-dev'],
    ['1.32', '1.31-dev'],
  ])('of %s, the proxies have the Envoy of %s', async (version, release) => {
    const recipes = await loadRecipes()
    const changed = withCheckout(recipes, await readCheckout(await checkout({ ...source, VERSION: version })))
    expect(changed.releases.map(({ envoy }) => envoy)).toEqual([
      recipes.releases.find(({ name }) => name === release)?.envoy,
    ])
  })

  test('the control plane and the proxies are called by its version', async () => {
    const changed = withCheckout(await loadRecipes(), await readCheckout(await checkout()))
    expect(changed.roles['tag']).toBe('1.32-dev-local')
    const images = imagesOf(changed, changed.releases).filter(({ name }) => name.startsWith('docker.io/istio/p'))
    expect(images.map(({ name, programs: [first] }) => `${name} ${first ?? ''}`)).toEqual([
      'docker.io/istio/pilot:1.32-dev-local pilot-discovery-1.32-dev-local',
      'docker.io/istio/proxyv2:1.32-dev-local pilot-agent-1.32-dev-local',
    ])
  })
})
