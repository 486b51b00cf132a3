import { access, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from '../testing/edge.ts'
import { loadRecipes, recipeFolder, recipeKey } from './recipes.ts'
import { stamped } from './stamp.ts'

describe('the recipes', () => {
  test('make every program that an image holds, from a pinned module', async () => {
    const { modules, images, releases } = await loadRecipes()
    const made = modules.flatMap(({ programs }) => programs.map(({ name }) => name)).concat('envoy', 'envoy-bootstrap')
    expect(made).toHaveLength(new Set(made).size)
    expect(images.flatMap(({ programs }) => programs).filter((program) => !made.includes(program))).toEqual([])
    await Promise.all(modules.map(({ name }) => access(join(recipeFolder, name, 'go.mod'))))
    await Promise.all(releases.map(({ envoy }) => access(join(recipeFolder, 'envoy', `${envoy}.txt`))))
  })

  test('name an image for every role that is one', async () => {
    const { images, roles, releases } = await loadRecipes()
    expect(releases.map(({ name }) => name)).toContain(roles['tag'])
    const names = images.map(({ name }) => stamped(name, roles['tag']!))
    expect(names).toHaveLength(new Set(names).size)
    expect(names).toEqual(expect.arrayContaining([`${roles['hub']}/pilot:${roles['tag']}`, `${roles['hub']}/proxyv2:${roles['tag']}`, roles['helloworld-v1'], roles['helloworld-v2'], roles['curl']]))
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
    const keys = [await recipeKey(['amd64'], [folder]), await recipeKey(['arm64'], [folder]), await recipeKey(['amd64'])]
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
