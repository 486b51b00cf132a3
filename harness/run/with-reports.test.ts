import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Interrupted, MeshproofError } from '#errors.ts'
import { readResults } from '#results/read-results.ts'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { unreadTerminal } from '#testing/screen.ts'
import { environmentOf } from './environment.ts'
import { makePlans } from './plan.ts'
import { beginRun, type RunUnderWay, withReports } from './with-reports.ts'

const { signal: never } = new AbortController()

/** A run of one topology that has begun, and what would make it leave at once. */
const begun = async (): Promise<{ run: RunUnderWay; atOnce: unknown }> => {
  let atOnce: unknown
  const run = await beginRun(
    {
      runId: '20260101-000000-abcd',
      commandLine: 'meshproof test',
      plans: await makePlans(['vpn'], [], [], { mtls: 'strict' }),
      checks: [],
      environment: await environmentOf(),
      reportDir: join(await scratchFolder(), 'reports'),
      made: [],
    },
    unreadTerminal(),
    {
      signal: never,
      atOnce: (leave) => {
        atOnce = leave
      },
    },
  )
  return { run, atOnce }
}

test('a run that ends by itself has its exit code, and every report', async () => {
  const { run, atOnce } = await begun()
  expect(atOnce).toBeTypeOf('function')
  await withReports(run, Promise.resolve(), () => 1, never)
  const { run: written } = await readResults(run.folder)
  expect(written).toMatchObject({ exitCode: 1, interrupted: false })
  expect(await readdir(run.folder)).toEqual(
    expect.arrayContaining(['results.json', 'report.html', 'junit.xml', 'conformance.yaml', 'metrics.prom']),
  )
})

test('an error that a person can act on is in the results, and not thrown', async () => {
  const { run } = await begun()
  const full = new MeshproofError('MP-207', { what: 'The disk is nearly full', next: 'Free some space.' })
  await withReports(run, Promise.reject(full), () => 0, never)
  expect((await readResults(run.folder)).run).toMatchObject({
    exitCode: 2,
    error: { code: 'MP-207', next: 'Free some space.' },
  })
})

test('any other error is thrown once the results are written', async () => {
  const { run } = await begun()
  const broken = new Error('undefined is not a function')
  expect(await errorOf(withReports(run, Promise.reject(broken), () => 0, never))).toBe(broken)
  expect((await readResults(run.folder)).run).toMatchObject({ exitCode: 2, error: { code: 'MP-900' } })
})

test('a run that was interrupted says so, also where its verdict was complete', async () => {
  const { run } = await begun()
  await withReports(run, Promise.resolve(), () => 0, AbortSignal.abort(new Interrupted()))
  expect((await readResults(run.folder)).run).toMatchObject({ exitCode: 130, interrupted: true })
})

test('results.json holds what is known from the beginning, and says that the run has not ended', async () => {
  const { run } = await begun()
  expect((await readResults(run.folder)).run).toMatchObject({
    exitCode: 2,
    interrupted: false,
    error: { code: 'MP-128', next: `meshproof report --watch ${run.folder}` },
  })
  expect(run.results.run.error).toBeUndefined()
  await withReports(run, Promise.resolve(), () => 0, never)
  expect((await readResults(run.folder)).run.error).toBeUndefined()
})

test('results.json follows the run every two seconds, and never after its end', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const { run } = await begun()
  const reasonNow = async (): Promise<string | undefined> => (await readResults(run.folder)).topologies[0]?.reason
  const change = (reason: string): void => {
    run.results.topologies[0]!.reason = reason
    run.progressed()
  }
  change('first')
  change('second')
  expect(await reasonNow()).toBe('the run ended before it')
  await vi.advanceTimersByTimeAsync(2000)
  expect(await reasonNow()).toBe('second')
  change('third')
  await withReports(run, Promise.resolve(), () => 0, never)
  run.progressed()
  await vi.advanceTimersByTimeAsync(10_000)
  const { run: written } = await readResults(run.folder)
  expect([written.exitCode, written.error]).toEqual([0, undefined])
})
