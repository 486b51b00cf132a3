import { expect, test } from 'vitest'
import { reportPage } from '#report/html/report-page.ts'
import { acrossRounds } from '#results/rounds.ts'
import { type CheckResult, type TopologyResult, topologyVerdict } from '#results/results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { terminalOutput } from '#testing/screen.ts'
import { roundLines } from './round-lines.ts'
import { alsoOn } from './terminal.ts'
import { summaryOf } from './topology-summary.ts'

const attempts = (seconds: number): CheckResult['attempts'] => [
  { startedAt: '2026-01-01T00:00:00Z', seconds, verdict: 'pass', reason: '', evidence: [] },
]

/** A topology of two checks in three rounds: one is steady, and one failed in the second round. */
const repeated = (): TopologyResult => {
  const steady = (seconds: number): CheckResult => checkResult({ attempts: attempts(seconds) })
  const other = (verdict: CheckResult['verdict']): CheckResult =>
    checkResult({ id: 'reach.other', from: ['cluster1', 'cluster2'], verdict, reason: 'no answer' })
  const rounds = [
    [steady(1), other('pass')],
    [steady(3), other('fail')],
    [steady(2), other('not-run')],
  ]
  return topologyResult(acrossRounds(rounds), {
    rounds: rounds.map((checks, index) => ({
      lab: `lab-${index + 1}`,
      seconds: 40,
      verdict: topologyVerdict(checks),
      reason: index === 2 ? 'the run was interrupted' : '',
    })),
  })
}

test('every check has its flake rate and its seconds, and every round that did not pass its reason', () => {
  expect(roundLines(repeated()).map((line) => line.trim().replaceAll(/ {2,}/g, '|'))).toEqual([
    'gateway: 1 of 3 rounds passed without a retry',
    'round 2: failed: reach.other (no answer)',
    'round 3: not run: the run was interrupted',
    'check|asked|flake rate|median|longest',
    '✓|reach.local|cluster1 → cluster2|0%|2.0 s|3.0 s',
    '✗|reach.other|the whole mesh|50%|0.0 s|0.0 s',
  ])
  expect(summaryOf(repeated()).at(-1)).toContain('gateway: fail')
})

test('checks that were run once have no rounds', () => {
  expect(roundLines(topologyResult([checkResult()]))).toEqual([])
  expect(reportPage(resultsOf(topologyResult([checkResult()])))).not.toContain('<h3>Rounds</h3>')
})

test('the page has both tables', () => {
  const page = reportPage(resultsOf(repeated()))
  expect(page).toContain('<h3>Rounds</h3>')
  expect(page).toMatch(/<td>reach\.other<\/td><td>the whole mesh<\/td><td>50%<\/td>/)
  expect(page).toContain('lab-2')
})

test('a second terminal shows the same, except commands for GitHub', () => {
  let other = ''
  const first = terminalOutput({}, {}, (screen) => {
    other = terminalOutput({}, {}, (second) => {
      const both = alsoOn(screen, second)
      both.line('a line')
      both.check(checkResult())
      both.problem('a problem')
      both.started('checks')
      both.ended('checks', 2, 'pass')
      both.summary(resultsOf(topologyResult([checkResult()])), 'reports/a')
      both.close()
    })
    screen.workflowCommand('::notice::here')
  })
  expect(other).toContain('a problem\n✓    2.0 s  checks\n')
  expect(first).toBe(`${other}::notice::here\n`)
})
