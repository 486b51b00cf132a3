import { expect, test } from 'vitest'
import type { CheckResult, TopologyResult } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { phaseLog } from '#run/phase-log.ts'
import { resultWithout } from '#run/plan-checks.ts'
import { makePlans, type MeshPlan } from '#run/plan.ts'
import { unreadTerminal } from '#testing/screen.ts'
import { type MeshRecord, meshRecord } from './mesh-record.ts'

/** A record of three rounds of one check in two clusters, and what it published last. */
const recorded = async (): Promise<{ plan: MeshPlan; record: MeshRecord; last: () => TopologyResult | undefined }> => {
  const [plan] = await makePlans(['gateway'], ['reach.local'], catalogue)
  let last: TopologyResult | undefined
  const record = meshRecord(
    plan!,
    'the lab was not complete',
    phaseLog(unreadTerminal()),
    (result) => {
      last = result
    },
    { rounds: 3, lab: 'a-lab' },
  )
  return { plan: plan!, record, last: () => last }
}

const resultsOf = ({ planned }: MeshPlan, verdict: CheckResult['verdict']): CheckResult[] =>
  planned.flatMap((unit) =>
    catalogue
      .filter(({ id }) => id === unit.id)
      .map((check) => ({ ...resultWithout(check, unit, 'not-run', 'why'), verdict })),
  )
const roundsOf = (result: TopologyResult | undefined): string[] =>
  (result?.rounds ?? []).map(({ verdict, reason }) => `${verdict} ${reason}`.trim())

test('rounds that passed are a pass together', async () => {
  const { plan, record } = await recorded()
  for (let round = 1; round <= 3; round += 1) record.checkedAll(resultsOf(plan, 'pass'), new Date())
  expect(record.result().verdict).toBe('pass')
  expect(record.result().rounds).toMatchObject([{ lab: 'a-lab' }, { lab: 'a-lab' }, { lab: 'a-lab' }])
  expect(record.wentWrong()).toBe(false)
})

test('a run that ends between rounds leaves the others not run, and its verdict with them', async () => {
  const { plan, record, last } = await recorded()
  record.checkedAll(resultsOf(plan, 'pass'), new Date())
  for (const check of resultsOf(plan, 'pass').slice(0, 1)) record.checked(check)
  expect(last()?.verdict).toBe('not-run')
  expect(roundsOf(last())).toEqual([
    'pass',
    'not-run the run ended before this round',
    'not-run the run ended before this round',
  ])
  expect(
    last()
      ?.checks.find(({ id }) => id === 'reach.local')
      ?.repeated?.rounds.map(({ verdict }) => verdict),
  ).toEqual(['pass', 'pass', 'not-run'])
})

test('a round that failed is the verdict, whatever follows', async () => {
  const { plan, record } = await recorded()
  record.checkedAll(resultsOf(plan, 'fail'), new Date())
  record.noMoreRounds('an earlier round failed and --fail-fast was given')
  expect(record.result().verdict).toBe('fail')
  expect(roundsOf(record.result())[2]).toBe('not-run an earlier round failed and --fail-fast was given')
  expect(record.wentWrong()).toBe(true)
})
