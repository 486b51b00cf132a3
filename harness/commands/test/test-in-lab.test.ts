import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TopologyResult } from '#results/results.ts'
import { failureOf } from '#run/failure-of.ts'
import { phaseLog } from '#run/phase-log.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { turns } from '#run/turns.ts'
import { checkOf } from '#testing/checks.ts'
import { doomedLab } from '#testing/doomed-lab.ts'
import { scratchFolder } from '#testing/edge.ts'
import { meshRecord, withRecord } from './mesh-record.ts'
import { type LabTest, testInLab } from './test-in-lab.ts'

/** A run whose lab does not come up, with one check. */
const doomed = async (of: Partial<LabTest> = {}): Promise<LabTest> => {
  const lab = await doomedLab([checkOf()])
  return {
    ...lab,
    turns: turns(),
    earlierEnded: () => Promise.resolve(),
    withChecks: true,
    timeout: 10,
    failFast: false,
    bundle: bundlePlace(await scratchFolder(), lab.plan.topology, 1),
    ...of,
  }
}

/** Tests a topology; what was published of it last, and what ended the test early. */
const tested = async (
  run: LabTest,
  phases = phaseLog(run.terminal),
): Promise<{ result: TopologyResult; error: unknown }> => {
  let last: TopologyResult | undefined
  const record = meshRecord(run.plan, 'the lab was not complete', phases, (result) => {
    last = result
  })
  const error = await failureOf(withRecord(record, testInLab(run, record), run.signal), run.signal)
  return { result: last!, error }
}

test('of a lab that does not come up a bundle is taken before it goes', async () => {
  const run = await doomed()
  const { result, error } = await tested(run)
  expect(error).toMatchObject({ code: 'MP-411' })
  expect(result).toMatchObject({
    verdict: 'not-run',
    reason: expect.stringContaining('overlaps'),
    bundle: 'bundle/gateway',
  })
  expect(result.phases.slice(-2)).toMatchObject([
    { name: 'support bundle', verdict: 'pass' },
    { name: 'teardown', verdict: 'pass' },
  ])
  expect(await readdir(join(run.bundle.reports, 'bundle/gateway/cluster2/node'))).toContain('routes.txt')
})

test('of one that somebody stopped there is none', async () => {
  const run = await doomed({ signal: AbortSignal.abort(new Error('interrupted')) })
  const { result } = await tested(run)
  expect(result.bundle).toBeUndefined()
  expect(result.phases.map(({ name }) => name)).toEqual(['teardown'])
  expect(await readdir(run.bundle.reports)).toEqual([])
})

test('of one in which nothing went wrong, and nothing was asked, there is none', async () => {
  const run = await doomed({ reuse: true, withChecks: false })
  const { result, error } = await tested(run)
  expect(error).toBeUndefined()
  expect(result.bundle).toBeUndefined()
  expect(await readdir(run.bundle.reports)).toEqual([])
})

test('the next lab has its turn as soon as one has failed, before the bundle is taken and the lab goes', async () => {
  const run = await doomed()
  const phases = phaseLog(run.terminal)
  const first = tested(run, phases)
  using turn = await run.turns.take(run.signal)
  const before = phases.all().map(({ name }) => name)
  turn.passOn()
  const after = (await first).result.phases.map(({ name }) => name)
  expect(after.slice(before.length)).toEqual(['support bundle', 'teardown'])
})
