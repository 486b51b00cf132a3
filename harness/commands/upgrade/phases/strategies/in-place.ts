import type { Lab } from '#lab/lab.ts'
import { injectorTrusted, requireOnly } from '#istio/injection.ts'
import { step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import { proxiesBack } from './proxies-back.ts'
import { again, gatewayAgain, installedBy, workloadsRestarted, type Replacement } from './replacement.ts'

/**
 * Every part is replaced where it stands (Istio's “in-place upgrade”): istiod is installed again over the one
 * before and its proxies come back to it, then the workloads are restarted and get the new proxy, then the gateway is
 * installed again. Where the address of an istiod's pod was captured, it is captured anew as soon as the pod has moved,
 * still by the release before: its remote clusters have their own turn.
 */
export const inPlace = (from: Lab, to: Lab): Replacement => ({
  controlPlane: (cluster) => {
    const { follow } = procedures[to.topology.procedure]
    const at = to.cluster(cluster)
    return [
      ...again(to, ...installedBy(cluster)),
      ...(follow && at.role === 'primary'
        ? [step(`${cluster}: istiod’s address followed`, (_, signal) => follow(from, signal))]
        : []),
      step(`${cluster}: injector trusted`, (_, signal) => injectorTrusted(at, to, signal)),
      ...(at.role === 'primary' ? [proxiesBack(to, cluster)] : []),
    ]
  },
  workloads: (cluster) => [workloadsRestarted(to, cluster)],
  gateway: (cluster) => gatewayAgain(to, cluster),
  // Nothing of the release before is left beside the new one: that is what is made sure of.
  removal: to.clusters.map((cluster) =>
    step(`${cluster.name}: no other control plane, no other injector`, () => requireOnly(cluster, to)),
  ),
})
