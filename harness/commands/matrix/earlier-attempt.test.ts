import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeReportFolder, writeReports, writeSoFar } from '#report/report-folder.ts'
import { scratchFolder } from '#testing/edge.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { earlierAttempt } from './earlier-attempt.ts'

const left = async (
  run: { exitCode: number; interrupted?: boolean },
  verdict: 'pass' | 'fail' = 'pass',
): Promise<string> => {
  const folder = await scratchFolder()
  const results = resultsOf(topologyResult([checkResult({ verdict })]))
  await writeReports({ ...results, run: { ...results.run, ...run } }, folder)
  await mkdir(join(folder, 'bundle'))
  return folder
}

test('before the first one there is nothing', async () => {
  expect(await earlierAttempt(join(await scratchFolder(), 'none'))).toBeUndefined()
})

test.each<[0 | 1, 'pass' | 'fail']>([
  [0, 'pass'],
  [1, 'fail'],
])('a verdict stands, with its exit code %i', async (exitCode, verdict) => {
  const folder = await left({ exitCode }, verdict)
  const before = await readdir(folder)
  expect(await earlierAttempt(folder)).toBe(exitCode)
  expect(await readdir(folder)).toEqual(before)
})

describe('what ended without a verdict is removed', () => {
  test.each([
    ['interrupted', { exitCode: 130, interrupted: true }, 'pass'],
    ['interrupted after a failure', { exitCode: 130, interrupted: true }, 'fail'],
    ['ended by the machine', { exitCode: 2 }, 'pass'],
  ] as const)('%s', async (_, run, verdict) => {
    const folder = await left(run, verdict)
    expect(await earlierAttempt(folder)).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
  })

  test.each(['pass', 'fail'] as const)(
    'killed while it went on, after a check with the verdict %s',
    async (verdict) => {
      const folder = await scratchFolder()
      writeSoFar(resultsOf(topologyResult([checkResult({ verdict })])), folder)
      await writeFile(join(folder, 'results.json.part'), '{')
      expect(await earlierAttempt(folder)).toBeUndefined()
      expect(await readdir(folder)).toEqual([])
      expect(await makeReportFolder('x', folder)).toBe(folder)
    },
  )

  test('killed while it wrote; what no run writes stays', async () => {
    const folder = await scratchFolder()
    for (const name of ['results.json.4711.part', 'report.html', 'notes.txt']) await writeFile(join(folder, name), '{')
    expect(await earlierAttempt(folder)).toBeUndefined()
    expect(await readdir(folder)).toEqual(['notes.txt'])
  })
})
