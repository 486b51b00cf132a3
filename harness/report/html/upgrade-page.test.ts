import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { upgradeProbes } from '#testing/upgrade-probes.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import type { Results, TopologyResult, Upgrade } from '#results/results.ts'
import { largestUpgradePage, reportPage } from './report-page.ts'
import { runsPage } from './runs-page.ts'

/** What a page says, without its markup. */
const textOf = (page: string): string =>
  page
    .replaceAll(/<(style|script)>.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
const tagsOf = (page: string): string[] => [
  ...new Set(
    [...page.replace(/<script>.*?<\/script>/s, '<script>').matchAll(/<[^>]*>/g)].map(([tag]) =>
      tag.replaceAll(/"[^"]*"/g, '""'),
    ),
  ),
]

/** Results with their upgrade changed. */
const changed = (results: Results, change: (upgrade: Upgrade) => Upgrade): Results => ({
  ...results,
  topologies: results.topologies.map((topology): TopologyResult => ({
    ...topology,
    ...(topology.upgrade ? { upgrade: change(topology.upgrade) } : {}),
  })),
})

const [healthy, losses, stall] = (['healthy', 'losses', 'stall'] as const).map((story) =>
  reportPage(upgradeResults(story)),
) as [string, string, string]
const openPhases = (page: string): string[] =>
  [...page.matchAll(/<details class="phase [\w-]+" open>.*?<b>(P\d+)/gs)].map(([, id = '']) => id)

describe('a healthy upgrade', () => {
  test('leads with its verdict, both releases and that nothing was lost', () => {
    expect(textOf(healthy)).toContain(
      '✓ Upgrade passed gateway from Istio 1.30-dev with Envoy 1.38.3 → to Istio 1.31-dev with Envoy 1.39.3, in ' +
        'place: 0 of 90,720 requests lost in 6 min 18 s',
    )
  })

  test('looks calm: no loss, no break, no silence is marked, no phase is open', () => {
    expect([...healthy.matchAll(/<path class="(?:lost|silent)"|<i class="break" style/g)]).toEqual([])
    expect(openPhases(healthy)).toEqual([])
    expect(healthy.match(/<path class="slowest"/g)).toHaveLength(33)
  })
})

test('an upgrade that failed shows what is broken in the mesh afterwards, and its layers', () => {
  const gateway = { layer: 'gateways', code: 'MP-887', where: 'cluster2 istio-system/gateway' } as const
  const results = upgradeResults('losses')
  results.topologies[0]!.diagnosis = diagnosisWith([gateway], gateway)
  const page = reportPage(results)
  const head = textOf(/<header.*?<\/header>/s.exec(page)?.[0] ?? '')
  expect(head).toMatch(/The mesh afterwards: gateways and the way to them .*Look at cluster2 istio-system\/gateway/)
  expect(head).not.toContain('The checks passed')
  expect(textOf(page)).toMatch(/Layers of the mesh afterwards .*✗ broken the cause MP-887/)
  expect([...page.matchAll(/href="#(.*?)"/g)].filter(([, id]) => !page.includes(` id="${id}"`))).toEqual([])
})

test('long answers that ended with their pods are shown, and red only where nothing explains them', () => {
  const ended = changed(upgradeResults('stall'), (upgrade) => ({ ...upgrade, findings: [] }))
  expect(reportPage(ended)).toMatch(/<div class=""><dt>streams broken off<\/dt><dd>[1-9]/)
  const [worst] = upgradeResults('losses').topologies[0]!.upgrade!.findings
  const unexplained = changed(ended, (upgrade) => ({ ...upgrade, findings: [{ ...worst!, code: 'MP-945' }] }))
  expect(reportPage(unexplained)).toMatch(/<div class="fail"><dt>streams broken off/)
})

describe('an upgrade that lost requests', () => {
  test('leads with the phase, what was seen, its cause and what to do', () => {
    expect(textOf(losses)).toMatch(
      new RegExp(
        [
          '✗ Upgrade failed ',
          ' 24 of 90,720 requests lost ',
          '✗ failed in P6 cluster2: workloads requests were lost although Istio tries them again',
          '3 of 504 lost',
          'Next step The classes and the nearest events',
          'MP-941 found by cluster1→cluster2 new-connection',
        ].join('.*'),
      ),
    )
  })

  test('marks the seconds in the lanes of those probes alone', () => {
    const marked = [...losses.matchAll(/data-probe="([^"]*)"(?:(?!<\/svg>).)*<path class="lost" d="([^"]*)"/gs)].map(
      ([, probe, at]) => [probe, at],
    )
    expect(marked.map(([probe]) => probe)).toEqual([
      'cluster1→cluster2 new-connection',
      'cluster1→cluster2 new-connection no-retries',
      'cluster2→cluster2 new-connection',
      'cluster2→cluster2 new-connection no-retries',
    ])
    expect(new Set(marked.map(([, at]) => at))).toEqual(new Set(['M219.5 0v16M220.5 0v16M224.5 0v16']))
  })

  test('opens the phases that are not green, with every loss by its id', () => {
    expect(openPhases(losses)).toEqual(['P6', 'P7'])
    expect(textOf(losses)).toContain('cluster1-probe/2628 12:03:39.000 timeout after 5,002 ms: Operation timed out')
    expect(textOf(losses)).toMatch(/3 timeout, 6 UF/)
  })

  test('shows the other findings, too', () => {
    expect(textOf(losses)).toMatch(
      /What else was found ! passed with warnings in P7 cluster2: gateways answers became slower/,
    )
  })
})

test('a machine that stood still is inconclusive, with the silence in every lane and the breaks of streams', () => {
  expect(textOf(stall)).toContain('? Upgrade inconclusive')
  expect(textOf(stall)).not.toContain('Upgrade passed')
  expect(stall.match(/<path class="silent" d="M225 0h3v16h-3z"/g)).toHaveLength(33)
  expect(stall.match(/<i class="break" style[^>]*the node stood still/g)).toHaveLength(8)
})

test('a stream that ended with a pod, as planned, is an event and no red mark', () => {
  const results = upgradeResults('stall')
  const { upgrade } = results.topologies[0]!
  const streams = upgrade!.measured.filter(({ streamBreaks }) => streamBreaks.length > 0)
  for (const { streamBreaks } of streams) for (const streamBreak of streamBreaks) streamBreak.planned = true
  const page = reportPage(results)
  expect(page).not.toMatch(/<i class="break" style/)
  expect(page.match(/<i class="planned" style[^>]*ended with a pod/g)).toHaveLength(8)
  expect(textOf(page)).toContain('1 ended with a pod')
  expect(textOf(page)).toContain('8 streams ended with pods that were replaced as planned.')
  expect(textOf(page)).toMatch(/streams broken off 0 /)
  expect(textOf(page)).not.toMatch(/\d breaks?\b/)
})

describe('a verdict', () => {
  test('is never better than the run’s', () => {
    const results = upgradeResults('healthy')
    expect(
      textOf(
        reportPage({
          ...results,
          run: { ...results.run, error: { code: 'MP-201', message: 'no engine answers', next: 'start it' } },
        }),
      ),
    ).toMatch(/\? Upgrade not proven .* The run ended early MP-201/)
    expect(textOf(reportPage({ ...results, run: { ...results.run, interrupted: true } }))).toContain(
      '? Upgrade not proven',
    )
  })

  test('of a phase that was not run stands with its reason', () => {
    const page = reportPage(
      changed(upgradeResults('healthy'), (upgrade) => ({
        ...upgrade,
        verdict: 'not-run',
        phases: upgrade.phases.map((phase) =>
          phase.id === 'P9'
            ? {
                ...phase,
                seconds: 0,
                verdict: 'not-run' as const,
                reason: 'P8 failed',
                steps: [],
                checks: [],
                releases: [],
              }
            : phase,
        ),
      })),
    )
    expect(openPhases(page)).toEqual(['P9'])
    expect(textOf(page)).toMatch(/\? Upgrade not proven .*not run P9 remote secret rotated.*P8 failed/)
  })
})

test('a link leads somewhere, to one place', () => {
  for (const page of [healthy, losses, stall]) {
    const ids = [...page.matchAll(/ id="(.*?)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect([...page.matchAll(/href="#(.*?)"/g)].map(([, id]) => id).filter((id) => !ids.includes(id))).toEqual([])
  }
})

describe('whatever an upgrade’s results say', () => {
  const evil = '</style></script><script>alert(1)</script><img src=x onerror=alert(1)>" onload="x\' --> &amp;'
  const foreign = [
    'name',
    'reason',
    'from',
    'to',
    'cause',
    'hint',
    'seen',
    'code',
    'what',
    'event',
    'detail',
    'cluster',
    'workload',
    'istio',
    'envoy',
    'message',
  ]

  test('stays text', () => {
    const page = reportPage(
      JSON.parse(JSON.stringify(upgradeResults('losses')), (key, value: unknown) =>
        typeof value === 'string' && foreign.includes(key) ? evil : value,
      ) as Results,
    )
    const clean = new Set(tagsOf(losses))
    expect(tagsOf(page).filter((tag) => !clean.has(tag))).toEqual([])
    expect(page.includes('&lt;script&gt;alert(1)')).toBe(true)
  })

  test('runs nothing: the policy lets the page’s own script alone', () => {
    const scripts = [...losses.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script = '']) => script)
    expect(scripts).toHaveLength(1)
    expect(losses).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256')
        .update(scripts[0] ?? '')
        .digest('base64')}'"`,
    )
    expect(tagsOf(losses).filter((tag) => /^<(?:link|img|iframe|object)|src=/.test(tag))).toEqual([])
  })
})

