import { gatewayService } from '#istio/gateway.ts'
import { step, type Step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import { named } from '#istio/shared-steps.ts'
import { restartedDeployments } from '#istio/workloads.ts'
import { podsOf, restart } from '#kube/roll-out.ts'
import type { Lab } from '#lab/lab.ts'

/**
 * How one release takes another one’s place, part by part, as named steps that are run in order; each strategy says
 * it in its own way.
 */
export type Replacement = {
  /** A cluster’s istiod, or the configuration of a cluster that is served from elsewhere. */
  controlPlane: (cluster: string) => Step[]
  workloads: (cluster: string) => Step[]
  gateway: (cluster: string) => Step[]
  /** What is done in the end, in all clusters. */
  removal: Step[]
}

/**
 * A step of the lab’s own installation, bound to a release: an upgrade is an install with every file and every flag
 * again (istioctl upgrade).
 */
export const again = (lab: Lab, ...names: string[]): Step[] =>
  procedures[lab.topology.procedure]
    .steps(lab.topology)
    .filter(({ name }) => names.includes(name))
    .map(({ name, run }) => step(name, (_, signal) => run(lab, signal)))

/** The steps by which a cluster’s control plane is installed: istiod and what exposes it, or the remote profile. */
export const installedBy = (cluster: string): string[] => [
  named.controlPlane(cluster),
  named.exposed(cluster),
  named.remote(cluster),
]

/** True where a cluster has an east-west gateway. */
export const hasGateway = (lab: Pick<Lab, 'topology'>, cluster: string): boolean =>
  procedures[lab.topology.procedure].steps(lab.topology).some(({ name }) => name === named.gateway(cluster))

/**
 * A cluster’s gateway, installed again. Where that leaves a pod as it was, it is restarted: a gateway’s proxy is
 * injected when its pod starts, so that its deployment may read the same in both releases.
 */
export const gatewayAgain = (lab: Lab, cluster: string): Step[] =>
  again(lab, named.gateway(cluster)).map(({ name, run }) =>
    step(name, async (_, signal) => {
      const at = lab.cluster(cluster)
      const { name: deployment, namespace } = gatewayService(at)
      const uids = async (): Promise<(string | undefined)[]> =>
        (await podsOf(at.kube, { namespace, name: deployment })).map(({ metadata }) => metadata?.uid)
      const before = await uids()
      await run(lab, signal)
      if ((await uids()).some((uid) => before.includes(uid)))
        await restart(at, [{ namespace, name: deployment }], signal)
    }),
  )

/** The workloads of a cluster that an upgrade restarts, all at once; the step ends when their older pods are gone. */
export const workloadsRestarted = (lab: Lab, cluster: string): Step =>
  step(`${cluster}: workloads restarted`, async (_, signal) => {
    const at = lab.cluster(cluster)
    const there = await at.kube.list({ apiVersion: 'apps/v1', kind: 'Deployment' })
    const wanted = restartedDeployments(at).map(([namespace, name]) => ({ namespace, name }))
    await restart(
      at,
      wanted.filter(({ namespace, name }) =>
        there.some(({ metadata }) => metadata?.namespace === namespace && metadata.name === name),
      ),
      signal,
    )
  })
