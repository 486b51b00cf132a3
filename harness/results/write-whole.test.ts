import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
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

// write-file-atomic 8.0.0 does not notice a short write, and puts half of the content in place.
test('a disk that takes only a part of the content leaves the old content', async () => {
  const folder = await scratchFolder()
  const path = join(folder, 'results.json')
  await writeWhole(path, 'old')
  const program = `
    process.on('SIGXFSZ', () => undefined)
    const { writeWhole } = await import(process.argv[1])
    await writeWhole(process.argv[2], 'new'.repeat(100_000))`
  const limited = 'ulimit -f 64; exec "$0" --input-type=module --eval "$@"'
  const whole = join(import.meta.dirname, 'write-whole.ts')
  const { exitCode, stderr } = await execa('sh', ['-c', limited, process.execPath, program, whole, path], {
    reject: false,
  })
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('EFBIG') })
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(folder)).toEqual(['results.json'])
})
