import { expect, test } from 'vitest'
import type { ExistingPlan } from './plan-existing.ts'
import type { Step } from './steps.ts'
import type { Terminal } from '#report/terminal.ts'
import { linesOf } from '#testing/screen.ts'
import { inExisting } from './in-existing.ts'
import { phaseLog } from '#run/phase-log.ts'

/** Runs steps, then `ask`; what happened, in order, and what was returned. */
const running = async (
  steps: Omit<Step, 'after'>[],
  ask: (mesh: unknown) => Promise<void>,
  signal = new AbortController().signal,
  lookBack: (error: unknown) => Promise<void> = () => Promise.resolve(),
): Promise<{ phases: string[]; error?: unknown }> => {
  let terminal: Terminal | undefined
  linesOf((shown) => {
    terminal = shown
  })
  const plan = {
    steps: steps.map((step) => ({ ...step, after: [] })),
    found: { withheld: { meshNetworks: 'not ours' } },
  } as unknown as ExistingPlan
  const phases = phaseLog(terminal!)
  const { error } = await inExisting(
    { runId: 'run-1', plan, terminal: terminal!, signal, bundle: { reports: '', path: '', bytes: 0 } },
    phases,
    ask,
    lookBack,
  )
  return {
    phases: phases.all().map(({ name, verdict }) => `${name}: ${verdict}`),
    ...(error === undefined ? {} : { error }),
  }
}

const undone: string[] = []
const step = (name: string, run: Step['run']): Omit<Step, 'after'> => ({
  name,
  run,
  undo: ({ runId }) => {
    undone.push(`${name} of ${runId}`)
    return Promise.resolve()
  },
})

test('what turns out to be withheld reaches the checks, and all is undone after them', async () => {
  let asked: unknown
  const { phases, error } = await running(
    [
      step('namespaces', ({ withhold }) => {
        withhold('capture', 'refused')
        return Promise.resolve()
      }),
    ],
    (mesh) => {
      asked = mesh
      expect(undone).toEqual([])
      return Promise.resolve()
    },
  )
  expect(asked).toEqual({ existing: { withheld: { meshNetworks: 'not ours', capture: 'refused' } } })
  expect([phases, error, undone.splice(0)]).toEqual([
    ['namespaces: pass', 'teardown: pass'],
    undefined,
    ['namespaces of run-1'],
  ])
})

test('where a step fails nothing is asked, and what was made is undone', async () => {
  const broken = new Error('no room')
  const { phases, error } = await running([step('namespaces', () => Promise.reject(broken))], () =>
    Promise.reject(new Error('asked')),
  )
  expect([phases, error, undone.splice(0)]).toEqual([
    ['namespaces: fail', 'teardown: pass'],
    broken,
    ['namespaces of run-1'],
  ])
})

test('a run that is stopped is undone, and ends with the reason', async () => {
  const stop = new AbortController()
  const reason = new Error('stopped by hand')
  const { error } = await running(
    [step('namespaces', () => Promise.resolve())],
    () => {
      stop.abort(reason)
      return Promise.resolve()
    },
    stop.signal,
  )
  expect([error, undone.splice(0)]).toEqual([reason, ['namespaces of run-1']])
})

test('what went wrong is looked back at before anything is undone, and never keeps it from being undone', async () => {
  const broken = new Error('no room')
  const seen: unknown[] = []
  const { error } = await running(
    [step('namespaces', () => Promise.resolve())],
    () => Promise.reject(broken),
    undefined,
    (thrown) => {
      seen.push(thrown, undone.length)
      return Promise.reject(new Error('nothing to see'))
    },
  )
  expect([seen, error, undone.splice(0)]).toEqual([[broken, 0], broken, ['namespaces of run-1']])
})
