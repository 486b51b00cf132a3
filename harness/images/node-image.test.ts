import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeProgram, scratchFolder } from '#testing/edge.ts'
import { removeNodeImages } from './node-image.ts'

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
