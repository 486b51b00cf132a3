import { harmlessChecks } from '#checks/check.ts'
import { leftOut } from '#commands/upgrade/phases/phases.ts'
import { phasesFor } from '#commands/upgrade/phases/upgrade-phases.ts'
import { trafficIn } from '#commands/upgrade/traffic/traffic.ts'
import { imagesByName, type Images } from '#images/images.ts'
import { labOf } from '#lab/lab.ts'
import { catalogue } from '#run/catalogue.ts'
import { planChecks } from '#run/plan-checks.ts'
import { selectChecks } from '#run/plan.ts'
import type { UpgradeOptions } from './options.ts'
import { upgradeLabOf } from './upgrade-lab.ts'
import { planUpgrade, upgradeLine } from './upgrade-plan.ts'

/**
 * Everything that `upgrade --plan` prints: the phases with their steps, the checks after each phase, and the phases
 * that are left out. A string, or an object for JSON.
 */
export const upgradePlanDocument = async (options: UpgradeOptions): Promise<string | object> => {
  const checks = catalogue
  const planned = await planUpgrade(options, checks)
  const {
    plan: { topology },
    source,
    versions: { from, to },
    fault,
  } = planned
  // The images are not fetched: only their names are known. No step runs.
  const named = (tag: string): Images => imagesByName(source, { tag })
  const lab = labOf('plan', topology, named(from))
  const upgrade = upgradeLabOf(lab, named(to), options.strategy)
  const phases = phasesFor(upgrade, trafficIn(lab), fault, options).map(({ id, name, kind, steps, after }) => ({
    id,
    name,
    kind,
    steps: steps.map((step) => step.name),
    checks: after
      ? planChecks(harmlessChecks(checks), topology, selectChecks([], checks), {
          upgrade: { stage: after, from },
        }).planned
      : [],
  }))
  const omitted = leftOut(upgrade, options)
  if (options.output === 'json')
    return {
      topology,
      from,
      to,
      strategy: options.strategy,
      images: source,
      phases,
      leftOut: omitted,
    }
  return [
    upgradeLine(planned, options),
    ...phases.flatMap(({ id, name, steps, checks: phaseChecks }) => [
      `  ${id}  ${name}${phaseChecks.length > 0 ? `; ${phaseChecks.length} verdicts` : ''}`,
      ...steps.map((step) => `        ${step}`),
    ]),
    ...omitted.map(({ phase, why }) => `  ${phase}  left out: ${why}`),
    `images: ${source}`,
  ].join('\n')
}
