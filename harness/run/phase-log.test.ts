import { expect, test } from 'vitest'
import { MeshproofError } from '#errors.ts'
import { Phase } from '#results/results.ts'
import { linesOf } from '#testing/screen.ts'
import { phaseLog, type PhaseLog } from './phase-log.ts'

const noon = Date.UTC(2026, 0, 1, 12)

/** What a log keeps, and what the terminal was told of it. */
const logged = (use: (log: PhaseLog) => void): { phases: Phase[]; lines: string[] } => {
  let phases: Phase[] = []
  const lines = linesOf((shown) => {
    const log = phaseLog(shown)
    use(log)
    phases = log.all()
  })
  return { phases: phases.map((phase) => Phase.parse(phase)), lines }
}

test('a phase is kept when it ends, with when it began and what it took; overlapping ones each for themselves', () => {
  const { phases, lines } = logged((log) => {
    log.started('cluster1: created', noon)
    log.started('cluster2: created', noon + 1000)
    log.ended('cluster2: created', noon + 31_000, 'pass')
    log.ended('cluster1: created', noon + 41_500, 'pass')
    log.started('checks', noon + 42_000)
  })
  expect(phases).toEqual([
    { name: 'cluster2: created', startedAt: '2026-01-01T12:00:01.000Z', seconds: 30, verdict: 'pass' },
    { name: 'cluster1: created', startedAt: '2026-01-01T12:00:00.000Z', seconds: 41.5, verdict: 'pass' },
  ])
  expect(lines).toEqual(['✓   30.0 s  cluster2: created', '✓   41.5 s  cluster1: created'])
})

test('of a phase that fails the reason is told, in a line', () => {
  const { phases, lines } = logged((log) => {
    log.started('teardown', noon)
    log.ended(
      'teardown',
      noon + 2000,
      'fail',
      new MeshproofError('MP-410', { what: 'Not everything could be removed\nand more', next: 'meshproof down' }),
    )
  })
  expect(phases).toMatchObject([{ name: 'teardown', verdict: 'fail', seconds: 2 }])
  expect(lines).toEqual(['✗    2.0 s  teardown', '    Not everything could be removed'])
})

test('a phase that was stopped, or never begun, is kept and takes no line', () => {
  const { phases, lines } = logged((log) => {
    log.started('cluster1: created', noon)
    log.ended('cluster1: created', noon + 2000, 'not-run', new Error('stopped'))
    log.ended('cluster1: load balancer', noon + 2000, 'not-run')
  })
  expect(phases).toMatchObject([
    { verdict: 'not-run', seconds: 2 },
    { name: 'cluster1: load balancer', startedAt: '2026-01-01T12:00:02.000Z', seconds: 0, verdict: 'not-run' },
  ])
  expect(lines).toEqual([])
})

test('a phase of the same name that begins again counts from there', () => {
  const { phases } = logged((log) => {
    for (const start of [noon, noon + 60_000]) {
      log.started('checks', start)
      log.ended('checks', start + 5000, 'pass')
    }
  })
  expect(phases.map(({ seconds }) => seconds)).toEqual([5, 5])
})
