import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { MeshproofError } from '#errors.ts'
import type { Lab } from '#lab/lab.ts'
import type { CheckResult } from '#results/results.ts'
import { emptyCache, errorOf } from '#testing/edge.ts'
import { checkOf } from '#testing/checks.ts'
import { idleLab } from '#testing/idle-lab.ts'
import type { Check, CheckContext } from '#checks/check.ts'
import { labTarget } from '#checks/lab-target.ts'
import { type Broken, runCheck } from './run-check.ts'

let lab: Lab
beforeEach(async () => {
  await emptyCache()
  lab = await idleLab()
  for (const { kubeconfig } of lab.clusters) {
    await mkdir(dirname(kubeconfig), { recursive: true })
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'x',
        contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
        clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'x', user: {} }],
      }),
    )
  }
})

type Outcome = string | Error
const broken = new Error('expected 0 to be 21')
const unasked = new MeshproofError('MP-403', { what: 'The API server does not answer', next: '' })

/** Runs a check whose attempts end as told, one after the other; an attempt more than that fails the test. */
const run = (
  outcomes: Outcome[],
  already?: Broken,
  of: Partial<Check> = {},
  paces: number[] = [],
): Promise<CheckResult> => {
  const left = [...outcomes]
  return runWith(
    () => {
      const outcome = left.shift()
      if (outcome === undefined) throw new Error('one attempt too many')
      return typeof outcome === 'string' ? Promise.resolve(outcome) : Promise.reject(outcome)
    },
    { already, of, paces },
  )
}

const runWith = (
  prove: (context: CheckContext) => Promise<string>,
  {
    already,
    from = ['cluster1'],
    signal = new AbortController().signal,
    of = {},
    paces = [],
  }: {
    already?: Broken | undefined
    from?: string[]
    signal?: AbortSignal
    of?: Partial<Check>
    paces?: number[]
  } = {},
): Promise<CheckResult> => {
  const check: Check = {
    id: 'reach.local',
    layer: 'reach',
    title: 'it holds',
    source: 'seed 000',
    from: 'each',
    prove,
    ...of,
  }
  const left = [...paces]
  return runCheck(check, { id: check.id, from, to: ['cluster2'] }, labTarget(lab), already, signal, async () => {
    const seconds = left.shift()
    return seconds === undefined ? undefined : { cluster: 'cluster1', seconds }
  })
}

test('a check that disrupts has one attempt: what it lost stays lost', async () => {
  expect(await run([broken], undefined, { disrupts: { seconds: 60 } })).toMatchObject({
    verdict: 'fail',
    attempts: [{ verdict: 'fail' }],
  })
})

test('of two attempts that fail the last one counts, and the first where the check took pods away', async () => {
  const missing = new Error('expected ["v1"] to equal ["v1", "v2"]')
  expect(await run([broken, missing])).toMatchObject({ verdict: 'fail', reason: missing.message })
  const own = { ownPods: true } as const
  expect(await run([broken, missing], undefined, own)).toMatchObject({ verdict: 'fail', reason: broken.message })
  expect(await run([broken, '21 of 21'], undefined, own)).toMatchObject({ verdict: 'flaky', reason: '21 of 21' })
})

test.each<[string, Outcome[], CheckResult['verdict'], CheckResult['attempts'][number]['verdict'][], string]>([
  ['passes', ['21 of 21'], 'pass', ['pass'], '21 of 21'],
  ['fails and then passes', [broken, '21 of 21'], 'flaky', ['fail', 'pass'], '21 of 21'],
  ['fails twice', [broken, broken], 'fail', ['fail', 'fail'], broken.message],
  ['could not be asked twice', [unasked, unasked], 'not-run', ['not-run', 'not-run'], unasked.message],
  ['could not be asked and then fails', [unasked, broken], 'fail', ['not-run', 'fail'], broken.message],
])('a check that %s', async (_how, outcomes, verdict, attempts, reason) => {
  const result = await run(outcomes)
  expect(result).toMatchObject({
    id: 'reach.local',
    layer: 'reach',
    from: ['cluster1'],
    to: ['cluster2'],
    verdict,
    reason,
  })
  expect(result.attempts.map((attempt) => attempt.verdict)).toEqual(attempts)
  expect(result.attempts.map((attempt) => attempt.reason)).toEqual(
    outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : outcome.message)),
  )
})

test('one that needs what the mesh withholds is not asked, and says why', async () => {
  const check = { ...checkOf({ from: 'mesh', needs: ['capture'] }), prove: () => Promise.reject(new Error('asked')) }
  const target = { ...labTarget(lab), withheld: { capture: 'cluster2: pods may not use their node’s network' } }
  const signal = new AbortController().signal
  expect(
    await runCheck(check, { id: check.id, from: ['cluster1'], to: ['cluster2'] }, target, undefined, signal),
  ).toMatchObject({ verdict: 'skipped', reason: 'cluster2: pods may not use their node’s network', attempts: [] })
  expect(
    await runCheck(check, { id: check.id, from: ['cluster1'], to: ['cluster2'] }, labTarget(lab), 'below', signal),
  ).toMatchObject({ verdict: 'fail', reason: 'asked' })
})

