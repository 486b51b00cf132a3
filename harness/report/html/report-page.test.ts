import { describe, expect, test } from 'vitest'
import { processorSeconds } from '#testing/edge.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { explainedRun, failingRun, runOf, warnedRun } from '#testing/report-results.ts'
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
  test.each([
    ['of a failing run', failingRun],
    ['of a mesh that was diagnosed', explainedRun],
    ['of a mesh with a warning', warnedRun],
  ])('%s stays text', async (_, make) => {
    const clean = reportPage(await make())
    const page = reportPage(poisoned(await make()))
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

describe('a failing run whose mesh was diagnosed', () => {
  const headOf = (page: string): string => /<header.*?<\/header>/s.exec(page)?.[0] ?? ''

  test('leads with the cause, the object, the evidence, the command, and the checks that it shows in', async () => {
    const head = headOf(reportPage(await explainedRun()))
    const said = [
      'First broken layer: gateways and the way to them',
      'a gateway has no ready pod behind its service',
      'Look at cluster2 istio-system/istio-eastwestgateway',
      'its service has no ready endpoints',
      'Next step',
      'kubectl --context=cluster2 -n istio-system get pods,endpointslices',
      'Shows in: net.gateway-open , reach.both-versions ,',
      'MP-887 docs/codes.md#mp-887',
    ]
    const places = said.map((words) => textOf(head).indexOf(words))
    expect(places.filter((place) => place < 0)).toEqual([])
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(head).not.toContain('MP-712')
    expect(head).toContain('<a href="#gateway-strict--net.gateway-open--cluster1">net.gateway-open</a>')
    expect(head).toContain('<pre class="command"><code>kubectl --context=cluster2')
  })

  test('shows its layers: what each rests on, what was found, and what follows from it', async () => {
    const results = await explainedRun()
    results.topologies[0]!.diagnosis!.layers[0]!.notes = ['2 of 40 proxies do not answer']
    const [ladder = ''] = reportPage(results).match(/<ol class="ladder mesh".*?<\/ol>/s) ?? []
    const rungs = ladder.split('<li id=').slice(1)
    expect(rungs).toHaveLength(17)
    const rungOf = (layer: string): string =>
      textOf(rungs.find((rung) => rung.startsWith(`"gateway-strict--mesh-${layer}"`)) ?? '')
    expect(rungOf('api')).toMatch(/✓ healthy it is well Note: 2 of 40 proxies do not answer/)
    expect(rungOf('trust')).toMatch(/! warning .*MP-845 warning: /)
    expect(rungOf('gateways')).toMatch(/✗ broken the cause .*MP-887 .*MP-885 .*follows from MP-887/)
    expect(rungOf('endpoints')).toMatch(/✗ broken follows from MP-887/)
  })

  test('says in each failed check what explains it', async () => {
    const text = textOf(reportPage(await explainedRun()))
    expect(text.match(/Explained by MP-887 a gateway has no ready pod/g)).toHaveLength(6)
  })

  test('and that nothing explains is unexplained, and narrowed to a check and its way', async () => {
    const results = await failingRun()
    results.topologies[0]!.diagnosis = diagnosisWith([])
    const text = textOf(headOf(reportPage(results)))
    expect(text).toContain('First broken layer: network')
    expect(text).toMatch(/Unexplained No layer .*Narrowed to net\.gateway-open , cluster1 → to cluster2/)
    expect(textOf(reportPage(await failingRun()))).not.toContain('Unexplained')
  })

  test('keeps a command in one line', async () => {
    const results = await explainedRun()
    const { layers } = results.topologies[0]!.diagnosis!
    layers.flatMap(({ findings }) => findings).forEach((finding) => (finding.fix = 'kubectl get\n rm -rf /'))
    expect(reportPage(results)).toContain('<code>kubectl get rm -rf /</code>')
  })
})

test('a passing run with a finding shows a warning, and nothing red', async () => {
  const page = reportPage(await warnedRun())
  expect(textOf(page)).toMatch(/✓ Passed .*Warning The checks passed\. This can hurt later\. .*Look at cluster1 /)
  expect(page).toContain('<div class="cause later">')
  const results = await warnedRun()
  const gateway = { layer: 'gateways', code: 'MP-887', where: 'cluster2 istio-system/gateway' } as const
  results.topologies[0]!.diagnosis = diagnosisWith([gateway], gateway)
  const body = reportPage(results).replace(/<style>.*?<\/style>/s, '')
  expect(body).toContain('MP-887')
  expect(body).not.toMatch(/class="(?:[^"]* )?fail[ "]/)
  expect(reportPage(await runOf(['gateway']))).not.toContain('can hurt later')
})

test('a run of several topologies says in which the cause and the warning are', async () => {
  const [red, green] = [(await explainedRun()).topologies[0]!, (await warnedRun()).topologies[0]!]
  const text = textOf(reportPage(resultsOf({ ...green, name: 'vpn' }, red, { ...red, name: 'other' })))
  expect(text).toMatch(/First broken layer: gateways and the way to them in gateway , other/)
  expect(text).toMatch(/Shows in gateway: net\.gateway-open .*Shows in other: net\.gateway-open/)
  expect(text).toMatch(/Warning The checks passed.* Look at cluster1 in vpn/)
})

describe('a link within the page', () => {
  test.each([
    ['failing', failingRun],
    ['passing', () => runOf(['all'])],
    ['diagnosed', explainedRun],
    ['warned', warnedRun],
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
    let page = ''
    const seconds = processorSeconds(() => {
      page = reportPage(results)
    })
    expect(seconds).toBeLessThan(1)
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
