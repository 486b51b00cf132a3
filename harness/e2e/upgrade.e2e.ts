import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { engineContents, meshproof } from './product.ts'

test('a mesh is upgraded in place under traffic: nothing is lost with Istio’s retries, and nothing is left behind', { timeout: 20 * 60_000 }, async () => {
  const before = await engineContents()
  const { exitCode, output, results, folder } = await meshproof(['upgrade', '--topology=gateway', '--from=lab-a', '--to=lab-b'])
  expect(exitCode, output).toBe(0)
  const upgrade = results?.topologies[0]?.upgrade
  expect(upgrade).toMatchObject({ from: { istio: 'lab-a', envoy: '1.38.3' }, to: { istio: 'lab-b', envoy: '1.40.0' }, strategy: 'in-place', verdict: expect.stringMatching(/^(pass|warn)$/) })
  expect(upgrade?.phases.map(({ id }) => id)).toEqual(['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9'])
  expect(upgrade?.phases.filter(({ verdict }) => !['pass', 'warn'].includes(verdict))).toEqual([])

  const retried = new Set(upgrade?.probes.filter(({ expects, retries }) => expects === 'answers' && retries === 'default').map(({ id }) => id))
  const measured = upgrade?.measured.filter(({ probe }) => retried.has(probe)) ?? []
  expect(measured.length).toBe(retried.size * 9)
  expect(measured.filter(({ lost }) => lost > 0)).toEqual([])
  expect(measured.filter(({ sent }) => sent < 200)).toEqual([])

  expect((await stat(join(folder, 'report.html'))).size).toBeLessThan(2_000_000)
  for (const file of await readdir(folder)) expect(await readFile(join(folder, file), 'utf8'), `${file} holds a key or a token`).not.toMatch(/PRIVATE KEY|eyJhbGciOi|client-key-data/)
  expect(await engineContents()).toEqual(before)
})

test('an upgrade that goes wrong is stopped in its phase, and names the cause', { timeout: 10 * 60_000 }, async () => {
  const { exitCode, output, results } = await meshproof(['upgrade', '--topology=gateway', '--from=lab-a', '--to=lab-b', '--fault=mutual-tls-disabled'])
  expect(exitCode, output).toBe(1)
  const upgrade = results?.topologies[0]?.upgrade
  expect(upgrade?.findings[0]).toMatchObject({ verdict: 'fail', phase: 'P2', code: 'MP-936' })
  expect(upgrade?.phases.filter(({ verdict }) => verdict === 'not-run').map(({ id }) => id)).toEqual(['P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9'])
  expect(output).toContain('MP-936')
})
