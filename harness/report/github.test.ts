import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { explainedRun, failingRun, warnedRun } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { annotations } from './github-annotations.ts'
import { stepSummary } from './github-summary.ts'
import { tellGitHub } from './github-step.ts'

const failed = (count: number) =>
  resultsOf(
    topologyResult(
      Array.from({ length: count }, (_, index) =>
        checkResult({ id: `reach.n${index}`, verdict: 'fail', reason: 'no answer' }),
      ),
    ),
  )

describe('the annotations', () => {
  test('are an error for what failed, the cause first, and a warning for what passed on retry', async () => {
    const results = await failingRun()
    results.topologies[0]!.checks.push(checkResult({ verdict: 'flaky' }))
    const lines = annotations(results)
    expect(lines[0]).toMatch(
      new RegExp(
        String.raw`^::error title=MP-712 net\.gateway-open \(gateway\)::cluster1 → cluster2: MP-712 .*` +
          '%0ACause: the gateway’s port 15443 .*%0ANext: Look for a firewall',
      ),
    )
    expect(lines.at(-1)).toBe('::warning title=reach.local (gateway)::passed on retry: 21 of 21 answered')
    expect(lines).toHaveLength(7)
  })

  test('begin with the cause that the diagnosis names, and each failed check says what explains it', async () => {
    const lines = annotations(await explainedRun())
    expect(lines[0]).toBe(
      '::error title=MP-887 gateways and the way to them (gateway)::a gateway has no ready pod behind its service ' +
        '(cluster2 istio-system/istio-eastwestgateway)%0Aits service has no ready endpoints%0A' +
        'Next: kubectl --context=cluster2 -n istio-system get pods,endpointslices%0A' +
        'Shows in: net.gateway-open, reach.both-versions, reach.path, route.pin-v2, mtls.strict, failover.local-down',
    )
    expect(lines).toHaveLength(7)
    expect(lines.slice(1).filter((line) => !line.includes('%0Aexplained by MP-887: a gateway'))).toEqual([])
  })

  test('say of the first failed check that nothing explains it', async () => {
    const results = await failingRun()
    results.topologies[0]!.diagnosis = diagnosisWith([])
    expect(annotations(results).map((line) => line.includes('Unexplained: no layer of the mesh'))).toEqual([
      true,
      ...Array.from({ length: 5 }, () => false),
    ])
  })

  test('are notices for what will hurt later', async () => {
    expect(annotations(await warnedRun())).toEqual([
      expect.stringMatching(/^::notice title=MP-845 \(gateway\)::.*\(cluster1\)%0A.*%0ASee: kubectl/),
    ])
  })

  test('escape what the runner would read as its own', () => {
    const [line] = annotations(
      resultsOf(topologyResult([checkResult({ id: 'a:b,c%', verdict: 'fail', reason: '100%\r\n::error::x' })])),
    )
    expect(line).toBe('::error title=a%3Ab%2Cc%25 (gateway)::cluster1 → cluster2: 100%25%0D%0A::error::x')
  })

  test('steer no terminal that shows the log', () => {
    const [line] = annotations(
      resultsOf(topologyResult([checkResult({ verdict: 'fail', reason: '\u001b[2Jgone\u009b' })])),
    )
    expect(line).toContain('␛[2Jgone\\u009b')
  })

  test('are no more than GitHub shows, and the last says how many there are', () => {
    expect(annotations(failed(10))).toHaveLength(10)
    expect(annotations(failed(10)).join()).not.toContain('more')
    expect(annotations(failed(25))).toHaveLength(10)
    expect(annotations(failed(25)).at(-1)).toContain('16 more')
  })

  test('say why a run ended early, and nothing of one that passed', () => {
    const results = resultsOf(topologyResult([checkResult()]))
    expect(annotations(results)).toEqual([])
    results.run.error = { code: 'MP-201', message: 'no engine', next: 'start it' }
    expect(annotations(results)).toEqual(['::error title=MP-201::no engine Next: start it'])
  })
})

