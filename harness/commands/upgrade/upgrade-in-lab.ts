import { constants, setPriority } from 'node:os'
import { leftOut } from '#commands/upgrade/phases/phases.ts'
import { phasesFor } from '#commands/upgrade/phases/upgrade-phases.ts'
import { trafficIn } from '#commands/upgrade/traffic/traffic.ts'
import type { UpgradeImages } from '#images/images.ts'
import { labSource } from '#report/bundle/collect.ts'
import { catalogue } from '#run/catalogue.ts'
import { failureOf } from '#run/failure-of.ts'
import { type LabOrder, openLab, type OpenLab } from '#run/open-lab.ts'
import { type BundlePlace, supportBundle } from '#run/support-bundle.ts'
import type { UpgradeOptions } from './options.ts'
import { performPhases } from './perform-phases.ts'
import type { UpgradeFault } from './upgrade-fault.ts'
import { upgradeLabOf } from './upgrade-lab.ts'
import type { UpgradeRecord } from './upgrade-record.ts'

/** What is upgraded: a lab, between two releases, and how. */
export type UpgradeOrder = Omit<LabOrder, 'images'> & {
  images: UpgradeImages
  options: UpgradeOptions
  fault: UpgradeFault | undefined
  bundle: BundlePlace
}

/**
 * Upgrades a mesh in a lab, from nothing to a verdict and back to nothing. Where the upgrade did not go well, a support
 * bundle is taken before the lab goes, unless the run was stopped. What is known at any time is in the record.
 * @throws what ended the upgrade early: the signal’s reason, else the first error.
 */
export const upgradeInLab = async (order: UpgradeOrder, record: UpgradeRecord): Promise<void> => {
  const { images, bundle, signal } = order
  await using lab = openLab({ ...order, images: images.from }, record.phases)
  const error = await failureOf(performUpgrade(lab, order, record), signal)
  if (record.wentWrong() && !signal.aborted)
    record.bundled(await supportBundle(labSource(lab), record.result(), bundle, record.phases, signal))
  if (error !== undefined) throw error
}

/** Brings the lab up with the old release, and performs every phase of the upgrade, as the lab’s phase `upgrade`. */
const performUpgrade = async (
  lab: OpenLab,
  { images, options, fault, terminal, signal }: UpgradeOrder,
  record: UpgradeRecord,
): Promise<void> => {
  await lab.bringUp()
  const between = upgradeLabOf(lab, images.to, options.strategy)
  const traffic = trafficIn(lab)
  const phases = phasesFor(between, traffic, fault, options)
  record.planned(phases, leftOut(between, options))
  record.phases.started('upgrade', Date.now())
  // Checks and programs give way to the traffic that is measured.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  const from = images.from.roles['tag'] ?? ''
  const checking = { lab, checks: catalogue, from, timeout: options.timeout, terminal }
  const { performed } = record
  const error = await failureOf(
    performPhases(phases, { lab: between.to, checking, traffic, record: performed }, signal),
    signal,
  )
  record.ended(traffic.seen(), error)
  const verdict = record.result().verdict === 'fail' ? 'fail' : signal.aborted ? 'not-run' : 'pass'
  record.phases.ended('upgrade', Date.now(), verdict)
  if (error !== undefined) throw error
}
