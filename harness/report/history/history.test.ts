import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { historyPage } from '#report/html/history-page.ts'
import { historyChart } from '#report/html/history-chart.ts'
import { writeReports, writeSoFar } from '#report/report-folder.ts'
import { History } from '#results/history.ts'
import type { CheckResult, Results, Verdict } from '#results/results.ts'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import { historyLines } from './history-lines.ts'
import { historyOf } from './history-of.ts'
import { readHistory } from './read-history.ts'
import { slowerOf } from './slower.ts'

const timed = (verdict: Verdict, seconds: number, fields: Partial<CheckResult> = {}): CheckResult =>
  checkResult({
    verdict,
    attempts: (verdict === 'flaky'
      ? (['fail', 'pass'] as const)
      : ([verdict === 'pass' ? 'pass' : 'fail'] as const)
    ).map((outcome) => ({
      startedAt: '2026-01-01T00:00:00.000Z',
      seconds: outcome === 'pass' ? seconds : 90,
      verdict: outcome,
      reason: '',
      evidence: [],
    })),
    ...fields,
  })

/** A run on a day of January with these checks. */
const runOn = (day: number, ...checks: CheckResult[]): Results => {
  const results = resultsOf(topologyResult(checks))
  const startedAt = new Date(Date.UTC(2026, 0, day)).toISOString()
  return { ...results, run: { ...results.run, id: `run-${day}`, startedAt } }
}

const historyFrom = (...runs: Results[]): History =>
  historyOf(
    runs.map((results) => ({ folder: `reports/${results.run.id}`, results })),
    [],
  )

describe('what became slower', () => {
  test.each([
    ['more than 25 % and 1 s above the median before', [2, 2, 2, 4, 4, 4], { before: 2, now: 4 }],
    ['less than a second', [1, 1, 1, 1.9, 1.9, 1.9], undefined],
    ['less than 25 %', [10, 10, 10, 12, 12, 12], undefined],
    ['one slow run among the newest', [2, 2, 2, 2, 2, 20], undefined],
    ['too few durations', [2, 2, 2, 9, 9], undefined],
    ['the newest third of many', [2, 2, 2, 2, 2, 2, 2, 2, 5, 5, 5, 5], { before: 2, now: 5 }],
    ['faster', [9, 9, 9, 2, 2, 2], undefined],
  ])('%s', (_, seconds, expected) => {
    expect(slowerOf(seconds)).toEqual(expected)
  })
})

