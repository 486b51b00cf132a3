import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { takeDownLabs } from './labs.ts'
import { engineContents, meshproof } from './product.ts'

// The first upgrade builds a node image that holds both releases. It stays for the next one.
const engineContentsWithoutNodeImages = async (): Promise<string[]> =>
  (await engineContents()).filter((name) => !name.startsWith('image meshproof/node:'))

beforeAll(takeDownLabs)

test('an upgrade that goes wrong is stopped in its phase, and names the cause', { timeout: 20 * 60_000 }, async () => {
  const before = await engineContentsWithoutNodeImages()
  const { exitCode, output, results, folder } = await meshproof([
    'upgrade',
    '--topology=gateway',
    '--from=1.30',
    '--to=1.31',
    '--fault=mutual-tls-disabled',
  ])
  expect(exitCode, output).toBe(1)
  const upgrade = results?.topologies[0]?.upgrade
  expect(upgrade?.findings[0]).toMatchObject({ verdict: 'fail', phase: 'P2', code: 'MP-936' })
  expect(upgrade?.phases.filter(({ verdict }) => verdict === 'not-run').map(({ id }) => id)).toEqual([
    'P3',
    'P4',
    'P5',
    'P6',
    'P7',
    'P8',
    'P9',
  ])
  expect(upgrade).toMatchObject({
    from: { istio: '1.30-dev', envoy: '1.38.3' },
    to: { istio: '1.31-dev', envoy: '1.39.3' },
    strategy: 'in-place',
  })
  expect(output).toContain('MP-936')

  expect((await stat(join(folder, 'report.html'))).size).toBeLessThan(2_000_000)
  for (const file of ['results.json', 'report.html', 'junit.xml', 'conformance.yaml'])
    expect(await readFile(join(folder, file), 'utf8'), `${file} holds a key or a token`).not.toMatch(
      /PRIVATE KEY|eyJhbGciOi|client-key-data/,
    )
  expect(await engineContentsWithoutNodeImages()).toEqual(before)
})
