import { gatewayService } from '#istio/gateway.ts'
import { followed, isMadeByIstiod } from '#istio/gateway-api.ts'
import { gatewayOf } from '#istio/installation.ts'
import { step, type Step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import { named } from '#istio/shared-steps.ts'
import { restartedDeployments } from '#istio/workloads.ts'
import { podsOf, restart } from '#kube/roll-out.ts'
import type { Lab } from '#lab/lab.ts'

/**
 * How one release replaces another, part by part. Each part is a list of named steps that run in order. Each strategy
 * has its own steps.
 */
export type Replacement = {
  /** A primary cluster’s istiod, or the configuration of a remote cluster. */
  controlPlane: (cluster: string) => Step[]
  workloads: (cluster: string) => Step[]
  gateway: (cluster: string) => Step[]
  /** True where a cluster’s gateway is replaced with its control plane, by istiod and not by a step. */
  gatewayFollows: (cluster: string) => boolean
  /** The last steps, in every cluster. */
  removal: Step[]
}

/**
 * Steps of the lab’s own installation, by name, with the release of `lab`. An upgrade is another installation with
 * every file and every flag (istioctl upgrade).
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
 * True where istiod makes a cluster’s gateway from a resource. Its deployment follows the release of the istiod of
 * its revision: where istiod is replaced in place, so is the gateway, at once.
 */
export const istiodMakesGateway = (lab: Pick<Lab, 'topology'>, cluster: string): boolean =>
  isMadeByIstiod(lab.topology, cluster) && hasGateway(lab, cluster)

/** Waits until istiod has replaced the gateway that it makes. By hand: `kubectl rollout status deployment`. */
export const gatewayFollowed = (lab: Lab, cluster: string): Step[] =>
  istiodMakesGateway(lab, cluster)
    ? [
        step(`${cluster}: gateway follows its istiod`, (_, signal) =>
          followed(lab.cluster(cluster), gatewayOf(lab.cluster(cluster), lab, true), signal),
        ),
      ]
    : []

/**
 * Installs a cluster’s gateway again, and restarts it if one of its pods is still the same. A gateway’s proxy is
 * injected when its pod starts, so its deployment may be equal in both releases. A gateway that istiod makes is given
 * the revision of `lab`, and istiod replaces it.
 */
export const gatewayAgain = (lab: Lab, cluster: string): Step[] =>
  again(lab, named.gateway(cluster)).map(({ name, run }) =>
    step(name, async (_, signal) => {
      const installed = lab.cluster(cluster)
      const { name: deployment, namespace } = gatewayService(installed)
      const uids = async (): Promise<(string | undefined)[]> =>
        (await podsOf(installed.kube, { namespace, name: deployment })).map(({ metadata }) => metadata?.uid)
      const before = await uids()
      await run(lab, signal)
      if (istiodMakesGateway(lab, cluster)) return
      if ((await uids()).some((uid) => before.includes(uid)))
        await restart(installed, [{ namespace, name: deployment }], signal)
    }),
  )

/** Restarts the workloads of a cluster, all at once. The step ends when their old pods are gone. */
export const workloadsRestarted = (lab: Lab, cluster: string): Step =>
  step(`${cluster}: workloads restarted`, async (_, signal) => {
    const installed = lab.cluster(cluster)
    const existing = await installed.kube.list({ apiVersion: 'apps/v1', kind: 'Deployment' })
    const wanted = restartedDeployments(installed).map(([namespace, name]) => ({ namespace, name }))
    await restart(
      installed,
      wanted.filter(({ namespace, name }) =>
        existing.some(({ metadata }) => metadata?.namespace === namespace && metadata.name === name),
      ),
      signal,
    )
  })
