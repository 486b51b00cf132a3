import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { bundleFolder } from './folder.ts'

const known = 'nobody-knows-it-by-its-looks'
const secret = `token: abcdef.0123456789abcdef ${known}`
const generous = 20_000_000

test('whatever is written is redacted: plain, compressed, and what the index says of what is missing', async () => {
  const folder = await scratchFolder()
  const bundle = bundleFolder(folder, generous, [known])
  await bundle.write('cluster1/a.txt', secret)
  await bundle.write('cluster1/b.json.gz', secret)
  bundle.missing('cluster1/c.txt', `refused: ${secret}`)
  expect(await bundle.close([`it ended with ${secret}`])).toBe(true)
  const [plain, packed, index] = await Promise.all(
    ['cluster1/a.txt', 'cluster1/b.json.gz', 'index.md'].map((file) => readFile(join(folder, file))),
  )
  expect(plain?.toString()).toBe('token: [redacted] [redacted]')
  expect(gunzipSync(packed!).toString()).toBe('token: [redacted] [redacted]')
  expect(index?.toString()).toContain('it ended with token: [redacted] [redacted]')
  expect(index?.toString()).toContain('- `cluster1/a.txt` 28\n')
  expect(index?.toString()).toContain('- `cluster1/c.txt`: refused: token: [redacted] [redacted]\n')
})

test('a file that no longer fits is left out and listed, a smaller one still has its place', async () => {
  const folder = await scratchFolder()
  const bundle = bundleFolder(folder, 201_000, [])
  await bundle.write('small.txt', 'x'.repeat(600))
  await bundle.write('large.txt', 'x '.repeat(250))
  await bundle.write('smaller.txt', 'x'.repeat(300))
  await bundle.close([])
  expect((await readdir(folder)).sort()).toEqual(['index.md', 'small.txt', 'smaller.txt'])
  expect(await readFile(join(folder, 'index.md'), 'utf8')).toContain('- `large.txt`: its 500 bytes no longer fit\n')
})

test('of a long log the last lines are kept, and nothing of a secret that the cut goes through', async () => {
  const folder = await scratchFolder()
  const bundle = bundleFolder(folder, generous, [])
  const lines = `${'an early line\n'.repeat(100_000)}${'a late line\n'.repeat(160_000)}the end`
  await bundle.write('long.log', lines)
  await bundle.write('long.txt', lines)
  const log = await readFile(join(folder, 'long.log'), 'utf8')
  expect(log.startsWith('[the lines before are left out]\nan early line\n')).toBe(true)
  expect(log.endsWith('a late line\nthe end')).toBe(true)
  expect(log.length).toBeLessThan(2_000_100)
  expect(await readFile(join(folder, 'long.txt'), 'utf8')).toBe(lines)
})

test('without anything to write there is no folder', async () => {
  const folder = join(await scratchFolder(), 'bundle')
  const bundle = bundleFolder(folder, generous, [])
  await bundle.write('empty.log', '\n')
  bundle.missing('cluster1', 'the API server does not answer')
  expect(await bundle.close(['fail'])).toBe(false)
  await expect(readdir(folder)).rejects.toThrow('ENOENT')
})

test('no name that a cluster gives leads out of the folder', async () => {
  const parent = await scratchFolder()
  const bundle = bundleFolder(join(parent, 'bundle'), generous, [])
  await bundle.write('../../outside/../a.txt', 'x')
  await bundle.write('cluster1/objects/\u001b[2J..\\b.txt', 'x')
  bundle.missing('../c.txt', 'refused\n- `forged`')
  await bundle.close([])
  expect((await readdir(parent, { recursive: true })).sort()).toEqual([
    'bundle',
    'bundle/_',
    'bundle/_/_',
    'bundle/_/_/outside',
    'bundle/_/_/outside/_',
    'bundle/_/_/outside/_/a.txt',
    'bundle/cluster1',
    'bundle/cluster1/objects',
    'bundle/cluster1/objects/␛[2J.._b.txt',
    'bundle/index.md',
  ])
  expect(await readFile(join(parent, 'bundle/index.md'), 'utf8')).toContain('- `_/c.txt`: refused - `forged`\n')
})
