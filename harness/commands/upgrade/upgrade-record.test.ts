import { expect, test } from 'vitest'
import { budgetsOf } from '#commands/upgrade/verdict/budgets.ts'
import type { TopologyResult } from '#results/results.ts'
import { phaseLog } from '#run/phase-log.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { checkResult } from '#testing/results.ts'
import { unreadTerminal } from '#testing/screen.ts'
import { UpgradeOptions } from './options.ts'
import type { UpgradePhase } from './upgrade-phase.ts'
import { upgradeRecord, type UpgradeRecord } from './upgrade-record.ts'

const istiod: UpgradePhase = { id: 'P2', name: 'istiod', kind: 'control-plane', steps: [] }
const unchecked = [checkResult({ verdict: 'not-run', reason: 'the run ended before it' })]

/** The record of an upgrade that has not begun, and what it publishes. */
const recording = async (): Promise<{ record: UpgradeRecord; published: TopologyResult[] }> => {
  const { topology, images } = await idleLab()
  const published: TopologyResult[] = []
  const options = UpgradeOptions.parse({ topology: 'gateway', from: '1.30-dev', to: '1.31-dev' })
  const record = upgradeRecord(
    {
      topology,
      images: { from: images, to: images },
      versions: { from: '1.30.0', to: '1.31.0' },
      strategy: 'in-place',
      budgets: budgetsOf(options),
      earlier: undefined,
    },
    { before: [], phases: phaseLog(unreadTerminal()), unchecked },
    (result) => {
      published.push(result)
    },
  )
  return { record, published }
}

test('an upgrade of which nothing was performed has no verdict', async () => {
  const { record } = await recording()
  expect(record.wentWrong()).toBe(true)
  expect(record.result()).toMatchObject({ verdict: 'not-run', checks: unchecked, upgrade: { verdict: 'not-run' } })
})

test('what it takes it publishes at once: phases that were begun, and of the others why they were not', async () => {
  const { record, published } = await recording()
  record.planned([istiod, { ...istiod, id: 'P3', name: 'workloads' }], [])
  record.performed({
    ...istiod,
    startedAt: 0,
    endedAt: 1000,
    complete: true,
    done: [],
    checks: [],
    releases: [],
  })
  record.ended({ samples: [], pressure: [], events: [] }, new Error('the run was interrupted'))
  expect(published).toHaveLength(3)
  expect(published.at(-1)?.upgrade?.phases).toMatchObject([
    { id: 'P2', seconds: 1 },
    { id: 'P3', verdict: 'not-run', reason: 'the run was interrupted' },
  ])
})

test('a support bundle is part of the result', async () => {
  const { record, published } = await recording()
  record.bundled('bundle/gateway')
  expect(published).toMatchObject([{ bundle: 'bundle/gateway' }])
})
