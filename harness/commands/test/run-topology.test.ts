import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Terminal } from '#report/terminal.ts'
import { makePlans } from '#run/plan.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { turns } from '#run/turns.ts'
import { checkOf } from '#testing/checks.ts'
import { emptyCache, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { linesOf } from '#testing/screen.ts'
import { runTopology, type TopologyRun } from './run-mesh.ts'

/** A run on an engine whose network cannot be used, so that no lab comes up; `exec` in a node answers all the same. */
const doomed = async (of: Partial<TopologyRun> = {}): Promise<TopologyRun> => {
  await emptyCache()
  await fakeProgram(
    'docker',
    `case "$*" in *"network inspect"*) echo '[{"IPAM":{"Config":[{"Subnet":"10.10.0.0/16"}]}}]';; exec*) echo ` +
      `'unreachable 10.20.0.0/16';; esac`,
  )
  const [plan] = await makePlans(['gateway'], [], [checkOf()])
  let terminal: Terminal | undefined
  linesOf((shown) => {
    terminal = shown
  })
  return {
    runId: '20260101-000000-abcd',
    plan: plan!,
    images: (await idleLab()).images,
    engine: { ServerVersion: '', OSType: 'windows' } as never,
    keep: false,
    reuse: false,
    turn: turns(),
    terminal: terminal!,
    signal: new AbortController().signal,
    withChecks: true,
    timeout: 10,
    failFast: false,
    bundle: bundlePlace(await scratchFolder(), plan!.topology, 1),
    progress: () => undefined,
    ...of,
  }
}

test('of a lab that does not come up a bundle is taken before it goes', async () => {
  const run = await doomed()
  const { result, error } = await runTopology(run)
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
  const { result } = await runTopology(run)
  expect(result.bundle).toBeUndefined()
  expect(result.phases.map(({ name }) => name)).toEqual(['teardown'])
  expect(await readdir(run.bundle.reports)).toEqual([])
})

test('of one in which nothing went wrong, and nothing was asked, there is none', async () => {
  const run = await doomed({ reuse: true, withChecks: false })
  const { result, error } = await runTopology(run)
  expect(error).toBeUndefined()
  expect(result.bundle).toBeUndefined()
  expect(await readdir(run.bundle.reports)).toEqual([])
})
