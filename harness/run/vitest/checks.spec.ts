import { describe, inject, test } from 'vitest'
import type { Check } from '#checks/check.ts'
import { existingTarget } from '#checks/existing-target.ts'
import { labTarget } from '#checks/lab-target.ts'
import { labOf } from '#lab/lab.ts'
import { type CheckLayer, layers } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { keyOf, type PlannedCheck } from '#run/plan-checks.ts'
import { runCheck } from './run-check.ts'
import './contract.ts'

// The only file that Vitest runs. Every planned check is a test, in the order of the plan. Checks of one layer that do
// not change the mesh run at the same time, from every cluster. With `atOnce` so do the checks of all layers. Every
// other check runs alone.
const { mesh, planned, timeout, atOnce = false } = inject('meshproof')
const target =
  'lab' in mesh
    ? labTarget(labOf(mesh.lab.runId, mesh.lab.topology, mesh.lab.images), mesh.upgrade)
    : existingTarget(mesh.existing)
const checks = catalogue
const failedLayers = new Set<CheckLayer>()

const groups = planned.reduce<{ check: Check; unit: PlannedCheck }[][]>((grouped, unit) => {
  const check = checks.find(({ id }) => id === unit.id)
  if (!check) throw new Error(`no suite declares ${unit.id}`)
  const before = grouped.at(-1)
  const together =
    before?.[0] && (atOnce || (before[0].check.layer === check.layer && !before[0].check.alone && !check.alone))
  return together ? [...grouped.slice(0, -1), [...before, { check, unit }]] : [...grouped, [{ check, unit }]]
}, [])

for (const [number, group] of groups.entries()) {
  describe(`group ${number + 1}`, () => {
    for (const { check, unit } of group) {
      test.concurrent(
        keyOf(unit),
        { timeout: Math.max(timeout, (check.disrupts?.seconds ?? 0) * 1000) },
        async ({ task, signal }) => {
          const onBroken = layers.slice(0, layers.indexOf(check.layer)).some((layer) => failedLayers.has(layer))
          const result = await runCheck(check, unit, target, onBroken, signal)
          task.meta.result = result
          if (result.verdict !== 'fail') return
          failedLayers.add(check.layer)
          throw new Error(result.reason)
        },
      )
    }
  })
}