test('what is left out of a check stands in its evidence', async () => {
  const check = {
    ...checkOf(),
    prove: ({ mesh }: CheckContext) => Promise.resolve(`${mesh.leftOut('gateway log')}, ${mesh.leftOut('cacerts')}`),
  }
  const target = { ...labTarget(lab), withheld: { 'gateway log': 'it has a format of its own' } }
  const { reason, attempts } = await runCheck(
    check,
    { id: check.id, from: ['cluster1'], to: ['cluster2'] },
    target,
    undefined,
    new AbortController().signal,
  )
  expect(reason).toBe('it has a format of its own, undefined')
  expect(attempts[0]?.evidence).toEqual([
    { probe: 'left out', what: 'gateway log', reason: 'it has a format of its own' },
  ])
})

test.each(['below', 'beside'] as const)('where something is broken %s, one attempt is enough', async (already) => {
  expect(await run([broken], already)).toMatchObject({ verdict: 'fail', attempts: [{ verdict: 'fail' }] })
  expect(await run(['21 of 21'], already)).toMatchObject({ verdict: 'pass' })
})

// The seconds that a command that does nothing takes after each failure.
test.each<[string, Outcome[], number[], CheckResult['verdict'], CheckResult['attempts'][number]['verdict'][]]>([
  ['too slow each time', [broken, broken, broken], [9, 3, 2], 'not-run', ['not-run', 'not-run', 'not-run']],
  ['too slow once, then right', [broken, '21 of 21'], [9], 'flaky', ['not-run', 'pass']],
  ['too slow once, then broken', [broken, broken, broken], [9, 0.1, 0.1], 'fail', ['not-run', 'fail', 'fail']],
  ['broken, then too slow', [broken, broken, broken], [0.1, 9, 9], 'not-run', ['fail', 'not-run', 'not-run']],
  ['broken, then too slow, then broken', [broken, broken, broken], [0.1, 9, 1], 'fail', ['fail', 'not-run', 'fail']],
  ['slow, and broken', [broken, broken], [1.5, 1.5], 'fail', ['fail', 'fail']],
])('on a machine that is %s', async (_what, outcomes, paces, verdict, attempts) => {
  const result = await run(outcomes, undefined, {}, paces)
  expect(result.verdict).toBe(verdict)
  expect(result.attempts.map((attempt) => attempt.verdict)).toEqual(attempts)
  if (verdict === 'not-run') {
    expect(result.reason).toContain('Too slow for a verdict: a command that does nothing took ')
    expect(result.attempts.at(-1)?.evidence).toContainEqual(expect.objectContaining({ probe: 'pace' }))
  }
})

test('what has one attempt is no verdict on a machine that is too slow', async () => {
  expect(await run([broken], undefined, { disrupts: { seconds: 60 } }, [9])).toMatchObject({ verdict: 'not-run' })
  expect(await run([broken], 'below', {}, [9])).toMatchObject({ verdict: 'not-run' })
})

test('waits are longer where everything is slow', async () => {
  const waited: number[] = []
  const result = await runWith(
    async ({ mesh }) => {
      const since = performance.now()
      await mesh.eventually(() => Promise.resolve(false), 100)
      waited.push(performance.now() - since)
      throw broken
    },
    { paces: [1.5, 1.5] },
  )
  expect(result.verdict).toBe('fail')
  // A wait may be longer than it must be on a busy machine, and is never shorter: three times 100 ms here.
  expect(waited[1]).toBeGreaterThanOrEqual(290)
})

test('any other error of ours is a failure of the check', async () => {
  const other = new MeshproofError('MP-312', { what: 'The gateway has no address', next: '' })
  expect(await run([other, other])).toMatchObject({ verdict: 'fail', reason: 'The gateway has no address' })
})

test('a check asks from the cluster it is planned for, and about all of them from the control plane’s', async () => {
  expect(await runWith(({ from }) => Promise.resolve(from.name), { from: ['cluster2'] })).toMatchObject({
    reason: 'cluster2',
  })
  expect(await runWith(({ from }) => Promise.resolve(from.name), { from: ['cluster1', 'cluster2'] })).toMatchObject({
    reason: lab.primary.name,
  })
})

test('an interruption is thrown, since it is no verdict', async () => {
  const stop = new AbortController()
  let attempts = 0
  const interrupted = runWith(
    () => {
      attempts += 1
      stop.abort(new Error('stopped by hand'))
      return Promise.reject(stop.signal.reason as Error)
    },
    { signal: stop.signal },
  )
  expect(await errorOf(interrupted)).toMatchObject({ message: 'stopped by hand' })
  expect(attempts).toBe(1)
})
