import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { budgetsOf } from '#commands/upgrade/verdict/budgets.ts'
import { failureOf } from '#run/failure-of.ts'
import { phaseLog } from '#run/phase-log.ts'
import { bundlePlace } from '#run/support-bundle.ts'
import { doomedLab } from '#testing/doomed-lab.ts'
import { scratchFolder } from '#testing/edge.ts'
import { UpgradeOptions } from './options.ts'
import { upgradeInLab } from './upgrade-in-lab.ts'
import { upgradeRecord } from './upgrade-record.ts'

test('of a lab that does not come up a bundle is taken before it goes, and the first error counts', async () => {
  const lab = await doomedLab()
  const {
    images,
    plan: { topology },
  } = lab
  const between = { from: images, to: images }
  const options = UpgradeOptions.parse({ topology: 'gateway', from: '1.30-dev', to: '1.31-dev' })
  const versions = { from: '1.30.0', to: '1.31.0' }
  const record = upgradeRecord(
    { topology, images: between, versions, strategy: 'in-place', budgets: budgetsOf(options), earlier: undefined },
    { before: [], phases: phaseLog(lab.terminal), unchecked: [] },
    () => undefined,
  )
  const bundle = bundlePlace(await scratchFolder(), topology, 1)
  const error = await failureOf(
    upgradeInLab({ ...lab, images: between, options, fault: undefined, bundle }, record),
    lab.signal,
  )
  expect(error).toMatchObject({ code: 'MP-411' })
  expect(record.result()).toMatchObject({ verdict: 'not-run', bundle: 'bundle/gateway' })
  expect(record.phases.all().slice(-2)).toMatchObject([
    { name: 'support bundle', verdict: 'pass' },
    { name: 'teardown', verdict: 'pass' },
  ])
  expect(await readdir(join(bundle.reports, 'bundle/gateway/cluster2/node'))).toContain('routes.txt')
})