describe('the step summary', () => {
  test('begins with the verdict and what is broken', async () => {
    const text = stepSummary(await failingRun(), 1e6)
    expect(text.split('\n').slice(0, 3)).toEqual(['## ✗ meshproof: failed', '', '> [!CAUTION]'])
    expect(text).toContain('first broken layer is network')
    expect(text).toContain('| gateway | ✗ failed |')
    expect(text).toContain('| ✗ failed | gateway | reach.path | the whole mesh |')
  })

  test('leads with the cause that the diagnosis names, or says that nothing explains the failure', async () => {
    const text = stepSummary(await explainedRun(), 1e6)
    expect(text.split('\n').slice(2, 12)).toEqual([
      '> [!CAUTION]',
      '> **gateway: first broken layer is gateways and the way to them** (MP-887)',
      '>',
      '> a gateway has no ready pod behind its service (cluster2 istio-system/istio-eastwestgateway)',
      '>',
      '> - its service has no ready endpoints',
      '>',
      '> Next step: <code>kubectl --context=cluster2 -n istio-system get pods,endpointslices</code>',
      '>',
      expect.stringMatching(/^> Shows in: net\.gateway-open, /),
    ])
    const unexplained = await failingRun()
    unexplained.topologies[0]!.diagnosis = diagnosisWith([])
    expect(stepSummary(unexplained, 1e6)).toContain(
      '> Unexplained: no layer of the mesh shows why. Narrowed to cluster1 → cluster2 (net.gateway-open).',
    )
  })

  test('has a note for each warning, and no more than ten', async () => {
    const results = await warnedRun()
    expect(stepSummary(results, 1e6)).toMatch(
      /^## ✓ meshproof: passed\n\n> \[!NOTE\]\n> \*\*gateway: warning\*\* \(MP-845\)/,
    )
    results.topologies[0]!.diagnosis = diagnosisWith(
      Array.from({ length: 12 }, (_, index) => ({
        layer: 'trust',
        code: 'MP-845',
        where: `<b>${index}`,
        severity: 'warning',
      })),
    )
    const many = stepSummary(results, 1e6)
    expect(many.match(/\[!NOTE\]/g)).toHaveLength(10)
    expect(many).toContain('2 more warnings are in report.html.')
    expect(many).not.toContain('<b>')
  })

  test('shows what the evidence says as text', () => {
    const text = stepSummary(
      resultsOf(topologyResult([checkResult({ verdict: 'fail', reason: '<img src=x> | `code`\n# [a](b)' })])),
      1e6,
    )
    expect(text).not.toMatch(/<img|`code`|\]\(b\)/)
    expect(text.split('\n').at(-2)?.split('|')).toHaveLength(7)
  })

  test('stays within its bytes, cut between lines', () => {
    const text = stepSummary(failed(1000), 5000)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(5000)
    expect(Buffer.byteLength(text)).toBeGreaterThan(4500)
    expect(text).toMatch(/\|\n\nThe rest is left out: it is in report\.html\.\n$/)
    expect(stepSummary(failed(3), 5000)).not.toContain('left out')
  })
})

describe('a step of GitHub Actions', () => {
  test('is reported by lines and in its summary, after what is there already', async () => {
    const file = join(await scratchFolder(), 'summary.md')
    await writeFile(file, '')
    await appendFile(file, `${'x'.repeat(2 ** 20 - 2000)}\n`)
    const lines: string[] = []
    await tellGitHub(failed(200), { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file }, (line) => {
      lines.push(line)
    })
    expect(lines).toHaveLength(10)
    const text = await readFile(file, 'utf8')
    expect(text).toContain('x\n## ✗ meshproof')
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2 ** 20)
  })

  test('that is not of GitHub, or has no place for a summary, gets no report', async () => {
    const lines: string[] = []
    const line = (text: string): void => {
      lines.push(text)
    }
    await tellGitHub(failed(1), {}, line)
    expect(lines).toEqual([])
    await tellGitHub(failed(1), { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: '/nonexistent/summary.md' }, line)
    expect(lines.at(-1)).toContain('could not be written')
  })
})