describe('the history of runs', () => {
  test('has the runs in the order in which they began, whatever the order in which they were read', () => {
    const { runs, topologies } = historyFrom(runOn(3, timed('fail', 1)), runOn(1, timed('pass', 1)))
    expect(runs.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['run-1', 'pass'],
      ['run-3', 'fail'],
    ])
    expect(topologies).toMatchObject([
      { name: 'gateway', command: 'test', counts: { passed: 1, flaky: 0, failed: 1, notRun: 0 } },
    ])
  })

  test('counts of a check the worst of its places in each run, and leaves out where it was skipped', () => {
    const { checks } = historyFrom(
      runOn(1, timed('pass', 1), timed('flaky', 2, { from: ['cluster2'] })),
      runOn(2, timed('pass', 1), timed('pass', 3, { from: ['cluster2'] })),
      runOn(3, timed('skipped', 0)),
      runOn(4, timed('not-run', 0)),
    )
    expect(checks).toEqual([
      {
        id: 'reach.local',
        layer: 'reach',
        topology: 'gateway',
        mtls: 'strict',
        counts: { passed: 1, flaky: 1, failed: 0, notRun: 1 },
        flakyRate: 0.5,
        medianSeconds: 2.5,
        newestSeconds: 3,
        points: [
          { run: 'run-1', verdict: 'flaky', seconds: 2 },
          { run: 'run-2', verdict: 'pass', seconds: 3 },
          { run: 'run-4', verdict: 'not-run' },
        ],
      },
    ])
  })

  test('compares only the durations of attempts that passed', () => {
    const slow = [2, 2, 2, 5, 5, 5].map((seconds, index) => runOn(index + 1, timed('pass', seconds)))
    expect(historyFrom(...slow, runOn(9, timed('fail', 90))).checks[0]?.slower).toEqual({ before: 2, now: 5 })
  })

  test('compares how long labs and all checks took, where they came to their end', () => {
    const phasesOf = (lab: number, verdict: 'pass' | 'fail') => [
      { name: 'images', startedAt: '2026-01-01T00:00:00.000Z', seconds: 500, verdict: 'pass' as const },
      { name: 'cluster1: created', startedAt: '2026-01-01T01:00:00.000Z', seconds: lab, verdict },
      { name: 'checks', startedAt: '2026-01-01T02:00:00.000Z', seconds: 40, verdict: 'pass' as const },
    ]
    const runs = [30, 30, 30, 60, 60, 60].map((lab, index) => {
      const run = runOn(index + 1, timed('pass', 1))
      run.topologies[0]!.phases = phasesOf(lab, 'pass')
      return run
    })
    const broken = runOn(9, timed('pass', 1))
    broken.topologies[0]!.phases = phasesOf(400, 'fail')
    const [topology] = historyFrom(...runs, broken).topologies
    expect(topology?.slower).toEqual({ lab: { before: 30, now: 60 } })
    expect(topology?.points.at(-1)).toEqual({ run: 'run-9', verdict: 'pass', checksSeconds: 40 })
  })

  test('has upgrades as topologies of their own, with their verdict', () => {
    const upgrade = upgradeResults()
    const history = historyFrom(runOn(1, timed('pass', 1)), upgrade)
    expect(history.topologies.map(({ command }) => command)).toEqual(['test', 'upgrade'])
    expect(history.topologies[1]?.points[0]?.verdict).toBe(upgrade.topologies[0]?.upgrade?.verdict)
    expect(History.parse(history)).toEqual(history)
  })

  test('has what judges said of a topology apart from its tests', () => {
    const judged = runOn(2)
    Object.assign(judged.topologies[0]!, { judges: [], verdict: 'pass' })
    const history = historyFrom(runOn(1, timed('pass', 1)), judged, runOn(3, timed('pass', 1)))
    expect(history.topologies.map(({ command, points }) => [command, points.length])).toEqual([
      ['test', 2],
      ['judge', 1],
    ])
    expect(historyLines(history)).toContain('gateway, judged  1 passed')
    expect(History.parse(history)).toEqual(history)
  })

  test('as lines says how topologies ended, what flakes, what is slower, and what is left out', () => {
    const runs = [2, 2, 2, 5, 5, 5].map((seconds, index) =>
      runOn(index + 1, timed(index === 1 ? 'flaky' : 'pass', seconds)),
    )
    expect(
      historyLines({ ...historyFrom(...runs), leftOut: [{ folder: 'reports/x', reason: 'MP-113 it is no JSON' }] }),
    ).toEqual([
      '6 runs from 2026-01-01 to 2026-01-06',
      'gateway  5 passed, 1 passed on retry',
      'flaky   reach.local  gateway  1 of 6 runs',
      'slower  reach.local  gateway  2.0 s before, 5.0 s now',
      'left out  reports/x: MP-113 it is no JSON',
    ])
  })
})

