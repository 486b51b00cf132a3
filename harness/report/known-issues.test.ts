import { describe, expect, test } from 'vitest'
import { because } from '#results/causes.ts'
import { diagnose } from '#results/explain.ts'
import { knownDefects } from '#results/known-issues.ts'
import { KnownIssue, Results, type CheckResult } from '#results/results.ts'
import { exitCodeOfChecks } from '#run/run-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { conformanceReport } from './conformance.ts'
import { annotations } from './github-annotations.ts'
import { stepSummary } from './github-summary.ts'
import { reportPage } from './html/report-page.ts'
import { junit } from './junit.ts'
import { checkLine } from './terminal.ts'
import { summaryOf } from './topology-summary.ts'
import { countsOf, failedIds } from './words.ts'

const [defect] = knownDefects
const { issue, url, title, releases } = defect!
const knownIssue = KnownIssue.parse({ issue, url, title, releases })
const reason = `${because('MP-787')}: cluster1 got 200 of 200  v1-a 50, v1-b 100, v2-a 50`
const weights = checkResult({
  id: 'locality.weights',
  layer: 'locality',
  verdict: 'fail',
  reason,
  attempts: [{ startedAt: '2026-01-01T00:00:00Z', seconds: 1, verdict: 'fail', reason, evidence: [] }],
})
const met: CheckResult = { ...weights, knownIssue }
const runOf = (...checks: CheckResult[]): Results => resultsOf(topologyResult(diagnose(checks)))
const known = runOf(checkResult(), met)
const [topology] = known.topologies

describe('a known issue', () => {
  test('is in results.json, and the check is failed all the same', () => {
    expect(Results.parse(JSON.parse(JSON.stringify(known)))).toEqual(known)
    expect(topology?.verdict).toBe('fail')
    expect(exitCodeOfChecks(known)).toBe(1)
  })

  test('is in the line of its check, and in the last lines with its number and address', () => {
    expect(checkLine(met)).toContain(`known issue istio/istio#56355: ${because('MP-787')}`)
    const lines = summaryOf(topology!)
    expect(lines.join('\n')).not.toContain('first broken layer')
    expect(lines).toEqual([
      `known issue istio/istio#56355 (Istio 1.30, 1.31): ${title}  (locality.weights)`,
      '  see:   https://github.com/istio/istio/issues/56355',
      'gateway: fail  1 passed, 1 failed (1 known issue)',
    ])
  })

  test('is a failure of JUnit, of a type of its own', () => {
    const xml = junit(known)
    expect(xml).toContain('tests="2" failures="1"')
    expect(xml).toContain(
      `<failure message="known issue istio/istio#56355: ${because('MP-787')}: cluster1 got 200 of 200  v1-a 50, ` +
        'v1-b 100, v2-a 50" type="known issue istio/istio#56355">',
    )
    expect(xml).toContain('see: https://github.com/istio/istio/issues/56355')
  })

  test('is a failed test of the conformance report', () => {
    expect(conformanceReport(known).profiles[0]?.core).toMatchObject({
      result: 'failure',
      statistics: { passed: 1, failed: 1 },
      failedTests: [{ name: 'locality.weights', layer: 'locality', code: 'MP-787', knownIssue: 'istio/istio#56355' }],
    })
  })

  test('is an error of a GitHub step, and stands in its summary', () => {
    expect(annotations(known).filter((line) => line.startsWith('::error'))).toEqual([
      expect.stringContaining('known issue istio/istio#56355'),
    ])
    const summary = stepSummary(known, 2 ** 20)
    expect(summary).not.toContain('first broken layer')
    // With # GitHub would link the number to an issue of the repository that runs the step.
    expect(summary).toContain('known issue istio/istio&#35;56355')
    expect(summary).toContain('https://github.com/istio/istio/issues/56355')
    expect(summary).toMatch(/\| ✗ failed, known issue istio\/istio&#35;56355 \| gateway/)
  })

  test('is on the page, with a link', () => {
    const page = reportPage(known)
    expect(page).toContain('<a href="https://github.com/istio/istio/issues/56355">istio/istio#56355</a>')
    expect(page).toContain('A defect of the release is the reason. The checks failed all the same.')
    expect(page).toContain('1 passed, 1 failed (1 known issue)')
    expect(page).not.toContain('First broken layer')
  })
})

test('beside it, another failure is what broke the mesh, and is counted as usual', () => {
  const results = runOf(checkResult({ verdict: 'fail', reason: because('MP-752') }), met)
  const [broken] = results.topologies
  expect(summaryOf(broken!)[0]).toContain('first broken layer: reach')
  expect(failedIds(broken!.checks)).toEqual(['reach.local'])
  expect(countsOf(broken!.checks)).toBe('2 failed (1 known issue)')
  expect(countsOf([weights, met, met])).toBe('3 failed (2 known issues)')
  expect(conformanceReport(results).profiles[0]?.core.failedTests).toHaveLength(2)
})

test('a test that failed in another place without it is no known issue', () => {
  const [profile] = conformanceReport(runOf(met, { ...weights, from: ['cluster2'] })).profiles
  expect(profile?.core.failedTests).toEqual([{ name: 'locality.weights', layer: 'locality', code: 'MP-787' }])
})

test('an address that is no page is refused: results come from anywhere', () => {
  expect(KnownIssue.safeParse({ ...knownIssue, url: 'javascript:alert(1)' }).success).toBe(false)
})
