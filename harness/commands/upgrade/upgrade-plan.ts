import type { Check } from '#checks/check.ts'
import { refusal } from '#commands/upgrade/phases/preflight-problem.ts'
import { versionProblems } from '#commands/upgrade/phases/preflight-versions.ts'
import { type Earlier, readEarlier } from '#commands/upgrade/verdict/compare.ts'
import { MeshproofError } from '#errors.ts'
import type { ImageSource } from '#images/images.ts'
import { resolveUpgradeSource, upgradeVersions } from '#images/versions.ts'
import { makePlans, type TopologyPlan } from '#run/plan.ts'
import { refuseExternal } from '#run/refuse-external.ts'
import { faultNamed } from '../../../fixtures/upgrade-faults/index.ts'
import type { UpgradeOptions } from './options.ts'
import { impossible, type UpgradeFault } from './upgrade-fault.ts'
import { upgradable } from './upgrade-lab.ts'

/** What is known of an upgrade before there is a lab. */
export type UpgradePlan = {
  plan: TopologyPlan
  source: ImageSource
  versions: { from: string; to: string }
  fault: UpgradeFault | undefined
  earlier: Earlier | undefined
}

/**
 * Turns the flags of `upgrade` into a plan.
 * @throws MeshproofError MP-101 for what does not exist, MP-107 where no source has both releases, MP-111 to MP-113,
 * MP-123 and MP-124 for an earlier run that cannot be compared with, MP-125 for a fault that cannot happen there,
 * MP-126 for a single release, MP-138 for an external control plane, MP-150 to MP-153 where versions alone forbid it.
 */
export const planUpgrade = async (options: UpgradeOptions, checks: readonly Check[]): Promise<UpgradePlan> => {
  const { mtls = 'strict' } = options
  const [planned] = await makePlans([options.topology], [], checks, { ...options, mtls })
  if (planned === undefined) throw new Error('a topology has no variant')
  refuseExternal('upgrade', [planned])
  const topology = upgradable(planned.topology)
  const source = await resolveUpgradeSource(options, options)
  const { from, to, kubernetes } = await upgradeVersions({ images: source, pins: options.pins }, options)
  if (from === to)
    throw new MeshproofError('MP-126', {
      what: 'There is nothing to upgrade: both releases are the same',
      where: `--from=${options.from} --to=${options.to}`,
      next: 'Name two releases; meshproof images list shows those that are built here.',
    })
  const fault = options.fault === undefined ? undefined : faultNamed(options.fault)
  const why = fault && impossible(fault, topology, options.strategy)
  if (why !== undefined)
    throw new MeshproofError('MP-125', {
      what: `The fault ${fault?.name ?? ''} cannot happen there`,
      where: `${topology.name}, ${options.strategy}`,
      why,
      next: 'Choose another topology, strategy or fault.',
    })
  const problems = versionProblems({ from, to, strategy: options.strategy, kubernetes: [kubernetes] })
  if (problems.length > 0) throw refusal(problems)
  return {
    plan: { ...planned, topology, steps: planned.procedure.steps(topology) },
    source,
    versions: { from, to },
    fault,
    earlier: options.compare === undefined ? undefined : await readEarlier(options.compare, topology),
  }
}

/** The one line that says what an upgrade will do. */
export const upgradeLine = (
  { plan: { topology }, fault }: UpgradePlan,
  { from, to, strategy }: UpgradeOptions,
): string =>
  `${topology.name}: from ${from} to ${to}, ${strategy === 'in-place' ? 'in place' : 'by revision'}` +
  (fault ? `, wrongly: ${fault.breaks}` : '')