describe('reading report folders', () => {
  const inFolder = async (folder: string, results: Results): Promise<void> => {
    await mkdir(folder, { recursive: true })
    await writeReports(results, folder)
  }

  test('finds runs at any depth, and names with a reason what is left out', async () => {
    const folder = await scratchFolder()
    await inFolder(join(folder, 'a'), runOn(1, timed('pass', 1)))
    await inFolder(join(folder, 'cells/b/c'), runOn(2, timed('pass', 1)))
    await inFolder(join(folder, 'copy'), runOn(2, timed('pass', 1)))
    await inFolder(join(folder, 'a/bundle/gateway'), runOn(3, timed('pass', 1)))
    for (const [name, text] of [
      ['broken', '{'],
      ['other', '{ "schema": "other/v1" }'],
      ['diagnosis', JSON.stringify(diagnosisWith([]), null, 2)],
    ] as const) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'results.json'), text)
    }
    const broughtUp = runOn(6, timed('not-run', 0))
    await inFolder(join(folder, 'lab'), { ...broughtUp, run: { ...broughtUp.run, exitCode: 0 } })
    await mkdir(join(folder, 'going'))
    writeSoFar(runOn(5, timed('pass', 1)), join(folder, 'going'))
    const { runs, leftOut } = await readHistory([folder, join(folder, 'a')])
    expect(runs.map(({ id }) => id)).toEqual(['run-1', 'run-2'])
    expect(leftOut.map(({ folder: path, reason }) => [path.slice(folder.length + 1), reason])).toEqual([
      ['broken', expect.stringContaining('MP-113')],
      ['copy', `it is the same run as in ${join(folder, 'cells/b/c')}`],
      ['diagnosis', 'it is a diagnosis, and no run'],
      ['going', 'the run has not ended'],
      ['lab', 'it is of `up`, and ran no checks'],
      ['other', expect.stringContaining('MP-113')],
    ])
  })

  test('finds a run once where a link leads back to a folder above', async () => {
    const folder = await scratchFolder()
    await inFolder(join(folder, 'a'), runOn(1, timed('pass', 1)))
    await symlink(folder, join(folder, 'a/loop'))
    expect(await readHistory([folder])).toMatchObject({ runs: [{ id: 'run-1' }], leftOut: [] })
  })

  // Root reads every folder.
  test.skipIf(process.getuid?.() === 0)('names a folder that it may not read', async () => {
    const folder = await scratchFolder()
    const locked = join(folder, 'locked')
    await inFolder(join(folder, 'a'), runOn(1, timed('pass', 1)))
    await mkdir(locked, { mode: 0o000 })
    onTestFinished(() => chmod(locked, 0o700))
    const { leftOut } = await readHistory([folder])
    expect(leftOut).toEqual([{ folder: locked, reason: expect.stringContaining('EACCES') }])
  })

  test('refuses folders in which no run is, and paths that are no folder', async () => {
    const folder = await scratchFolder()
    expect(await errorOf(readHistory([folder]))).toMatchObject({ code: 'MP-127' })
    await writeFile(join(folder, 'results.json'), '{')
    expect(await errorOf(readHistory([folder]))).toMatchObject({
      code: 'MP-127',
      message: expect.stringContaining('MP-113'),
    })
    expect(await errorOf(readHistory([join(folder, 'nothing')]))).toMatchObject({ code: 'MP-111' })
  })
})

describe('the page of a history', () => {
  test('shows somebody else’s text as text, and links to the pages of runs', () => {
    const run = runOn(1, timed('pass', 1, { id: '<script>' }))
    const html = historyPage(historyFrom(run), new Map([['run-1', 'run-1/report.html']]))
    expect(html).toContain('&lt;script&gt;')
    expect(html).not.toContain('<script')
    expect(html).toContain('<a href="run-1/report.html">2026-01-01 00:00:00 UTC</a>')
  })

  test('stays small: 400 runs of 40 checks are less than a megabyte, and no picture is larger than 3 kB', () => {
    const runs = Array.from({ length: 400 }, (_, day) =>
      runOn(
        day + 1,
        ...Array.from({ length: 40 }, (__, number) => timed('pass', (day * number) % 17, { id: `check-${number}` })),
      ),
    )
    const html = historyPage(historyFrom(...runs), new Map())
    expect(html.length).toBeLessThan(1_000_000)
    expect(Math.max(...[...html.matchAll(/<svg[^]*?<\/svg>/g)].map(([svg]) => svg.length))).toBeLessThan(3000)
  })

  test('says in words what a chart shows', () => {
    const { markup } = historyChart([
      { verdict: 'pass', seconds: 1 },
      { verdict: 'pass', seconds: 2 },
      { verdict: 'fail' },
      { verdict: 'flaky', seconds: 3 },
    ])
    expect(markup).toContain('aria-label="Oldest first: 2 passed, 1 failed, 1 passed on retry; 1.0 to 3.0 seconds"')
  })
})
