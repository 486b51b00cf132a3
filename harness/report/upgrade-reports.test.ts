import { expect, test } from 'vitest'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import { conformance } from './conformance.ts'
import { annotations } from './github-annotations.ts'
import { stepSummary } from './github-summary.ts'
import { junit } from './junit.ts'
import type { Results } from '#results/results.ts'
import { summaryOf } from './topology-summary.ts'
import { upgradeChecks } from './upgrade-checks.ts'

const linesOf = ({ topologies: [topology] }: Results): string[] => summaryOf(topology!)

test('a terminal gets a line for each phase, what was found with its next step, and the verdict', () => {
  const healthy = linesOf(upgradeResults())
  expect(healthy).toHaveLength(13)
  expect(healthy[2]).toMatch(
    new RegExp(
      String.raw`^✓ P2 cluster1: control plane {2}42\.0 s, lost 0 of [\d,]+ with Istio’s retries ` +
        String.raw`and 0 of [\d,]+ without, longest gap 96 ms$`,
    ),
  )
  expect(healthy.at(-1)).toMatch(/^✓ gateway: passed {2}1.30-dev to 1.31-dev in place, 10 of 10 phases, lost 0 of/)
  const [finding, observed, next] = linesOf(upgradeResults('losses')).slice(12)
  expect(finding).toMatch(/^✗ P6 {2}MP-\d+ {2}requests were lost/)
  expect([observed, next]).toEqual([
    expect.stringMatching(/^ {2}seen: {2}\d+ of \d+ lost.*cluster\d→cluster2/),
    expect.stringMatching(/^ {2}next: {2}The classes and the nearest events/),
  ])
  expect(linesOf(upgradeResults('losses')).at(-1)).toMatch(/^✗ gateway: failed .* lost [1-9]/)
})

test('what is broken in the mesh after an upgrade is said beside its findings, and is no warning for later', () => {
  const gateway = { layer: 'gateways', code: 'MP-887', where: 'cluster2 istio-system/gateway' } as const
  const results = upgradeResults('losses')
  results.topologies[0]!.diagnosis = diagnosisWith([gateway], gateway)
  expect(linesOf(results)[0]).toMatch(/^the mesh afterwards: gateways and the way to them {2}\(MP-887\)/)
  const lines = annotations(results)
  expect(lines[0]).toMatch(/^::error title=MP-9\d\d P/)
  expect(lines.filter((line) => line.includes('MP-887'))).toEqual([
    expect.stringMatching(/^::error title=MP-887 gateways and the way to them \(gateway\)::(?!.*Shows in)/),
  ])
  expect(lines.filter((line) => line.startsWith('::notice'))).toEqual([])
  const summary = stepSummary(results, 1e6)
  expect(summary).toContain('the mesh afterwards, first broken layer is gateways and the way to them** (MP-887)')
  expect(summary).not.toContain('[!NOTE]')
})

test('the same finding of several phases is shown once, with what was observed in each', () => {
  const results = upgradeResults('losses')
  const { findings } = results.topologies[0]!.upgrade!
  const slower = findings.find(({ phase }) => phase === 'P7')!
  findings.push({ ...slower, phase: 'P8', seen: 'p99 of one probe' })
  const lines = linesOf(results)
  const first = lines.findIndex((line) => line.includes(slower.code))
  expect(lines.slice(first, first + 4)).toEqual([
    `! P7, P8  ${slower.code}  ${slower.cause}`,
    expect.stringMatching(/^ {2}seen: {2}P7 {2}/),
    expect.stringMatching(/^ {2}seen: {2}P8 {2}p99 of one probe/),
    `  next:  ${slower.hint}`,
  ])
  expect(lines.filter((line) => line.includes(slower.code))).toHaveLength(1)
})

test('a phase that was not run says why, and the verdict counts it out', () => {
  const results = upgradeResults()
  const { upgrade } = results.topologies[0]!
  Object.assign(upgrade!.phases[9]!, { verdict: 'not-run', reason: 'the run ended before it' })
  expect(linesOf(results)[9]).toBe('? P9 remote secret rotated  not run: the run ended before it')
  expect(linesOf(results).at(-1)).toContain('9 of 10 phases')
  expect(junit(results)).toContain('<error message="not run: the run ended before it" type="not-run"/>')
  expect(conformance(results)).toContain('result: partial')
})

test('each phase, each check of it and each probe in it is a case', () => {
  const results = upgradeResults('losses')
  const { upgrade } = results.topologies[0]!
  const cases = upgradeChecks(results.topologies[0]!)
  expect(cases).toHaveLength(
    10 + upgrade!.phases.reduce((sum, { checks }) => sum + checks.length, 0) + upgrade!.measured.length,
  )
  const failed = cases.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)
  expect(failed).toContain('P6 cluster2: workloads')
  expect(failed).toEqual(
    expect.arrayContaining(
      ['new-connection', 'new-connection no-retries'].map((probe) => `P6 cluster1→cluster2 ${probe}`),
    ),
  )
  expect(failed.every((id) => id.startsWith('P6'))).toBe(true)
  expect(junit(results)).toContain(`failures="${failed.length}"`)
  expect(conformance(results)).toContain('result: failure')
})

test('what is inconclusive never reads as passed', () => {
  const results = upgradeResults('stall')
  expect(junit(results)).toMatch(/name="P6 cluster2: workloads from [^"]*" time="0\.000"><error message="not run/)
  expect(conformance(results)).toContain('result: partial')
  expect(stepSummary(results, 1e6)).toMatch(/^## \? meshproof: inconclusive/)
  expect(annotations(results)).toEqual([expect.stringMatching(/^::warning title=MP-\d+ P6 \(gateway\)::/)])
})

test('GitHub gets what failed, and shows phases and findings', () => {
  const results = upgradeResults('losses')
  expect(annotations(results)).toEqual([
    expect.stringMatching(
      /^::error title=MP-\d+ P6 \(gateway\)::requests were lost.*%0ANext: The classes and the nearest events/,
    ),
    expect.stringMatching(/^::warning title=MP-\d+ P7/),
  ])
  const summary = stepSummary(results, 1e6)
  expect(summary).toMatch(/^## ✗ meshproof: failed/)
  expect(summary).toMatch(/\| gateway \| ✗ failed \| [\d,]+ of [\d,]+ requests lost \|/)
  expect(summary).toMatch(/\| P2 cluster1: control plane \| ✓ passed \| 42\.0 \| lost 0 of/)
  expect(summary).toMatch(/\| ✗ failed \| P6 \| MP-\d+ \| requests were lost/)
})
