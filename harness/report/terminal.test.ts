import { describe, expect, test } from 'vitest'
import { because, causes } from '#results/causes.ts'
import { diagnose } from '#results/explain.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { linesOf, written } from '#testing/screen.ts'
import { about, summaryOf, type Terminal } from './terminal.ts'

const useAll = (shown: Terminal): void => {
  shown.started('cluster1: created')
  shown.building({ building: ['etcd'], done: 1, of: 14, remaining: 200 })
  shown.ended('cluster1: created', 12.34, 'pass')
  shown.check(checkResult())
  shown.check(checkResult({ verdict: 'fail', reason: 'expected 0 to be 21' }))
  shown.problem('MP-201  no engine')
  shown.summary(resultsOf(topologyResult([checkResult()])), 'reports/x')
}

describe('the terminal report', () => {
  test.each<[string, { isTTY?: boolean }, NodeJS.ProcessEnv]>([
    ['no TTY', {}, {}],
    ['a TTY under NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }],
  ])('on %s is plain lines', (_what, screen, environment) => {
    const text = written(screen, environment, useAll)
    expect(text).not.toMatch(/[\u001b\r]/)
    expect(text.split('\n')).toEqual([
      '  building etcd: 1 of 14 done, about 3 min remain',
      '✓   12.3 s  cluster1: created',
      '✓ reach.local  cluster1 → cluster2  21 of 21 answered',
      '✗ reach.local  cluster1 → cluster2  expected 0 to be 21',
      'MP-201  no engine',
      '',
      'gateway: passed  1 passed, 0 failed',
      'report: reports/x',
      '',
    ])
  })

  test('on a TTY has colour and a live line, which is gone in the end', () => {
    const text = written({ isTTY: true }, {}, (shown) => {
      shown.started('images')
      shown.check(checkResult())
    })
    expect(text).toContain('\u001b[32m✓\u001b[39m reach.local')
    expect(text).toContain('images 0 s')
    expect(text.endsWith('\r\u001b[K')).toBe(true)
  })

  test('says of a check from where to where, what was seen, and that it took a retry', () => {
    const text = written({}, {}, (shown) => {
      shown.check(checkResult({ verdict: 'flaky', from: ['cluster2'], to: ['cluster1', 'cluster2'] }))
      shown.check(checkResult({ verdict: 'skipped', reason: 'not selected by --suite' }))
      shown.check(checkResult({ verdict: 'not-run', reason: 'the API server does not answer' }))
    })
    expect(text.split('\n').slice(0, 3)).toEqual([
      '~ reach.local  cluster2 → cluster1, cluster2  passed on retry: 21 of 21 answered',
      '– reach.local  cluster1 → cluster2  not selected by --suite',
      '? reach.local  cluster1 → cluster2  the API server does not answer',
    ])
  })
})

test('the summary names the support bundle of whatever failed', () => {
  const results = resultsOf(
    topologyResult([checkResult({ verdict: 'fail' })], { bundle: 'bundle/gateway' }),
    topologyResult([checkResult()], { name: 'vpn' }),
  )
  expect(
    linesOf((shown) => {
      shown.summary(results, 'reports/x')
    }).slice(-3),
  ).toEqual(['vpn: passed  1 passed, 0 failed', 'support bundle: reports/x/bundle/gateway', 'report: reports/x'])
})

describe('the terminal of one of several labs', () => {
  test('begins with the lab’s name whatever is said of it, and says nothing else of its own', () => {
    expect(
      linesOf((shown) => {
        useAll(about(shown, 'vpn with mutual TLS off'))
      }),
    ).toEqual([
      '  building etcd: 1 of 14 done, about 3 min remain',
      '✓   12.3 s  vpn with mutual TLS off  cluster1: created',
      '✓ vpn with mutual TLS off  reach.local  cluster1 → cluster2  21 of 21 answered',
      '✗ vpn with mutual TLS off  reach.local  cluster1 → cluster2  expected 0 to be 21',
      'vpn with mutual TLS off  MP-201  no engine',
      '',
      'gateway: passed  1 passed, 0 failed',
      'report: reports/x',
    ])
    expect(
      linesOf((shown) => {
        about(shown, 'vpn').line('The lab stays. Use it:')
      }),
    ).toEqual(['vpn  The lab stays. Use it:'])
  })

  test('takes away its own phase and leaves the other labs’', () => {
    const text = written({ isTTY: true }, {}, (shown) => {
      const [vpn, gateway] = [about(shown, 'vpn'), about(shown, 'gateway')]
      vpn.started('cluster1: created')
      gateway.started('cluster1: created')
      vpn.ended('cluster1: created', 12.34, 'pass')
    })
    expect(text.split('\n').at(-1)).toContain('gateway  cluster1: created 0 s')
    expect(text.split('\n').at(-1)).not.toContain('vpn')
  })
})

describe('a topology’s summary', () => {
  test('of a failure names the first broken layer, its cause and hint, and counts', () => {
    const checks = diagnose([
      checkResult({ id: 'reach.both', verdict: 'fail', reason: because('MP-752') }),
      checkResult({ id: 'trust.common-root', layer: 'trust', verdict: 'fail', reason: because('MP-721') }),
      checkResult(),
      checkResult({ verdict: 'flaky' }),
      checkResult({ verdict: 'skipped' }),
      checkResult({ verdict: 'not-run' }),
    ])
    expect(summaryOf(topologyResult(checks))).toEqual([
      'first broken layer: trust  (trust.common-root, MP-721)',
      `  cause: ${causes['MP-721'].cause}`,
      `  next:  ${causes['MP-721'].fix}`,
      'gateway: fail  1 passed, 2 failed, 1 flaky, 1 skipped, 1 not-run',
    ])
  })

  test('of what was not run says why', () => {
    expect(summaryOf(topologyResult([checkResult({ verdict: 'not-run' })], { reason: 'no space left' }))).toEqual([
      'gateway: not-run  0 passed, 0 failed, 1 not-run  no space left',
    ])
  })

  test('of a variant says which', () => {
    const broken = diagnose([
      checkResult({ id: 'mtls.off-stays', layer: 'mtls', verdict: 'fail', reason: because('MP-770') }),
    ])
    expect(summaryOf(topologyResult([checkResult()], { mtls: 'off' }))).toEqual([
      'gateway with mutual TLS off: passed  1 passed, 0 failed',
    ])
    expect(summaryOf(topologyResult(broken, { mtls: 'off' })).at(-1)).toBe(
      'gateway with mutual TLS off: fail  0 passed, 1 failed',
    )
  })

  test('says how long the phases took, overlapping ones once', () => {
    const momentAt = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString()
    const phases = [
      { name: 'images', startedAt: momentAt(0), seconds: 5, verdict: 'pass' as const },
      { name: 'cluster1: created', startedAt: momentAt(5), seconds: 30, verdict: 'pass' as const },
      { name: 'cluster2: created', startedAt: momentAt(5), seconds: 40, verdict: 'pass' as const },
      { name: 'checks', startedAt: momentAt(45), seconds: 20, verdict: 'pass' as const },
      { name: 'support bundle', startedAt: momentAt(65), seconds: 4, verdict: 'pass' as const },
      { name: 'teardown', startedAt: momentAt(69), seconds: 2.5, verdict: 'pass' as const },
    ]
    expect(summaryOf(topologyResult([checkResult()], { phases }))).toEqual([
      'gateway: passed  1 passed, 0 failed  (images 5.0 s, lab 40.0 s, checks 20.0 s, support bundle 4.0 s, ' +
        'teardown 2.5 s)',
    ])
  })
})
