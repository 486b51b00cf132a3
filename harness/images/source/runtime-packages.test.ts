import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { runtimePackages } from './runtime-packages.ts'

/** Writes the package.json of each folder, and returns the folder that holds them. */
const installed = async (packages: Record<string, object>, links: Record<string, string> = {}): Promise<string> => {
  const top = await scratchFolder()
  for (const [folder, content] of Object.entries(packages)) {
    await mkdir(join(top, folder), { recursive: true })
    await writeFile(join(top, folder, 'package.json'), JSON.stringify(content))
  }
  for (const [link, target] of Object.entries(links)) {
    await mkdir(dirname(join(top, link)), { recursive: true })
    await symlink(join(top, target), join(top, link))
  }
  return top
}
const placesIn = async (top: string, root: string): Promise<Record<string, string>> =>
  Object.fromEntries((await runtimePackages(join(top, root))).map(({ from, to }) => [to, from.slice(top.length + 1)]))

test('packages of the development alone are left out', async () => {
  const top = await installed({
    '.': {
      dependencies: { zod: '4', b: '1' },
      optionalDependencies: { elsewhere: '1' },
      devDependencies: { typescript: '7' },
    },
    'node_modules/zod': { peerDependencies: { a: '1' }, peerDependenciesMeta: { a: { optional: true } } },
    'node_modules/typescript': {},
    'node_modules/a': {},
    'node_modules/b': { dependencies: { c: '1' } },
    'node_modules/b/node_modules/c': {},
  })
  expect(await placesIn(top, '.')).toEqual({
    'node_modules/zod': 'node_modules/zod',
    'node_modules/b': 'node_modules/b',
    'node_modules/c': 'node_modules/b/node_modules/c',
  })
})

test('two releases of a package stay apart, as npm installs them beside the package', async () => {
  const top = await installed({
    'node_modules/meshproof': { dependencies: { a: '1', c: '1' } },
    'node_modules/a': { dependencies: { c: '2', d: '1' } },
    'node_modules/a/node_modules/c': {},
    'node_modules/c': {},
    'node_modules/d': { dependencies: { c: '1' } },
  })
  expect(await placesIn(top, 'node_modules/meshproof')).toEqual({
    'node_modules/a': 'node_modules/a',
    'node_modules/c': 'node_modules/c',
    'node_modules/a/node_modules/c': 'node_modules/a/node_modules/c',
    'node_modules/d': 'node_modules/d',
  })
})

test('links of pnpm are followed', async () => {
  const store = 'node_modules/.pnpm'
  const top = await installed(
    {
      [`${store}/meshproof@1/node_modules/meshproof`]: { dependencies: { a: '1' } },
      [`${store}/a@1/node_modules/a`]: { dependencies: { b: '1' } },
      [`${store}/b@1/node_modules/b`]: {},
    },
    {
      'node_modules/meshproof': `${store}/meshproof@1/node_modules/meshproof`,
      [`${store}/meshproof@1/node_modules/a`]: `${store}/a@1/node_modules/a`,
      [`${store}/a@1/node_modules/b`]: `${store}/b@1/node_modules/b`,
    },
  )
  expect(await placesIn(top, 'node_modules/meshproof')).toEqual({
    'node_modules/a': `${store}/a@1/node_modules/a`,
    'node_modules/b': `${store}/b@1/node_modules/b`,
  })
})

test('a dependency that is not installed is an error', async () => {
  const top = await installed({ '.': { dependencies: { gone: '1' } } })
  await expect(runtimePackages(top)).rejects.toThrow('gone')
})
