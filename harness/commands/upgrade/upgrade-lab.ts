import type { Images } from '#images/images.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import type { Topology } from '#topology/topology-file.ts'
import type { Strategy, UpgradeLab } from './upgrade-phase.ts'

/**
 * A topology as it is installed for an upgrade: each gateway has two replicas, so that one serves while the other is
 * replaced (facts of upgrades).
 */
export const upgradable = (topology: Topology): Topology => ({ ...topology, gatewayReplicas: 2 })

/** A lab between the release that it is installed with and the release of `toImages`. */
export const upgradeLabOf = (from: Lab, toImages: Images, strategy: Strategy): UpgradeLab => {
  const revision = strategy === 'revision' ? revisionNameOf(toImages) : ''
  const to = labOf(from.runId, { ...from.topology, ...(revision === '' ? {} : { revision }) }, toImages)
  return { from, to: { ...to, root: from.root }, strategy, revision }
}

/** The name of a revision: its release, with hyphens for dots (Istio: “canary upgrades”). */
const revisionNameOf = ({ roles }: Images): string => (roles['tag'] ?? '').replaceAll('.', '-')
