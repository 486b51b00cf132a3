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

// The one file Vitest runs. Every planned check is a test, in the order of the plan. Those of one layer that only look
// are asked at once, from every cluster, and on request those of all layers; the others have the mesh to themselves.
const { mesh, planned, timeout, atOnce = false } = inject('meshproof')
const target =
  'lab' in mesh
    ? labTarget(labOf(mesh.lab.runId, mesh.lab.topology, mesh.lab.images), mesh.upgrade)
    : existingTarget(mesh.existing)
const checks = catalogue
const failedLayers = new Set<CheckLayer>()

const groups = planned.reduce<{ check: Check; one: PlannedCheck }[][]>((all, one) => {
  const check = checks.find(({ id }) => id === one.id)
  if (!check) throw new Error(`no suite declares ${one.id}`)
  const before = all.at(-1)
  const together =
    before?.[0] && (atOnce || (before[0].check.layer === check.layer && !before[0].check.alone && !check.alone))
  return together ? [...all.slice(0, -1), [...before, { check, one }]] : [...all, [{ check, one }]]
}, [])

for (const [number, group] of groups.entries()) {
  describe(`group ${number + 1}`, () => {
    for (const { check, one } of group) {
      test.concurrent(
        keyOf(one),
        { timeout: Math.max(timeout, (check.disrupts?.seconds ?? 0) * 1000) },
        async ({ task, signal }) => {
          const onBroken = layers.slice(0, layers.indexOf(check.layer)).some((layer) => failedLayers.has(layer))
          const result = await runCheck(check, one, target, onBroken, signal)
          task.meta.result = result
          if (result.verdict !== 'fail') return
          failedLayers.add(check.layer)
          throw new Error(result.reason)
        },
      )
    }
  })
}
