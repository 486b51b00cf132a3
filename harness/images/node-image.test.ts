import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeProgram, scratchFolder } from '#testing/edge.ts'
import { forgetNodes } from './node-image.ts'

const one = 'meshproof/node:checkout-0a1b2c3d-'

/** Every call of docker’s, where it has these images of a checkout. */
const calls = async (images: string[]): Promise<string[]> => {
  const log = join(await scratchFolder(), 'log')
  await fakeProgram('docker', `echo "$*" >> '${log}'\ncase $1 in images) printf '%s\\n' ${images.join(' ')};; esac`)
  await forgetNodes(one, `${one}new`)
  return (await readFile(log, 'utf8')).trim().split('\n')
}

test('of a checkout’s node images all but the newest are removed, and no other’s', async () => {
  const [asked, ...removed] = await calls([`${one}old`, `${one}new`, `${one}older`])
  expect(asked).toContain(`reference=${one}*`)
  expect(removed).toEqual([`rmi ${one}old ${one}older`])
})

test('where there is but that one nothing is removed', async () => {
  expect(await calls([`${one}new`])).toHaveLength(1)
})
