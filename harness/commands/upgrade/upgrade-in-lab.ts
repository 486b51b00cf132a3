import { constants, setPriority } from 'node:os'
import { leftOut } from '#commands/upgrade/phases/phases.ts'
import { phasesFor } from '#commands/upgrade/phases/upgrade-phases.ts'
import { trafficIn } from '#commands/upgrade/traffic/traffic.ts'
import type { UpgradeImages } from '#images/images.ts'
import { labSource } from '#report/bundle/collect.ts'
import { catalogue } from '#run/catalogue.ts'
import { failureOf } from '#run/failure-of.ts'
import { contextsOf, lookAtMesh } from '#run/look-at-mesh.ts'
import { type LabOrder, openLab, type OpenLab } from '#run/open-lab.ts'
import { type BundlePlace, supportBundle } from '#run/support-bundle.ts'
import type { UpgradeOptions } from './options.ts'
import { performPhases } from './perform-phases.ts'
import type { UpgradeFault } from './upgrade-fault.ts'
import { upgradeLabOf } from './upgrade-lab.ts'
import type { UpgradeRecord } from './upgrade-record.ts'

/** The upgrade of a lab: its two releases, its options and the fault to apply. */
export type UpgradeOrder = Omit<LabOrder, 'images'> & {
  images: UpgradeImages
  options: UpgradeOptions
  fault: UpgradeFault | undefined
  bundle: BundlePlace
}

/**
 * Upgrades a mesh in a lab, and deletes the lab afterwards. Where the upgrade failed and the run was not stopped, the
 * mesh is diagnosed, if it came up, and a support bundle is written before the lab is deleted. The record holds what is
 * known at any time.
 * @throws what ended the upgrade early: the signal’s reason, else the first error.
 */
export const upgradeInLab = async (order: UpgradeOrder, record: UpgradeRecord): Promise<void> => {
  const { images, bundle, signal } = order
  await using lab = openLab({ ...order, images: images.from }, record.phases)
  const error = await failureOf(performUpgrade(lab, order, record), signal)
  if (record.wentWrong() && !signal.aborted) {
    if (record.wasBegun()) record.diagnosed(await lookAtMesh(contextsOf(lab), record.phases, signal))
    record.bundled(await supportBundle(labSource(lab), record.result(), bundle, record.phases, signal))
  }
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
  // The harness and its programs run with a lower priority than the traffic that is measured.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  const from = images.from.roles['tag'] ?? ''
  const checking = { lab, checks: catalogue, from, timeout: options.timeout, terminal }
  const { performed } = record
  const error = await failureOf(
    performPhases(phases, { lab: between.to, checking, traffic, record: performed }, signal),
    signal,
  )
  record.ended(traffic.observed(), error)
  const verdict = record.result().verdict === 'fail' ? 'fail' : signal.aborted ? 'not-run' : 'pass'
  record.phases.ended('upgrade', Date.now(), verdict)
  if (error !== undefined) throw error
}
