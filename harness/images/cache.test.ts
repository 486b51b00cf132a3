import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { emptyCache, scratchFolder, setVariable } from '#testing/edge.ts'
import { artifact, artifactAsMade, artifactPath, isCached, requireCache } from './cache.ts'

const cached = async (): Promise<string[]> => readdir(join(artifactPath('x', 'y'), '..'))

describe('an artifact', () => {
  test('is made once, in the user’s cache', async () => {
    const cache = await emptyCache()
    let builds = 0
    const make = async (folder: string): Promise<void> => {
      builds += 1
      await writeFile(join(folder, 'kind'), 'program')
    }
    const folder = await artifact('kind', '0123', make)
    expect(await artifact('kind', '0123', make)).toBe(folder)
    expect(builds).toBe(1)
    expect(folder.startsWith(cache)).toBe(true)
    expect(await readFile(join(folder, 'kind'), 'utf8')).toBe('program')
  })

  test('is made anew under another key', async () => {
    await emptyCache()
    const old = await artifact('kind', '0123', (folder) => writeFile(join(folder, 'kind'), 'old'))
    const other = await artifact('kind', '4567', (folder) => writeFile(join(folder, 'kind'), 'new'))
    expect([await readFile(join(old, 'kind'), 'utf8'), await readFile(join(other, 'kind'), 'utf8')]).toEqual([
      'old',
      'new',
    ])
  })

  test('that could not be made leaves nothing, and can be made later', async () => {
    await emptyCache()
    const half = async (folder: string): Promise<void> => {
      await writeFile(join(folder, 'kind'), 'half a prog')
      throw new Error('no space left on device')
    }
    await expect(artifact('kind', '0123', half)).rejects.toThrow('no space left')
    expect(await cached()).toEqual([])
    const folder = await artifact('kind', '0123', (path) => writeFile(join(path, 'kind'), 'program'))
    expect(await readFile(join(folder, 'kind'), 'utf8')).toBe('program')
  })

  test('does not count as cached while it is being made', async () => {
    await emptyCache()
    await artifact('kind', '0123', async (folder) => {
      await writeFile(join(folder, 'kind'), 'half a prog')
      expect(await isCached('kind', '0123')).toBe(false)
    })
    expect(await isCached('kind', '0123')).toBe(true)
  })

  test('made by two runs at the same time exists once, for both', async () => {
    await emptyCache()
    const bothStarted = Promise.withResolvers<undefined>()
    let making = 0
    const make = async (folder: string): Promise<void> => {
      await writeFile(join(folder, 'kind'), 'program')
      if (++making === 2) bothStarted.resolve(undefined)
      await bothStarted.promise
    }
    const folders = await Promise.all([artifact('kind', '0123', make), artifact('kind', '0123', make)])
    expect(new Set(folders)).toEqual(new Set([artifactPath('kind', '0123')]))
    expect(await cached()).toEqual(['kind-0123'])
  })
})

describe('the cache folder', () => {
  test('is made where it is missing, and left empty', async () => {
    const cache = await emptyCache()
    await requireCache()
    expect(await readdir(join(cache, 'meshproof'))).toEqual([])
  })

  test('that cannot be created is named, with a next step', async () => {
    const file = join(await scratchFolder(), 'a-file')
    await writeFile(file, '')
    setVariable('XDG_CACHE_HOME', file)
    await expect(requireCache()).rejects.toMatchObject({
      code: 'MP-301',
      message: expect.stringContaining(file),
      next: expect.stringContaining('XDG_CACHE_HOME'),
    })
  })
})

describe('what is made every time', () => {
  const holding =
    (content: string, file = 'istiod') =>
    (folder: string): Promise<void> =>
      writeFile(join(folder, file), content)

  test('is the same artifact while the result is the same, and another one when it differs', async () => {
    await emptyCache()
    const first = await artifactAsMade('istiod', holding('program'))
    expect(await artifactAsMade('istiod', holding('program'))).toBe(first)
    expect(
      new Set([
        first,
        await artifactAsMade('istiod', holding('changed')),
        await artifactAsMade('istiod', holding('program', 'renamed')),
      ]).size,
    ).toBe(3)
    expect(await readFile(join(first, 'istiod'), 'utf8')).toBe('program')
    expect(await cached()).toHaveLength(3)
  })

  test('is deleted when nobody has used it for a day; other artifacts stay', async () => {
    await emptyCache()
    const [kept, old, used] = [
      await artifact('kind', '0123', holding('kind')),
      await artifactAsMade('istiod', holding('old')),
      await artifactAsMade('istiod', holding('used')),
    ]
    const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000)
    for (const path of [kept, old, used]) await utimes(path, twoDaysAgo, twoDaysAgo)
    await artifactAsMade('istiod', holding('used'))
    expect((await cached()).map((name) => join(artifactPath('x', 'y'), '..', name)).toSorted()).toEqual(
      [kept, used].toSorted(),
    )
  })

  test('and could not be made leaves nothing', async () => {
    await emptyCache()
    await expect(
      artifactAsMade('istiod', async (folder) => {
        await holding('half')(folder)
        throw new Error('does not compile')
      }),
    ).rejects.toThrow('does not compile')
    expect(await cached()).toEqual([])
  })
})
