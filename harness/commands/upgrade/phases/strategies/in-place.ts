import type { Lab } from '#lab/lab.ts'
import { injectorTrusted, requireOnly } from '#istio/injection.ts'
import { step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import { proxiesBack } from './proxies-back.ts'
import {
  again,
  gatewayAgain,
  gatewayFollowed,
  installedBy,
  istiodMakesGateway,
  type Replacement,
  workloadsRestarted,
} from './replacement.ts'

/**
 * Replaces every part in place (Istio’s “in-place upgrade”). The new istiod is installed over the old one, and
 * its proxies reconnect. Then the workloads are restarted and get the new proxy. Then the gateway is installed again.
 * Where remote clusters use the address of istiod’s pod, that address is updated as soon as the pod is replaced. This
 * step uses the old release, since the remote clusters are upgraded later. A gateway that istiod makes follows the new
 * istiod at once, so it has no step of its own.
 */
export const inPlace = (from: Lab, to: Lab): Replacement => ({
  controlPlane: (cluster) => {
    const { follow } = procedures[to.topology.procedure]
    const installed = to.cluster(cluster)
    return [
      ...again(to, ...installedBy(cluster)),
      ...(follow && installed.role === 'primary'
        ? [step(`${cluster}: istiod’s address followed`, (_, signal) => follow(from, signal))]
        : []),
      step(`${cluster}: injector trusted`, (_, signal) => injectorTrusted(installed, to, signal)),
      ...gatewayFollowed(to, cluster),
      ...(installed.role === 'primary' ? [proxiesBack(to, cluster)] : []),
    ]
  },
  workloads: (cluster) => [workloadsRestarted(to, cluster)],
  gateway: (cluster) => (istiodMakesGateway(to, cluster) ? [] : gatewayAgain(to, cluster)),
  gatewayFollows: (cluster) => istiodMakesGateway(to, cluster),
  // The last step verifies that nothing of the old release remains beside the new one.
  removal: to.clusters.map((cluster) =>
    step(`${cluster.name}: no other control plane, no other injector`, () => requireOnly(cluster, to)),
  ),
})
