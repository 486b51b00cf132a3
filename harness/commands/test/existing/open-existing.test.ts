import { expect, test } from 'vitest'
import type { ExistingMesh } from '#checks/existing-target.ts'
import { meshRecord } from '#commands/test/mesh-record.ts'
import { failureOf } from '#run/failure-of.ts'
import { phaseLog } from '#run/phase-log.ts'
import { istioctlAtHand } from '#probes/survey/istioctl.ts'
import { scratchFolder } from '#testing/edge.ts'
import { unreadTerminal } from '#testing/screen.ts'
import { openExisting, type ExistingOrder } from './open-existing.ts'
import type { ExistingCluster, Step } from './steps.ts'
import { testInExisting } from './test-in-existing.ts'

const undone: string[] = []
const step = (name: string, run: Step['run']): Omit<Step, 'after'> => ({
  name,
  run,
  undo: ({ runId }) => {
    undone.push(`${name} of ${runId}`)
    return Promise.resolve()
  },
})

/** A run that makes such steps in existing clusters. */
const orderOf = (
  steps: Omit<Step, 'after'>[],
  signal = new AbortController().signal,
  clusters: Partial<ExistingCluster>[] = [],
): ExistingOrder => {
  const found = { name: 'vpn', mtls: 'strict', clusters: [], withheld: { meshNetworks: 'not ours' } }
  const plan = {
    steps: steps.map((unordered) => ({ ...unordered, after: [] })),
    found,
    topology: found,
    clusters,
    planned: [],
    skipped: [],
  }
  return { runId: 'run-1', plan: plan as unknown as ExistingOrder['plan'], terminal: unreadTerminal(), signal }
}

/** Makes the steps, then asks; what happened, in order, and what ended it early. */
const running = async (
  order: ExistingOrder,
  ask: (mesh: ExistingMesh) => Promise<void>,
): Promise<{ phases: string[]; error: unknown }> => {
  const phases = phaseLog(order.terminal)
  const work = async (): Promise<void> => {
    await using place = await openExisting(order, phases)
    await ask(await place.setUp())
  }
  const error = await failureOf(work(), order.signal)
  return { phases: phases.all().map(({ name, verdict }) => `${name}: ${verdict}`), error }
}

test('what turns out to be withheld reaches the checks, and all is undone after them', async () => {
  let asked: unknown
  const order = orderOf([
    step('namespaces', ({ withhold }) => {
      withhold('capture', 'refused')
      return Promise.resolve()
    }),
  ])
  const { phases, error } = await running(order, (mesh) => {
    asked = mesh
    expect(undone).toEqual([])
    return Promise.resolve()
  })
  expect(asked).toEqual({ ...order.plan.found, withheld: { meshNetworks: 'not ours', capture: 'refused' } })
  expect([phases, error, undone.splice(0)]).toEqual([
    ['namespaces: pass', 'teardown: pass'],
    undefined,
    ['namespaces of run-1'],
  ])
})

test('where a step fails nothing is asked, and what was made is undone', async () => {
  const broken = new Error('no room')
  const { phases, error } = await running(orderOf([step('namespaces', () => Promise.reject(broken))]), () =>
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
  const order = orderOf([step('namespaces', () => Promise.resolve())], stop.signal)
  const { error } = await running(order, () => {
    stop.abort(reason)
    return Promise.resolve()
  })
  expect([error, undone.splice(0)]).toEqual([reason, ['namespaces of run-1']])
})

test('what went wrong is looked back at before anything is undone, and never keeps it from being undone', async () => {
  const broken = new Error('no room')
  const undoneAtSetUp: unknown[] = []
  const cluster = {
    name: 'cluster1',
    get kube(): never {
      undoneAtSetUp.push(undone.length)
      throw new Error('nothing to see')
    },
  }
  const order = orderOf([step('namespaces', () => Promise.reject(broken))], undefined, [cluster])
  const record = meshRecord(order.plan, 'not ready', phaseLog(order.terminal), () => undefined)
  const bundle = { reports: await scratchFolder(), path: 'bundle/vpn', bytes: 1_000_000 }
  const istioctl = istioctlAtHand(undefined, undefined)
  const error = await failureOf(
    testInExisting({ ...order, bundle, timeout: 1, failFast: false, istioctl }, record),
    order.signal,
  )
  expect([undoneAtSetUp, error, undone.splice(0)]).toEqual([[0], broken, ['namespaces of run-1']])
  expect(record.phases.all().map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual([
    'namespaces: fail',
    'support bundle: not-run',
    'teardown: pass',
  ])
})
