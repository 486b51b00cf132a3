import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { conformance } from './conformance.ts'
import { reportPage } from '#report/html/report-page.ts'
import { junit } from './junit.ts'
import { makeReportFolder, writeReports, writeSoFar } from './report-folder.ts'
import { metrics } from './metrics.ts'
import { Results } from '#results/results.ts'

describe('the folder of the reports', () => {
  test('is made with its parents, or taken when it is empty', async () => {
    const folder = join(await scratchFolder(), 'a', 'b')
    expect(await makeReportFolder('x', folder)).toBe(folder)
    expect(await makeReportFolder('x', folder)).toBe(folder)
    expect(await readdir(folder)).toEqual([])
  })

  test('that holds something is refused and left alone', async () => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'results.json'), 'of another run')
    expect(await errorOf(makeReportFolder('x', folder))).toMatchObject({
      code: 'MP-104',
      message: expect.stringContaining(folder),
    })
    expect(await readdir(folder)).toEqual(['results.json'])
    expect(await readFile(join(folder, 'results.json'), 'utf8')).toBe('of another run')
  })

  test('of a run that was killed is refused, and what to do is said', async () => {
    const folder = await scratchFolder()
    const results = resultsOf(topologyResult([checkResult()]))
    writeSoFar(results, folder)
    expect(await errorOf(makeReportFolder('x', folder))).toMatchObject({
      code: 'MP-104',
      message: expect.stringContaining('goes on, or was killed'),
      next: expect.stringContaining('meshproof down'),
    })
    await writeReports(results, folder)
    const error = await errorOf(makeReportFolder('x', folder))
    expect(error).toMatchObject({ code: 'MP-104', message: expect.not.stringContaining('killed') })
  })

  test('that cannot be created is reported', async () => {
    const file = join(await scratchFolder(), 'file')
    await writeFile(file, '')
    expect(await errorOf(makeReportFolder('x', file))).toMatchObject({ code: 'MP-105' })
    expect(await errorOf(makeReportFolder('x', join(file, 'below')))).toMatchObject({ code: 'MP-105' })
  })
})

describe('the reports', () => {
  test('are results.json, which reads back as it was, and what is made from it', async () => {
    const folder = await scratchFolder()
    const results = resultsOf(
      topologyResult([checkResult(), checkResult({ verdict: 'skipped', reason: 'not selected by --suite' })]),
    )
    await writeReports(results, folder)
    expect((await readdir(folder)).sort()).toEqual([
      'conformance.yaml',
      'junit.xml',
      'metrics.prom',
      'report.html',
      'results.json',
    ])
    expect(Results.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')))).toEqual(results)
    expect(await readFile(join(folder, 'junit.xml'), 'utf8')).toBe(junit(results))
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toBe(reportPage(results))
    expect(await readFile(join(folder, 'conformance.yaml'), 'utf8')).toBe(conformance(results))
    expect(await readFile(join(folder, 'metrics.prom'), 'utf8')).toBe(metrics(results))
  })

  test('of a document that breaks its own schema are not written', async () => {
    const folder = join(await scratchFolder(), 'reports')
    await mkdir(folder)
    const results = resultsOf(topologyResult([checkResult()], { verdict: 'passed' as never }))
    await expect(writeReports(results, folder)).rejects.toThrow('verdict')
    expect(await readdir(folder)).toEqual([])
  })
})