describe('the page of several runs', () => {
  test('shows an upgrade in a row of its own, from what to what, with what it lost and why', () => {
    const page = runsPage([
      { results: upgradeResults('losses'), link: 'a/report.html' },
      { results: upgradeResults('stall'), link: 'b/report.html' },
    ])
    expect(textOf(page)).toMatch(
      new RegExp(
        'Istio 1.30-dev → 1.31-dev .*gateway, upgraded in place ✗ failed 24 of 90,720 requests lost: ' +
          String.raw`P6 \(MP-941\) \? inconclusive 0 of`,
      ),
    )
  })
})

// What is asserted is a size: a machine with much to do may take its time.
describe('the size of the page', () => {
  const probes = upgradeProbes(true)

  test(
    'of 53 probes for 423 seconds, with 30 checks after each of ten phases, is within the limit with all its ' +
      'evidence',
    () => {
      const page = reportPage(upgradeResults('losses', { phaseSeconds: 47, probes }))
      expect(Buffer.byteLength(page)).toBeLessThanOrEqual(largestUpgradePage)
      expect(page).not.toContain('The evidence is in results.json.')
    },
    30_000,
  )

  test('is within it even where every probe lost a hundred requests in every phase, and evidence is long', () => {
    const said = { probe: 'other', said: 'x'.repeat(20_000) }
    const page = reportPage(
      changed(upgradeResults('losses', { phaseSeconds: 47, probes }), (upgrade) => {
        const [loss] = upgrade.measured.flatMap((figures) => figures.losses)
        return {
          ...upgrade,
          measured: upgrade.measured.map((figures) => ({
            ...figures,
            lost: 500,
            classes: { timeout: 500 },
            losses: Array.from({ length: 100 }, () => loss!),
          })),
          phases: upgrade.phases.map((phase) => ({
            ...phase,
            checks: phase.checks.map((check) => ({
              ...check,
              attempts: check.attempts.map((attempt) => ({ ...attempt, evidence: [said] })),
            })),
          })),
        }
      }),
    )
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(largestUpgradePage)
    expect(textOf(page)).toContain('The first 20 of 500; results.json has more.')
  })
})
