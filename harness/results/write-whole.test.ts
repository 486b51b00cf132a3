import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { writeWhole } from './write-whole.ts'

test('a reader of a file that is being replaced reads all of the old content', async () => {
  const folder = await scratchFolder()
  const path = join(folder, 'results.json')
  await writeWhole(path, 'old'.repeat(1000))
  const reader = await open(path)
  await writeWhole(path, 'new', 0o600)
  expect(await reader.readFile('utf8')).toBe('old'.repeat(1000))
  await reader.close()
  expect(await readFile(path, 'utf8')).toBe('new')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(['results.json'])
})

test('a file that cannot be written changes nothing', async () => {
  const folder = await scratchFolder()
  await mkdir(join(folder, 'results.json'))
  await expect(writeWhole(join(folder, 'results.json'), 'new')).rejects.toThrow()
  expect(await readdir(folder, { recursive: true })).toEqual(['results.json'])
})
