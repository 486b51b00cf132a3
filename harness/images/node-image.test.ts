import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { emptyCache, fakeProgram, scratchFolder, setVariable } from '#testing/edge.ts'
import { artifactPath } from './cache.ts'
import { buildPreloadedNode, hasPreloadedNode, removeNodeImages } from './node-image.ts'

const prefix = 'meshproof/node:checkout-0a1b2c3d-'

/** The calls of docker, in an engine with these images of a checkout. */
const calls = async (images: string[]): Promise<string[]> => {
  const log = join(await scratchFolder(), 'log')
  await fakeProgram('docker', `echo "$*" >> '${log}'\ncase $1 in images) printf '%s\\n' ${images.join(' ')};; esac`)
  await removeNodeImages(prefix, `${prefix}new`)
  return (await readFile(log, 'utf8')).trim().split('\n')
}

test('only the newest node image of a checkout stays, and images of another name are not touched', async () => {
  const [listing, ...removals] = await calls([`${prefix}old`, `${prefix}new`, `${prefix}older`])
  expect(listing).toContain(`reference=${prefix}*`)
  expect(removals).toEqual([`rmi ${prefix}old ${prefix}older`])
})

test('where there is but that one nothing is removed', async () => {
  expect(await calls([`${prefix}new`])).toHaveLength(1)
})

describe('the node image in an engine', () => {
  const tag = 'meshproof/node:0123'
  const archive = (): string => join(artifactPath('node-archive', '0123'), 'image.tar')

  /** An engine whose only image is that of the file `image`, where the file exists. */
  const engine = async (): Promise<{ image: string; asked: () => Promise<string[]> }> => {
    await emptyCache()
    const [image, log] = [join(await scratchFolder(), 'image'), join(await scratchFolder(), 'log')]
    await fakeProgram(
      'docker',
      `echo "$1" >> '${log}'
case $1 in
  image) test -e '${image}' ;;
  save) cp '${image}' "$3" ;;
  load) grep -q whole "$4" && cp "$4" '${image}' ;;
  run) echo container ;;
  commit) echo whole > '${image}' ;;
esac`,
    )
    return { image, asked: async () => (await readFile(log, 'utf8')).trim().split('\n') }
  }
  const steps: string[] = []
  const get = async (): Promise<string[]> => {
    steps.length = 0
    const base = (): Promise<string> => Promise.resolve('bare')
    const writeImages = (to: Writable): Promise<void> => Promise.resolve(void to.end())
    await buildPreloadedNode({ tag, base, writeImages, report: (step) => steps.push(step) })
    return [...steps]
  }

  test('is built once, and the cache keeps it only where it is asked to', async () => {
    await engine()
    expect(await get()).toEqual(['node image', 'preloading the node image'])
    expect(await get()).toEqual([])
    await expect(access(archive())).rejects.toThrow()
    setVariable('MESHPROOF_KEEP_NODE_IMAGE', '1')
    expect(await get()).toEqual(['archive of the node image'])
    expect(await get()).toEqual([])
    expect(await readFile(archive(), 'utf8')).toBe('whole\n')
  })

  test('is loaded from the cache by an engine that lacks it, and is built where that fails', async () => {
    const { image, asked } = await engine()
    setVariable('MESHPROOF_KEEP_NODE_IMAGE', '1')
    expect(await hasPreloadedNode(tag)).toBe(false)
    await get()
    await rm(image)
    expect(await hasPreloadedNode(tag)).toBe(true)
    expect(await get()).toEqual(['node image from the cache'])
    expect((await asked()).filter((call) => call === 'commit')).toHaveLength(1)

    await rm(image)
    await writeFile(archive(), 'half')
    expect(await get()).toEqual(['node image from the cache', 'node image', 'preloading the node image'])
  })
})
