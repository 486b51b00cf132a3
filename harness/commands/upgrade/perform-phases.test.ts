import { expect, test } from 'vitest'
import type { LiveTraffic } from '#commands/upgrade/traffic/traffic.ts'
import { step, type Step } from '#istio/procedure.ts'
import { failureOf } from '#run/failure-of.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { unreadTerminal } from '#testing/screen.ts'
import { type PerformedPhase, performPhases } from './perform-phases.ts'
import type { UpgradePhase } from './upgrade-phase.ts'

const preflight = (steps: Step[]): UpgradePhase => ({ id: 'P0', name: 'preflight', kind: 'preflight', steps })
const phase = (id: 'P2' | 'P3', steps: Step[]): UpgradePhase => ({ id, name: 'istiod', kind: 'control-plane', steps })

/** Performs phases of which none is checked afterwards; what was done, what is known of the phases, what ended them. */
const performing = async (
  phases: (done: string[]) => UpgradePhase[],
  signal = new AbortController().signal,
): Promise<{ done: string[]; known: PerformedPhase[]; error: unknown }> => {
  const done: string[] = []
  const known = new Map<string, PerformedPhase>()
  const lab = await idleLab()
  const traffic: LiveTraffic = {
    begin: () => Promise.resolve(),
    note: () => undefined,
    counting: () => Promise.resolve(() => Promise.resolve()),
    end: () => {
      done.push('traffic ended')
      return Promise.resolve()
    },
    observed: () => ({ samples: [], pressure: [], events: [] }),
  }
  const work = performPhases(
    phases(done),
    {
      lab,
      checking: { lab, checks: [], from: '1.30-dev', timeout: 1, terminal: unreadTerminal() },
      traffic,
      record: (grown) => known.set(grown.id, grown),
    },
    signal,
  )
  const error = await failureOf(work, signal)
  return { done, known: [...known.values()], error }
}

const doing = (done: string[], name: string): Step =>
  step(name, () => {
    done.push(name)
    return Promise.resolve()
  })
const failing = (reason: Error): Step => ({ name: 'broken', run: () => Promise.reject(reason) })

test('phases are performed in order, each step of them is known, and the traffic ends with the last', async () => {
  const { done, known, error } = await performing((log) => [
    preflight([doing(log, 'looked')]),
    phase('P2', [doing(log, 'installed'), doing(log, 'ready')]),
  ])
  expect(error).toBeUndefined()
  expect(done.slice(0, 4)).toEqual(['looked', 'installed', 'ready', 'traffic ended'])
  expect(known.map(({ id, complete, done: steps }) => [id, complete, steps.map(({ name }) => name)])).toEqual([
    ['P0', true, ['looked']],
    ['P2', true, ['installed', 'ready']],
  ])
})

test('a phase whose step fails is the last one, and its verdict is no error of the harness', async () => {
  const { done, known, error } = await performing((log) => [
    phase('P2', [failing(new Error('istiod does not start')), doing(log, 'never')]),
    phase('P3', [doing(log, 'never')]),
  ])
  expect([done, error]).toEqual([['traffic ended'], undefined])
  expect(known.map(({ id, complete, done: steps }) => [id, complete, steps.map(({ verdict }) => verdict)])).toEqual([
    ['P2', true, ['fail']],
  ])
})

test('what a preflight refuses ends the upgrade', async () => {
  const refused = new Error('four minors apart')
  const { done, known, error } = await performing((log) => [
    preflight([failing(refused)]),
    phase('P2', [doing(log, 'never')]),
  ])
  expect([done, known.length, error]).toEqual([[], 1, refused])
})

test('a signal ends it within a phase, of which is known what was done', async () => {
  const stop = new AbortController()
  const reason = new Error('interrupted')
  const { known, error } = await performing(
    (log) => [
      phase('P2', [
        doing(log, 'installed'),
        step('waiting', () => {
          stop.abort(reason)
          return Promise.reject(new Error('exec was killed'))
        }),
      ]),
    ],
    stop.signal,
  )
  expect(error).toBe(reason)
  expect(known).toMatchObject([
    {
      complete: false,
      done: [
        { name: 'installed', verdict: 'pass' },
        { name: 'waiting', verdict: 'not-run' },
      ],
    },
  ])
})
