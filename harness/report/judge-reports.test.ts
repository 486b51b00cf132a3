import { describe, expect, test } from 'vitest'
import { type JudgeResult, Results } from '#results/results.ts'
import { resultsOf, topologyResult } from '#testing/results.ts'
import { linesOf } from '#testing/screen.ts'
import { conformance } from './conformance.ts'
import { annotations } from './github-annotations.ts'
import { stepSummary } from './github-summary.ts'
import { reportPage } from './html/report-page.ts'
import { junit } from './junit.ts'
import { metrics } from './metrics.ts'

const judge = (fields: Partial<JudgeResult> = {}): JudgeResult => ({
  judge: 'gateway-api',
  version: 'v1.6.3',
  clusters: ['cluster1'],
  verdict: 'pass',
  reason: '',
  startedAt: '2026-01-01T00:01:00.000Z',
  seconds: 34,
  levels: [
    { name: 'core', result: 'success', passed: 7, failed: 0, skipped: 0 },
    { name: 'extended', result: 'success', passed: 5, failed: 0, skipped: 0 },
  ],
  tests: [
    { name: 'MeshBasic', verdict: 'pass', reason: '', seconds: 1.25 },
    { name: 'MeshClusterIPMatching', verdict: 'skipped', reason: 'suite does not support it', seconds: 0 },
  ],
  report: 'judges/gateway-api-cluster1.yaml',
  log: 'judges/gateway-api-cluster1.log',
  ...fields,
})

const remote = judge({
  clusters: ['cluster2'],
  verdict: 'skipped',
  reason: 'istiod reads the routes elsewhere',
  seconds: 0,
  levels: [],
  tests: [],
})

const failing = judge({
  verdict: 'fail',
  reason: '1 of 2 tests failed',
  tests: [
    { name: 'MeshBasic', verdict: 'pass', reason: '', seconds: 1 },
    { name: 'MeshHTTPRouteWeight', verdict: 'fail', reason: 'the <weights> are wrong', seconds: 31 },
  ],
})

const passed = resultsOf(topologyResult([], { verdict: 'pass', judges: [judge(), remote] }))
const failed = resultsOf(topologyResult([], { verdict: 'fail', judges: [failing] }))

describe('the verdict of a judge', () => {
  test('is in results.json, and results without judges are valid too', () => {
    expect(Results.parse(passed)).toEqual(passed)
    expect(Results.parse(resultsOf(topologyResult([])))).not.toHaveProperty('topologies.0.judges')
  })

  test('is in the terminal, with the tests that failed', () => {
    const lines = linesOf((terminal) => {
      terminal.summary(passed, 'reports/x')
      terminal.summary(failed, 'reports/y')
    })
    expect(lines).toEqual(
      expect.arrayContaining([
        '✓ gateway-api v1.6.3  cluster1  core 7 of 7  extended 5 of 5  (34.0 s)',
        '– gateway-api v1.6.3  cluster2  istiod reads the routes elsewhere',
        'gateway: passed  1 passed, 1 skipped',
        '    ✗ MeshHTTPRouteWeight  the <weights> are wrong',
        'gateway: fail  1 passed, 1 failed',
      ]),
    )
  })

  test('is in the HTML report, test by test, with links to what the judge wrote', () => {
    const html = reportPage(passed)
    expect(html).toContain('gateway-api v1.6.3 in cluster1')
    expect(html).toContain('MeshBasic')
    expect(html).toContain('core 7 of 7 (success), extended 5 of 5 (success)')
    expect(html).toContain('href="./judges/gateway-api-cluster1.yaml"')
    expect(html).toContain('istiod reads the routes elsewhere')
    expect(reportPage(failed)).toContain('the &lt;weights&gt; are wrong')
  })

  test('is a case for each test in JUnit, and a figure for each in the metrics', () => {
    const xml = junit(failed)
    expect(xml).toContain('tests="2" failures="1"')
    expect(xml).toContain('gateway-api MeshHTTPRouteWeight from cluster1')
    expect(junit(passed)).toContain('<skipped message="istiod reads the routes elsewhere"/>')
    expect(metrics(failed)).toContain('gateway-api MeshHTTPRouteWeight')
  })

  test('is in the summary and the annotations of GitHub', () => {
    expect(stepSummary(failed, 100_000)).toContain('gateway-api MeshHTTPRouteWeight')
    expect(annotations(failed)).toEqual([expect.stringMatching(/^::error title=gateway-api MeshHTTPRouteWeight/)])
    expect(annotations(passed)).toEqual([])
  })

  test('is no check of ours', () => {
    expect(conformance(passed)).toContain('result: partial')
  })

  test('that stopped before its end is not only that of its tests', () => {
    const stopped = judge({ verdict: 'not-run', reason: 'it did not end within 5 s and was stopped' })
    const xml = junit(resultsOf(topologyResult([], { judges: [stopped] })))
    expect(xml).toContain('message="not run: it did not end within 5 s and was stopped"')
  })
})
