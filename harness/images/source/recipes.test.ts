import { access, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { supportedBy } from '#images/supported-pairs.ts'
import { loadRecipes, recipeFolder, recipeKey } from './recipes.ts'
import { buildsOf, stamped } from './stamp.ts'

describe('the recipes', () => {
  test('make every program that an image holds, from a pinned module', async () => {
    const recipes = await loadRecipes()
    const { modules, images, releases } = recipes
    const built = modules.flatMap(({ programs }) => programs.map(({ name }) => name)).concat('envoy', 'envoy-bootstrap')
    expect(built).toHaveLength(new Set(built).size)
    expect(images.flatMap(({ programs }) => programs).filter((program) => !built.includes(program))).toEqual([])
    const folders = new Set(buildsOf(recipes, releases).map(({ module }) => module.name))
    expect(folders.size).toBe(modules.length - 1 + releases.length)
    await Promise.all([...folders].map((name) => access(join(recipeFolder, name, 'go.mod'))))
    await Promise.all(releases.map(({ envoy }) => access(join(recipeFolder, 'envoy', `${envoy}.txt`))))
  })

  test.each(['coredns', 'etcd', 'metallb'])(
    'build %s of the same versions as Istio, so that packages of both are compiled once',
    async (name) => {
      const versionsOf = async (module: string): Promise<Map<string, string>> => {
        const pins = await readFile(join(recipeFolder, module, 'go.mod'), 'utf8')
        return new Map([...pins.matchAll(/^\t(\S+) (v\S+)/gm)].map(([, path = '', version = '']) => [path, version]))
      }
      const [own, istio] = [await versionsOf(name), await versionsOf('istio')]
      const shared = [...own].filter(([path]) => istio.has(path))
      expect(shared.length).toBeGreaterThan(20)
      expect(shared.filter(([path, version]) => istio.get(path) !== version)).toEqual([])
    },
  )

  test('name an image for every role that is one', async () => {
    const { images, roles, releases } = await loadRecipes()
    expect(releases[0]?.name).toBe(roles['tag'])
    const names = images.map(({ name }) => stamped(name, roles['tag']!))
    expect(names).toHaveLength(new Set(names).size)
    expect(names).toEqual(
      expect.arrayContaining([
        `${roles['hub']}/pilot:${roles['tag']}`,
        `${roles['hub']}/proxyv2:${roles['tag']}`,
        roles['helloworld-v1'],
        roles['helloworld-v2'],
        roles['curl'],
      ]),
    )
  })
})

describe('the recipes of a version of Kubernetes', async () => {
  const { kubernetes: usual, kubernetesVersions } = await loadRecipes()

  test('are those of the first where none is asked for; all others follow, newest first', () => {
    const [first, ...others] = kubernetesVersions
    expect(usual).toBe(first)
    expect(others).toEqual(others.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true })))
    expect(kubernetesVersions).toHaveLength(new Set(kubernetesVersions).size)
  })

  test.each(['1.30', '1.31'])('are those of every minor that Istio %s supports', (istio) => {
    const [lowest, highest] = supportedBy(istio)!
    const minors = kubernetesVersions.map((version) => Number(version.split('.')[1]))
    expect(minors.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index),
    )
  })

  test.each(kubernetesVersions)('%s build it from its module and the parts of the same version', async (version) => {
    const minor = version.slice(1).split('.', 2).join('.')
    const recipes = await loadRecipes(minor)
    expect(recipes.kubernetes).toBe(version)
    expect(await loadRecipes(version.slice(1))).toEqual(recipes)
    const module = recipes.modules.find(({ programs }) => programs.some(({ name }) => name === 'kubelet'))!
    expect(module.ldflags).toMatch(new RegExp(`gitVersion=${version} .*gitMajor=1 .*gitMinor=${minor.slice(2)} `))
    const pins = await readFile(join(recipeFolder, module.name, 'go.mod'), 'utf8')
    expect(pins).toContain(`require k8s.io/kubernetes ${version}\n`)
    const parts = [...pins.matchAll(/^\tk8s\.io\/(\S+) => k8s\.io\/(\S+) (\S+)$/gm)]
    expect(parts.length).toBeGreaterThan(25)
    for (const [, part, from, of] of parts) expect([from, of]).toEqual([part, version.replace('v1', 'v0')])
    expect(recipes.images.filter(({ name }) => /\/kube-/.test(name)).map(({ name }) => name.split(':')[1])).toEqual(
      Array(4).fill(version),
    )
    expect(JSON.stringify(recipes)).not.toMatch(/\{(kubernetes|minor)\}/)
  })

  test('that they do not have are refused with those that they do', async () => {
    await expect(loadRecipes('1.31')).rejects.toMatchObject({
      code: 'MP-101',
      next: expect.stringContaining(kubernetesVersions.join(', ')),
    })
  })
})

describe('the key of an artifact', () => {
  const recipe = async (): Promise<{ folder: string; write: (file: string, content: string) => Promise<void> }> => {
    const path = await scratchFolder()
    return { folder: relative(recipeFolder, path), write: (file, content) => writeFile(join(path, file), content) }
  }

  test('stays the same while nothing changes', async () => {
    const { folder, write } = await recipe()
    await write('go.sum', 'h1:one')
    expect(await recipeKey([folder, 'amd64'], [folder])).toBe(await recipeKey([folder, 'amd64'], [folder]))
  })

  test('changes with a value, with a file’s content, with its name and with a new file', async () => {
    const { folder, write } = await recipe()
    await write('go.sum', 'h1:one')
    const keys = [
      await recipeKey(['amd64'], [folder]),
      await recipeKey(['arm64'], [folder]),
      await recipeKey(['amd64']),
    ]
    await write('go.sum', 'h1:two')
    keys.push(await recipeKey(['amd64'], [folder]))
    await write('tools.go', '')
    keys.push(await recipeKey(['amd64'], [folder]))
    await write('tools.go', 'h1:two')
    await write('go.sum', '')
    keys.push(await recipeKey(['amd64'], [folder]))
    expect(new Set(keys).size).toBe(6)
  })
})
