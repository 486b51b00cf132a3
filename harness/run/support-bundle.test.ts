import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { labSource } from '#report/bundle/collect.ts'
import { emptyCache, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { checkResult, topologyResult } from '#testing/results.ts'
import { unreadTerminal } from '#testing/screen.ts'
import { phaseLog, type PhaseLog } from './phase-log.ts'
import { bundlePlace, supportBundle } from './support-bundle.ts'

const failed = topologyResult([checkResult({ verdict: 'fail' })])

/** A lab whose nodes answer `docker` with such a script, and nothing else; and where its bundle goes. */
const nodesThat = async (script: string) => {
  await emptyCache()
  await fakeProgram('docker', script)
  return { lab: await idleLab(), place: bundlePlace(await scratchFolder(), failed, 1) }
}

/** The log of a run’s phases, and a signal that nobody gives. */
const quiet = async <T>(
  use: (log: PhaseLog, signal: AbortSignal) => Promise<T>,
): Promise<{ log: PhaseLog; outcome: T }> => {
  const log = phaseLog(unreadTerminal())
  return { log, outcome: await use(log, new AbortController().signal) }
}

test('every variant of a run has a folder of its own, and a share of 20 MB', () => {
  expect(bundlePlace('reports/x', { name: 'vpn', mtls: 'strict' }, 1)).toEqual({
    reports: 'reports/x',
    path: 'bundle/vpn',
    bytes: 20_000_000,
  })
  expect(bundlePlace('reports/x', { name: 'vpn', mtls: 'off' }, 7)).toEqual({
    reports: 'reports/x',
    path: 'bundle/vpn.mtls-off',
    bytes: 2_857_142,
  })
})

test('a bundle is a phase of the run, and tells first what failed', async () => {
  const { lab, place } = await nodesThat('echo 10.20.0.0/16')
  const { log, outcome } = await quiet((phases, signal) => supportBundle(labSource(lab), failed, place, phases, signal))
  expect(outcome).toBe('bundle/gateway')
  expect(log.all()).toMatchObject([{ name: 'support bundle', verdict: 'pass' }])
  expect((await readdir(join(place.reports, 'bundle/gateway'))).sort()).toEqual(['cluster1', 'cluster2', 'index.md'])
})

test('where nothing is to be had there is none', async () => {
  const { lab, place } = await nodesThat('exit 1')
  const { log, outcome } = await quiet((phases, signal) => supportBundle(labSource(lab), failed, place, phases, signal))
  expect(outcome).toBeUndefined()
  expect(log.all()).toMatchObject([{ name: 'support bundle', verdict: 'not-run' }])
  expect(await readdir(place.reports)).toEqual([])
})

test('one that cannot be written is a failed phase, and no error', async () => {
  const { lab, place } = await nodesThat('echo 10.20.0.0/16')
  await writeFile(join(place.reports, 'bundle'), 'in the way')
  const { log, outcome } = await quiet((phases, signal) => supportBundle(labSource(lab), failed, place, phases, signal))
  expect(outcome).toBeUndefined()
  expect(log.all()).toMatchObject([{ name: 'support bundle', verdict: 'fail' }])
})
