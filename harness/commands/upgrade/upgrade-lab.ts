import type { Images } from '#images/images.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import type { Topology } from '#topology/topology-file.ts'
import type { Strategy, UpgradeLab } from './upgrade-phase.ts'

/**
 * A topology as it is installed to be upgraded: with two proxies a gateway, so that one is there while the other is
 * replaced (facts of upgrades).
 */
export const upgradable = (topology: Topology): Topology => ({ ...topology, gatewayReplicas: 2 })

/** A lab between the release that it was installed with and another one. */
export const upgradeLabOf = (from: Lab, toImages: Images, strategy: Strategy): UpgradeLab => {
  const revision = strategy === 'revision' ? revisionNameOf(toImages) : ''
  const to = labOf(from.runId, { ...from.topology, ...(revision === '' ? {} : { revision }) }, toImages)
  return { from, to: { ...to, root: from.root }, strategy, revision }
}

/** A revision is called after its release, its dots written as hyphens (Istio: “canary upgrades”). */
const revisionNameOf = ({ roles }: Images): string => (roles['tag'] ?? '').replaceAll('.', '-')
