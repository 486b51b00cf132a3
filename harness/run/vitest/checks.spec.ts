import { describe, inject, test } from 'vitest'
import type { Check } from '#checks/check.ts'
import { existingTarget } from '#checks/existing-target.ts'
import { labTarget } from '#checks/lab-target.ts'
import { labOf } from '#lab/lab.ts'
import { watchPrograms } from '#programs.ts'
import { type CheckLayer, layers } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { keyOf, type PlannedCheck } from '#run/plan-checks.ts'
import { type Broken, runCheck } from './run-check.ts'
import './contract.ts'

// The only file that Vitest runs. Every planned check is a test, in the order of the plan. Checks of one layer that do
// not change the mesh run at the same time, from every cluster. With `atOnce` so do the checks of all layers. Every
// other check runs alone. Checks of the network mostly wait for what must not answer, so what only reads from the
// control planes runs beside them. Once the layers below `reach` are judged, checks with pods of their own run beside
// the rest, except what sees all packets and what disrupts.
const { mesh, planned, timeout, atOnce = false, verbose = false } = inject('meshproof')
if (verbose) watchPrograms((line) => process.stderr.write(`${line}\n`))
const target =
  'lab' in mesh
    ? labTarget(labOf(mesh.lab.runId, mesh.lab.topology, mesh.lab.images), mesh.upgrade)
    : existingTarget(mesh.existing)
const checks = catalogue
const failedLayers = new Set<CheckLayer>()

type Planned = { check: Check; unit: PlannedCheck }

const all = planned.map((unit): Planned => {
  const check = checks.find(({ id }) => id === unit.id)
  if (!check) throw new Error(`no suite declares ${unit.id}`)
  return { check, unit }
})

const groupsOf = (some: Planned[]): Planned[][] =>
  some.reduce<Planned[][]>((grouped, next) => {
    const before = grouped.at(-1)
    const together =
      before?.[0] &&
      (atOnce || (before[0].check.layer === next.check.layer && !before[0].check.alone && !next.check.alone))
    return together ? [...grouped.slice(0, -1), [...before, next]] : [...grouped, [next]]
  }, [])

const isBelowReach = ({ check }: Planned): boolean => layers.indexOf(check.layer) < layers.indexOf('reach')

const brokenFor = ({ layer }: Check): Broken | undefined =>
  layers.slice(0, layers.indexOf(layer)).some((lower) => failedLayers.has(lower))
    ? 'below'
    : failedLayers.has(layer)
      ? 'beside'
      : undefined

const runGroups = (groups: Planned[][]): void => {
  for (const [number, group] of groups.entries()) {
    describe(`group ${number + 1}`, { concurrent: false }, () => {
      for (const { check, unit } of group) {
        test.concurrent(
          keyOf(unit),
          { timeout: Math.max(timeout, (check.disrupts?.seconds ?? 0) * 1000) },
          async ({ task, signal }) => {
            const result = await runCheck(check, unit, target, brokenFor(check), signal)
            task.meta.result = result
            if (result.verdict !== 'fail') return
            // A defect of the release breaks nothing above it.
            if (!result.knownIssue) failedLayers.add(check.layer)
            throw new Error(result.reason)
          },
        )
      }
    })
  }
}

/** Runs these lists of groups at the same time, and waits for all of them. */
const runBeside = (...lists: Planned[][][]): void => {
  const some = lists.filter(({ length }) => length > 0)
  if (some.length === 0) return
  describe('side by side', { concurrent: false }, () => {
    for (const [number, groups] of some.entries())
      describe.concurrent(`list ${number + 1}`, () => {
        runGroups(groups)
      })
  })
}

const isOfNetwork = ({ check }: Planned): boolean => check.layer === 'network'
const hasOwnPods = ({ check }: Planned): boolean => check.ownPods === true
const waits = ({ check }: Planned): boolean => check.disrupts !== undefined || check.alone === 'on the wire'

if (atOnce) runGroups(groupsOf(all))
else {
  const below = all.filter((candidate) => isBelowReach(candidate))
  const above = all.filter((candidate) => !isBelowReach(candidate) && !waits(candidate))
  const [changing, reading] = [below.filter(({ check }) => check.alone), below.filter(({ check }) => !check.alone)]
  runBeside(
    groupsOf(reading.filter((candidate) => isOfNetwork(candidate))),
    groupsOf(reading.filter((candidate) => !isOfNetwork(candidate))),
  )
  runGroups(groupsOf(changing))
  runBeside(
    groupsOf(above.filter((candidate) => !hasOwnPods(candidate))),
    above.filter((candidate) => hasOwnPods(candidate)).map((candidate) => [candidate]),
  )
  runGroups(groupsOf(all.filter((candidate) => waits(candidate))))
}
