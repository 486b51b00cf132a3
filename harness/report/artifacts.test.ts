import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Results } from '#results/results.ts'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { failingRun, runOf } from '#testing/report-results.ts'
import { openArtifacts } from './artifacts.ts'
import { junit } from './junit.ts'

const json = async (folder: string, file: string): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, file), 'utf8'))

/** The folder of artifacts of a run that has ended. */
const artifactsOf = async (results: Results): Promise<string> => {
  const folder = join(await scratchFolder(), 'artifacts-of-job')
  const artifacts = await openArtifacts(folder)
  await artifacts.begin(results)
  artifacts.log.line('✓ reach.local')
  await artifacts.end(results, 'reports/a')
  return folder
}

test('a run that passed has what Prow and TestGrid read', async () => {
  const results = await runOf(['gateway'])
  const folder = await artifactsOf(results)
  expect(await readdir(folder, { recursive: true })).toEqual(
    expect.arrayContaining(['started.json', 'finished.json', 'build-log.txt', 'artifacts', 'artifacts/junit_01.xml']),
  )
  expect(await json(folder, 'started.json')).toEqual({ timestamp: 1_769_860_800 })
  expect(await json(folder, 'finished.json')).toEqual({
    timestamp: 1_769_860_905,
    passed: true,
    result: 'SUCCESS',
    metadata: {
      run: '20260101-000000-abcd',
      verdict: 'pass',
      topologies: 'gateway',
      meshproof: '0.1.0',
      istio: '1.31.0',
      envoy: '1.39.3',
      kubernetes: 'v1.34.4',
      kind: 'kind v0.33.0',
    },
  })
  expect(await readFile(join(folder, 'artifacts/junit_01.xml'), 'utf8')).toBe(junit(results))
  expect(await readFile(join(folder, 'build-log.txt'), 'utf8')).toMatch(
    /^✓ reach\.local\n[^]*gateway: passed[^]*report: reports\/a\n$/,
  )
})

test('started.json is there from the beginning', async () => {
  const folder = await scratchFolder()
  await (await openArtifacts(folder)).begin(await runOf(['gateway']))
  expect((await readdir(folder)).sort()).toEqual(['artifacts', 'build-log.txt', 'started.json'])
})

test('a run that failed, or in which something did not run, has not passed', async () => {
  expect(await json(await artifactsOf(await failingRun()), 'finished.json')).toMatchObject({
    passed: false,
    result: 'FAILURE',
    metadata: { verdict: 'fail' },
  })
  const results = await runOf(['gateway'])
  const ended = { ...results, run: { ...results.run, exitCode: 2 } }
  expect(await json(await artifactsOf(ended), 'finished.json')).toMatchObject({ passed: false, result: 'FAILURE' })
})

test('a run that was stopped is aborted, also where it ended at once', async () => {
  const results = await runOf(['gateway'])
  const stopped = { ...results, run: { ...results.run, exitCode: 130, interrupted: true } }
  expect(await json(await artifactsOf(stopped), 'finished.json')).toMatchObject({ passed: false, result: 'ABORTED' })
  const folder = await scratchFolder()
  const artifacts = await openArtifacts(folder)
  artifacts.endAtOnce(results)
  expect(await json(folder, 'finished.json')).toMatchObject({
    passed: false,
    result: 'ABORTED',
    metadata: { verdict: 'not-run' },
  })
})

test('a folder of another run, or none, is refused before anything is made', async () => {
  const folder = await artifactsOf(await runOf(['gateway']))
  expect(await errorOf(openArtifacts(folder))).toMatchObject({ code: 'MP-191', exitCode: 2 })
  const file = join(await scratchFolder(), 'file')
  await writeFile(file, '')
  expect(await errorOf(openArtifacts(file))).toMatchObject({ code: 'MP-191' })
  const used = await scratchFolder()
  await mkdir(join(used, 'build-log.txt'))
  expect(await errorOf(openArtifacts(used))).toMatchObject({ code: 'MP-191' })
})

test('the report folder cannot hold artifacts, since it must be empty; its parent can', async () => {
  const folder = await scratchFolder()
  const reports = join(folder, 'reports')
  for (const inReports of [reports, join(reports, 'artifacts')])
    expect(await errorOf(openArtifacts(inReports, reports))).toMatchObject({
      code: 'MP-191',
      message: expect.stringContaining('report folder'),
    })
  expect(await readdir(folder)).toEqual([])
  await openArtifacts(folder, reports)
  await openArtifacts(join(folder, 'reports-of-job'), reports)
})
