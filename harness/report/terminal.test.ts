import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { because, causes } from '#results/causes.ts'
import { diagnose } from '#results/explain.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { linesOf, seenOn, terminalOutput } from '#testing/screen.ts'
import { about, terminal, type Terminal } from './terminal.ts'
import { summaryOf } from './topology-summary.ts'

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
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
  ])('on %s is plain lines', (_what, screen, environment) => {
    const text = terminalOutput(screen, environment, useAll)
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

  test('on a TTY has colour and a live line, which is gone in the end', async () => {
    const text = terminalOutput({ isTTY: true }, {}, (shown) => {
      shown.started('images')
      shown.check(checkResult())
    })
    const check = '✓ reach.local  cluster1 → cluster2  21 of 21 answered'
    expect(text).toContain('\u001b[32m✓\u001b[39m reach.local')
    expect(await seenOn(text.slice(0, text.lastIndexOf('images 0 s') + 'images 0 s'.length))).toEqual([
      check,
      expect.stringMatching(/^. images 0 s$/),
    ])
    expect(await seenOn(text)).toEqual([check])
  })

  test('in CI a TTY has colour and no live line', () => {
    const text = terminalOutput({ isTTY: true }, { CI: 'true' }, (shown) => {
      shown.started('images')
      shown.check(checkResult())
    })
    expect(text).toBe('\u001b[32m✓\u001b[39m reach.local  cluster1 → cluster2  21 of 21 answered\n')
  })

  test('keeps what it tells of programs out of the report', () => {
    const errors = new PassThrough({ encoding: 'utf8' })
    const report = new PassThrough({ encoding: 'utf8' })
    const shown = terminal(report, {}, errors)
    shown.program('[1] $ docker version')
    shown.line('after it')
    expect([String(report.read()), String(errors.read())]).toEqual(['after it\n', '[1] $ docker version\n'])
  })

  test('shows somebody else’s text as text: nothing in it moves the cursor, or sets a title', () => {
    const forged = '\u001b[1A\u001b[2K\u009b0m\u001b]0;owned\u0007\r'
    const text = terminalOutput({}, {}, (shown) => {
      shown.line(forged)
      shown.problem(forged)
      shown.started(forged)
      shown.ended(forged, 1, 'pass')
      shown.check(checkResult({ reason: forged, from: [forged] }))
      shown.summary(resultsOf(topologyResult([checkResult()], { reason: forged })), forged)
    })
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(text).toContain('␛[1A␛[2K')
  })

  test('gives the runner of GitHub Actions no command but its own', () => {
    const text = terminalOutput({}, { GITHUB_ACTIONS: 'true' }, (shown) => {
      shown.line('seen\n  ::add-mask::a')
      shown.check(checkResult({ reason: '\n::error::forged ##[error]forged' }))
      shown.workflowCommand('::error title=a::b')
    })
    expect(text.split('\n').filter((line) => /^\s*::|##\[/.test(line))).toEqual(['::error title=a::b'])
  })

  test('says of a check from where to where, what was seen, and that it took a retry', () => {
    const text = terminalOutput({}, {}, (shown) => {
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

  test('takes away its own phase and leaves the other labs’', async () => {
    const text = terminalOutput({ isTTY: true }, {}, (shown) => {
      const [one, other] = [about(shown, 'vpn'), about(shown, 'gateway')]
      one.started('cluster1: created')
      other.started('cluster1: created')
      one.ended('cluster1: created', 12.34, 'pass')
    })
    const beforeItsEnd = text.slice(0, text.lastIndexOf('created 0 s') + 'created 0 s'.length)
    const seen = await seenOn(beforeItsEnd)
    expect(seen.at(-1)).toContain('gateway  cluster1: created 0 s')
    expect(seen.at(-1)).not.toContain('vpn')
    expect(seen.slice(0, -1)).toEqual(['✓   12.3 s  vpn  cluster1: created'])
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
