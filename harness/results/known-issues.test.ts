import { describe, expect, test } from 'vitest'
import { catalogue } from '#run/catalogue.ts'
import { checkResult } from '#testing/results.ts'
import { diagnose, firstBroken } from './explain.ts'
import { because } from './causes.ts'
import { knownDefects, knownIssueOf, knownIssuesIn } from './known-issues.ts'
import { CheckResult, isOpenFailure, type Attempt, type Evidence } from './results.ts'
import { acrossRounds } from './rounds.ts'

const shown: Evidence = { probe: 'zones that count', counted: 'the first zone alone' }
const running = (...releases: string[]): Evidence => ({
  probe: 'releases',
  running: [
    ...releases.map((istio) => ({ cluster: 'cluster1', workload: 'istio-system/istiod-1', istio, envoy: '' })),
    { cluster: 'cluster1', workload: 'app1/sleep', istio: '1.0.0', envoy: '1.39.3' },
  ],
})
const attempt = (verdict: Attempt['verdict'], ...evidence: Evidence[]): Attempt => ({
  startedAt: '2026-01-01T00:00:00Z',
  seconds: 1,
  verdict,
  reason: because('MP-787'),
  evidence,
})
const weights = (...attempts: Attempt[]): CheckResult =>
  checkResult({ id: 'locality.weights', layer: 'locality', verdict: 'fail', reason: because('MP-787'), attempts })

describe('istio/istio#56355', () => {
  test.each(['1.30', '1.30.2', '1.31-dev-local', '1.31.0'])('is known where istiod %s shows it', (release) => {
    const known = knownIssueOf(weights(attempt('fail', shown, running(release))))
    expect(known).toMatchObject({ issue: 'istio/istio#56355', url: 'https://github.com/istio/istio/issues/56355' })
    const result = { ...weights(attempt('fail', shown, running(release))), knownIssue: known }
    expect(CheckResult.parse(result)).toEqual(result)
  })

  // A plain failure: the release, the fingerprint or the check is another one.
  test.each<[string, CheckResult]>([
    ['a release that is not listed', weights(attempt('fail', shown, running('1.32.0')))],
    ['a release whose name only begins like one', weights(attempt('fail', shown, running('1.310.0')))],
    ['one of two control planes that is not listed', weights(attempt('fail', shown, running('1.31.0', '1.32.0')))],
    ['no release', weights(attempt('fail', shown))],
    ['proxies of a listed release alone', weights(attempt('fail', shown, { probe: 'releases', running: 'none' }))],
    [
      'another failure of the check',
      weights(attempt('fail', { probe: 'zones that count', counted: 'something else' }, running('1.31.0'))),
    ],
    ['no evidence', weights(attempt('fail', running('1.31.0')))],
    [
      'a second attempt that failed otherwise',
      weights(attempt('fail', shown, running('1.31.0')), attempt('fail', running('1.31.0'))),
    ],
    ['no attempt', weights()],
    ['another check', { ...weights(attempt('fail', shown, running('1.31.0'))), id: 'locality.distribute' }],
    ['a check that passed', { ...weights(attempt('pass', shown, running('1.31.0'))), verdict: 'pass' }],
  ])('is not the reason of a failure with %s', (_, result) => {
    expect(knownIssueOf(result)).toBeUndefined()
  })

  test('is known where the first attempt said nothing about the mesh', () => {
    const result = weights(attempt('not-run'), attempt('fail', shown, running('1.31.0')))
    expect(knownIssueOf(result)?.issue).toBe('istio/istio#56355')
  })
})

test('a known defect names checks of the catalogue, releases, and an issue at its address', () => {
  for (const { issue, url, checks, releases } of knownDefects) {
    const [repository, number] = issue.split('#')
    expect(url).toBe(`https://github.com/${repository}/issues/${number}`)
    expect(releases.length).toBeGreaterThan(0)
    expect(checks.filter((id) => !catalogue.some((check) => check.id === id))).toEqual([])
  }
})

const known = knownIssueOf(weights(attempt('fail', shown, running('1.31.0'))))!
const failedAsKnown: CheckResult = { ...weights(attempt('fail', shown, running('1.31.0'))), knownIssue: known }
const failed = checkResult({ id: 'reach.path', verdict: 'fail', reason: because('MP-753') })

test('a check that meets a known issue has its own cause, and is not what broke the mesh', () => {
  const [alone] = diagnose([failedAsKnown])
  expect(alone?.diagnosis?.code).toBe('MP-787')
  expect(firstBroken(diagnose([failedAsKnown]))).toBeUndefined()
  const both = diagnose([failed, failedAsKnown])
  expect(both.map(({ diagnosis }) => diagnosis?.code)).toEqual(['MP-753', 'MP-787'])
  expect(firstBroken(both)?.check).toBe('reach.path')
  const above = checkResult({ id: 'protocol.http1', layer: 'protocol', verdict: 'fail', reason: because('MP-701') })
  const below: CheckResult = { ...failedAsKnown, layer: 'network', reason: '' }
  expect(diagnose([below, above])[1]?.diagnosis?.cause).not.toContain('follows from')
})

test('of several rounds, one that failed without the known issue is the worst', () => {
  const plain = weights(attempt('fail', running('1.31.0')))
  const [result] = acrossRounds([[failedAsKnown], [plain], [failedAsKnown]])
  expect(result?.knownIssue).toBeUndefined()
  expect(acrossRounds([[failedAsKnown], [failedAsKnown]])[0]?.knownIssue).toEqual(known)
})

test('known issues are named once, with the checks that met them', () => {
  const again = { ...failedAsKnown, from: ['cluster2'] }
  expect(knownIssuesIn([failed, failedAsKnown, again])).toEqual([{ known, ids: ['locality.weights'] }])
  expect([failed, failedAsKnown].map(isOpenFailure)).toEqual([true, false])
})
