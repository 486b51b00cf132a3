import type { Lab, LabCluster } from '#lab/lab.ts'
import { refOf } from '#kube/client.ts'
import { restart } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'
import { askForSidecars, deploymentsUnder, injectorTrusted, requireOnly } from '#istio/injection.ts'
import { istiodPods } from '#istio/istiod-pods.ts'
import { istioctl, uninstallIstio, without, type OperatorSpec } from '#istio/istioctl.ts'
import { controlPlaneSpec, remoteSpec } from '#istio/operator.ts'
import { step, type Step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import { placeholder } from '#istio/mesh-networks.ts'
import { revisionOf } from '#istio/revision.ts'
import { again, gatewayAgain, installedBy, workloadsRestarted, type Replacement } from './replacement.ts'

/**
 * A second control plane is installed beside the one before, and everything moves to it (Istio's “canary upgrade”):
 * namespaces ask for its revision, workloads are restarted, gateways are installed with it. In the end the default tag
 * is moved and the control plane of before removed, no sooner than its last proxy has left it. It works both ways: back
 * again, the one with the revision is the one that goes.
 */
export const byRevision = (from: Lab, to: Lab): Replacement => {
  const [before, after] = [revisionOf(from.topology), revisionOf(to.topology)]
  return {
    controlPlane: (cluster) => {
      const at = to.cluster(cluster)
      return [
        ...(from.topology.revision === undefined ? [] : [withoutDefaultTag(from, cluster)]),
        ...again(to, ...installedBy(cluster)),
        step(`${cluster}: injector of revision ${after} trusted`, (_, signal) => injectorTrusted(at, to, signal)),
      ]
    },
    workloads: (cluster) => [
      step(`${cluster}: namespaces ask for revision ${after}`, () => askForSidecars(to.cluster(cluster), to.topology)),
      workloadsRestarted(to, cluster),
    ],
    gateway: (cluster) => gatewayAgain(to, cluster),
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

/** The default tag moved to a revision, and the namespaces back at asking for the default. */
const withDefaultTag = ({ topology: { revision = '' } }: Lab, cluster: LabCluster): Step =>
  step(`${cluster.name}: default tag moved to revision ${revision}`, async (_, signal) => {
    await istioctl(
      cluster,
      ['tag', 'set', 'default', '--revision', revision, '--overwrite', '--skip-confirmation'],
      signal,
    )
    await askForSidecars(cluster, {})
  })

/**
 * The default tag taken from a revision, which the namespaces ask for by its own name meanwhile: no two injectors may
 * answer for the default.
 */
const withoutDefaultTag = ({ topology, ...lab }: Lab, cluster: string): Step =>
  step(`${cluster}: default tag taken from revision ${revisionOf(topology)}`, async (_, signal) => {
    const at = lab.cluster(cluster)
    await askForSidecars(at, topology)
    await istioctl(at, ['tag', 'remove', 'default', '--skip-confirmation'], signal)
  })

/** Removes what the control plane of before has and the one that stays has not, and waits until its pods are gone. */
const removed = async (from: Lab, to: Lab, cluster: LabCluster, signal: AbortSignal): Promise<void> => {
  const { exposure } = procedures[to.topology.procedure]
  const { name, kube } = cluster
  // Which objects there are does not depend on the address; an address there must be.
  const specOf = (lab: Lab): OperatorSpec =>
    cluster.role === 'primary' ? controlPlaneSpec(cluster, lab, {}) : remoteSpec(cluster, lab, placeholder)
  await uninstallIstio({ cluster: from.cluster(name), spec: specOf(from) }, { cluster, spec: specOf(to) }, signal)
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
