import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Upgrade } from '#results/results.ts'
import { scratchFolder } from '#testing/edge.ts'
import { resultsOf, topologyResult } from '#testing/results.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import { budgetOptions, budgetsOf } from './budgets.ts'
import { changedDefaults } from './changed-defaults.ts'
import { compare, readEarlier } from './compare.ts'

const [healthy, losing] = [upgradeResults(), upgradeResults('losses')].map(
  ({ topologies: [only] }) => only!.upgrade!,
) as [Upgrade, Upgrade]

test('what got worse is told, and what did not is not', () => {
  expect(compare(losing, healthy)).toEqual([])
  const worse = compare(healthy, losing)
  expect(worse[0]).toEqual({ what: 'verdict', before: 'pass', now: 'fail' })
  expect(worse.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      'P6 cluster2: workloads',
      'P6 cluster1→cluster2 new-connection lost',
      'P6 cluster1→cluster2 new-connection longest gap',
    ]),
  )
  expect(worse.filter(({ what }) => what.endsWith(' lost')).every(({ before }) => before.startsWith('0 of '))).toBe(
    true,
  )
})

test('an earlier run is read from its folder or its file, and must be an upgrade of the same topology', async () => {
  const folder = join(await scratchFolder(), 'earlier')
  const gateway = { name: 'gateway', mtls: 'strict' } as const
  await mkdir(folder)
  const file = join(folder, 'results.json')
  const results = upgradeResults()
  await writeFile(file, JSON.stringify(results))
  expect(await readEarlier(folder, gateway)).toEqual({ run: results.run.id, upgrade: healthy })
  expect(await readEarlier(file, gateway)).toEqual(await readEarlier(folder, gateway))
  await expect(readEarlier(folder, { name: 'vpn', mtls: 'strict' })).rejects.toMatchObject({ code: 'MP-124' })
  await expect(readEarlier(join(folder, 'none'), gateway)).rejects.toMatchObject({ code: 'MP-111' })
  await writeFile(file, JSON.stringify(resultsOf(topologyResult([]))))
  await expect(readEarlier(folder, gateway)).rejects.toMatchObject({ code: 'MP-123' })
})

test('budgets are shares, times and ratios', () => {
  const flags = z.object(budgetOptions)
  expect(budgetsOf(flags.parse({}))).toEqual({ maxLoss: 0.001, maxGapMilliseconds: 1000, maxP99Ratio: 1.5 })
  expect(budgetsOf(flags.parse({ maxLoss: '1%', maxGap: '500ms', maxP99Ratio: '2' }))).toEqual({
    maxLoss: 0.01,
    maxGapMilliseconds: 500,
    maxP99Ratio: 2,
  })
  expect(budgetsOf(flags.parse({ maxLoss: '0.02', maxGap: '1.5s' }))).toMatchObject({
    maxLoss: 0.02,
    maxGapMilliseconds: 1500,
  })
  for (const wrong of [
    { maxLoss: '101%' },
    { maxLoss: '-1' },
    { maxLoss: 'few' },
    { maxGap: '5' },
    { maxP99Ratio: '0.5' },
  ])
    expect(flags.safeParse(wrong).success).toBe(false)
})

test('defaults that changed are those of the minors passed', () => {
  expect(changedDefaults('1.29.2', '1.31.0').map((line) => line.slice(0, 4))).toEqual(['1.30', '1.31'])
  expect([
    changedDefaults('1.31.0', '1.31.4'),
    changedDefaults('1.31.0', '1.29.0'),
    changedDefaults('canary', 'stable'),
  ]).toEqual([[], [], []])
})
