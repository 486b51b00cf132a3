import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { runFolder } from '#lab/run-state.ts'
import { doomedLab } from '#testing/doomed-lab.ts'
import { failureOf } from './failure-of.ts'
import { type LabOrder, openLab } from './open-lab.ts'
import { phaseLog } from './phase-log.ts'

/** What becomes of a lab whose network cannot be used: its phases, what ended it, and what is left of the run. */
const opening = async (
  of: Partial<LabOrder>,
  work: (bringUp: () => Promise<void>) => Promise<void>,
): Promise<{ phases: string[]; error: unknown; left: string[] }> => {
  const order: LabOrder = { ...(await doomedLab()), ...of }
  const phases = phaseLog(order.terminal)
  const inLab = async (): Promise<void> => {
    await using lab = openLab(order, phases)
    await work(lab.bringUp)
  }
  const error = await failureOf(inLab(), order.signal)
  const ended = phases.all().filter(({ verdict }) => verdict !== 'not-run')
  return {
    phases: ended.map(({ name, verdict }) => `${name}: ${verdict}`),
    error,
    left: await readdir(runFolder(order.runId)).catch(() => []),
  }
}

test('a lab that does not come up is torn down, and its state forgotten', async () => {
  const { phases, error, left } = await opening({}, (bringUp) => bringUp())
  expect(error).toMatchObject({ code: 'MP-411' })
  expect(phases).toEqual(['network and node image: fail', 'teardown: pass'])
  expect(left).toEqual([])
})

test('one that is kept stays, also where it did not come up', async () => {
  const { phases, error, left } = await opening({ keep: true }, (bringUp) => bringUp())
  expect(error).toMatchObject({ code: 'MP-411' })
  expect(phases).toEqual(['network and node image: fail'])
  expect(left).toContain('run.json')
})

test('a signal takes down also what would have been kept', async () => {
  const stop = new AbortController()
  const { phases, error, left } = await opening({ keep: true, signal: stop.signal }, () => {
    stop.abort(new Error('interrupted'))
    return Promise.resolve()
  })
  expect([phases, left]).toEqual([['teardown: pass'], []])
  expect(error).toMatchObject({ message: 'interrupted' })
})

test('one that is taken up again is neither brought up nor torn down', async () => {
  const { phases, error } = await opening({ reuse: true }, (bringUp) => bringUp())
  expect([phases, error]).toEqual([[], undefined])
})
