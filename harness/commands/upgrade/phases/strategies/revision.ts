import type { Lab, LabCluster } from '#lab/lab.ts'
import { refOf } from '#kube/client.ts'
import { restart } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'
import { askForSidecars, deploymentsUnder, injectorTrusted, requireOnly } from '#istio/injection.ts'
import { istiodPods } from '#istio/istiod-pods.ts'
import { without } from '#istio/istioctl.ts'
import { step, type Step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import { removeDefaultTag, setDefaultTag, uninstallControlPlane } from '#istio/replace.ts'
import { revisionOf } from '#istio/revision.ts'
import { again, gatewayAgain, installedBy, workloadsRestarted, type Replacement } from './replacement.ts'

/**
 * Installs a second control plane beside the old one, and moves everything to it (Istio’s “canary upgrade”).
 * Namespaces are labelled with its revision, workloads are restarted, gateways are installed with it. At the end the
 * default tag moves, and the old control plane is removed once its last proxy has left it. A rollback is the same in
 * the other direction: it removes the control plane with the revision.
 */
export const byRevision = (from: Lab, to: Lab): Replacement => {
  const [before, after] = [revisionOf(from.topology), revisionOf(to.topology)]
  return {
    controlPlane: (cluster) => {
      const installed = to.cluster(cluster)
      return [
        ...(from.topology.revision === undefined ? [] : [withoutDefaultTag(from, cluster)]),
        ...again(to, ...installedBy(cluster)),
        step(`${cluster}: injector of revision ${after} trusted`, (_, signal) =>
          injectorTrusted(installed, to, signal),
        ),
      ]
    },
    workloads: (cluster) => [
      step(`${cluster}: namespaces ask for revision ${after}`, () => askForSidecars(to.cluster(cluster), to.topology)),
      workloadsRestarted(to, cluster),
    ],
    gateway: (cluster) => gatewayAgain(to, cluster),
    // A Gateway keeps to the revision of its label, and gets the new one in its own phase.
    gatewayFollows: () => false,
    removal: [
      ...to.clusters.map((cluster) =>
        step(`${cluster.name}: what is left under revision ${before} restarted`, async (_, signal) =>
          restart(cluster, await deploymentsUnder(cluster, before), signal),
        ),
      ),
      ...to.clusters.flatMap((cluster) => [
        ...(to.topology.revision === undefined ? [] : [withDefaultTag(to, cluster)]),
        step(`${cluster.name}: control plane of revision ${before} removed`, (_, signal) =>
          removed(from, to, cluster, signal),
        ),
        step(`${cluster.name}: no other control plane, no other injector`, () => requireOnly(cluster, to)),
      ]),
    ],
  }
}

/** Moves the default tag to the revision of a lab, and labels the namespaces for the default revision again. */
const withDefaultTag = (lab: Lab, cluster: LabCluster): Step =>
  step(`${cluster.name}: default tag moved to revision ${revisionOf(lab.topology)}`, async (_, signal) => {
    await setDefaultTag(lab, cluster, signal)
    await askForSidecars(cluster, {})
  })

/**
 * Removes the default tag from the revision of a lab. Before that, the namespaces are labelled with the revision’s
 * own name. Two injectors must not both serve the default revision.
 */
const withoutDefaultTag = (lab: Lab, cluster: string): Step =>
  step(`${cluster}: default tag taken from revision ${revisionOf(lab.topology)}`, async (_, signal) => {
    const installed = lab.cluster(cluster)
    await askForSidecars(installed, lab.topology)
    await removeDefaultTag(lab, installed, signal)
  })

/** Removes the objects of the old control plane that the new one does not have, and waits until its pods are gone. */
const removed = async (from: Lab, to: Lab, cluster: LabCluster, signal: AbortSignal): Promise<void> => {
  const { exposure } = procedures[to.topology.procedure]
  const { name, kube } = cluster
  await uninstallControlPlane(from, to, name, signal)
  if (exposure && cluster === to.primary) {
    const [was, is] = await Promise.all([from, to].map(async ({ topology }) => (await exposure(topology)).map(refOf)))
    for (const ref of without(was ?? [], is ?? [])) await kube.remove(ref)
  }
  await until(
    `istiod of revision ${revisionOf(from.topology)} is gone from ${name}`,
    async () => (await istiodPods(cluster, revisionOf(from.topology))).length === 0,
    { every: 250, within: 60_000, signal },
  )
}
