import { describe, expect, test } from 'vitest'
import { failingRun, runOf } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import type { Attempt, Results } from '#results/results.ts'
import { largestPage, reportPage } from './report-page.ts'

/** What a page says, without its markup. */
const textOf = (page: string): string =>
  page
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')

/** Every kind of tag of a page, with its attributes but without what they hold. */
const tagsOf = (page: string): string[] => [
  ...new Set([...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '""'))),
]

const evil = '</style></script><script>alert(1)</script><img src=x onerror=alert(1)>" onload="x\' --> &amp;'

/** Everything in the results that may come from somewhere else, replaced by an attempt to break out. */
const poisoned = (results: Results): Results =>
  JSON.parse(JSON.stringify(results), (key, value: unknown) =>
    typeof value === 'string' &&
    !['schema', 'layer', 'verdict', 'role', 'mtls', 'startedAt', 'finishedAt', 'probe'].includes(key)
      ? evil
      : value,
  ) as Results

describe('whatever results say', () => {
  test('stays text', async () => {
    const clean = reportPage(await failingRun())
    const page = reportPage(poisoned(await failingRun()))
    expect(tagsOf(page).filter((tag) => !tagsOf(clean).includes(tag))).toEqual([])
    expect(page.includes('&lt;script&gt;alert(1)')).toBe(true)
  })

  test('loads nothing', async () => {
    const page = reportPage(await failingRun())
    expect(page.includes("content=\"default-src 'none'; style-src 'unsafe-inline'\"")).toBe(true)
    expect(tagsOf(page).filter((tag) => /^<(?:script|link|img|iframe|object)|src=/.test(tag))).toEqual([])
    expect([...page.matchAll(/url\((.).*?\)|@import/g)].filter(([, first]) => first !== '#')).toEqual([])
  })
})

describe('a failing run', () => {
  test('leads with the verdict, the broken layer, its cause and what to do', async () => {
    const text = textOf(reportPage(await failingRun()))
    const said = [
      '✗ Failed',
      'First broken layer: network',
      'the gateway’s port 15443 cannot be reached from the other cluster',
      'Next step',
      'Look for a firewall',
      'MP-712',
      'net.gateway-open',
      'Layers',
      'What failed',
      'Check matrix',
      'Timeline',
      'Versions and images',
    ]
    const places = said.map((words) => text.indexOf(words))
    expect(places.filter((place) => place < 0)).toEqual([])
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  test('opens the failure that explains the others, and only that', async () => {
    const page = reportPage(await failingRun())
    const open = [...page.matchAll(/<details class="check fail" open><summary>(.*?)<\/summary>/gs)].map(
      ([, summary = '']) => textOf(summary),
    )
    expect(open).toEqual([expect.stringContaining('net.gateway-open cluster1')])
    expect(page.match(/<details class="check fail">/g)).toHaveLength(5)
  })

  test('with several topologies begins with the one that failed', async () => {
    const results = await runOf(['vpn', 'gateway'], { 'net.gateway-open cluster1': 'MP-712' })
    expect([...reportPage(results).matchAll(/<h2>(.*?) <span/g)].map(([, name]) => name)).toEqual([
      'gateway',
      'vpn',
      'vpn with mutual TLS off',
    ])
  })
})

describe('a link within the page', () => {
  test.each([
    ['failing', failingRun],
    ['passing', () => runOf(['all'])],
  ])('of a %s run leads somewhere, to one place', async (_, make) => {
    const page = reportPage(await make())
    const ids = [...page.matchAll(/ id="(.*?)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(
      [...page.matchAll(/(?:href="|url\()#(.*?)[")]/g)].map(([, id]) => id).filter((id) => !ids.includes(id)),
    ).toEqual([])
  })
})

describe('what did not run', () => {
  test('is shown with its reason and never as passed', () => {
    const text = textOf(
      reportPage(
        resultsOf(
          topologyResult([
            checkResult({ verdict: 'not-run', reason: 'the lab was not complete' }),
            checkResult({ id: 'reach.other', verdict: 'skipped', reason: 'one network' }),
          ]),
        ),
      ),
    )
    expect(text).toContain('? Not proven')
    expect(text).toContain('not run the lab was not complete: reach.local')
    expect(text).toContain('skipped one network: reach.other')
    expect(text).not.toMatch(/[^t] passed/i)
  })

  test('because the run ended early is shown first', () => {
    const results = resultsOf(topologyResult([checkResult()]))
    const text = textOf(
      reportPage({
        ...results,
        run: { ...results.run, error: { code: 'MP-201', message: 'no engine answers', next: 'start it' } },
      }),
    )
    expect(text).toMatch(/\? Not proven .* The run ended early MP-201 no engine answers Next step start it/)
  })
})

test('the folder of a support bundle is linked', () => {
  expect(
    reportPage(resultsOf(topologyResult([checkResult({ verdict: 'fail' })], { bundle: 'bundle/my mesh' }))),
  ).toContain('<a href="./bundle/my%20mesh">bundle/my mesh</a>')
})

describe('the size of a page', () => {
  test('of a run of everything, with all its evidence, is within the limit and made within a second', async () => {
    const results = await runOf(['all', './fixtures/topologies/examples/three-clusters.yaml'])
    const since = performance.now()
    const page = reportPage(results)
    expect(performance.now() - since).toBeLessThan(1000)
    expect(Buffer.byteLength(page)).toBeLessThan(largestPage)
    expect(page).not.toContain('is in results.json')
  })

  test('that would be too large is kept by leaving the evidence of passed checks to results.json', () => {
    const attempt: Attempt = {
      startedAt: '2026-01-01T00:00:00.000Z',
      seconds: 1,
      verdict: 'pass',
      reason: '',
      evidence: Array.from({ length: 60 }, () => ({ probe: 'other', said: 'x'.repeat(1000) })),
    }
    const checks = Array.from({ length: 30 }, (_, index) => checkResult({ id: `reach.n${index}`, attempts: [attempt] }))
    const page = reportPage(
      resultsOf(
        topologyResult([
          ...checks,
          checkResult({ id: 'reach.bad', verdict: 'fail', attempts: [{ ...attempt, verdict: 'fail' }] }),
        ]),
      ),
    )
    expect(Buffer.byteLength(page)).toBeLessThan(largestPage)
    expect(page).toContain('The evidence is in results.json.')
    expect(page.match(/x{1000}/g)).toHaveLength(60)
    const failures = checks.map((check) => ({ ...check, verdict: 'fail' as const }))
    expect(Buffer.byteLength(reportPage(resultsOf(topologyResult(failures))))).toBeLessThan(largestPage)
  })
})
