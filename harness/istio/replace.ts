import type { HelmImages } from '#images/images.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { baseRelease } from './charts.ts'
import { helm } from './helm.ts'
import { istioctl, uninstallIstio, type OperatorSpec } from './istioctl.ts'
import { placeholder } from './mesh-networks.ts'
import { controlPlaneOf, remoteOf } from './installation.ts'
import { operatorOf } from './operator.ts'
import { istiodOf, revisionOf } from './revision.ts'

// How one revision of a control plane replaces another, by the installer of the lab.

/**
 * Makes the revision of a lab the default one of a cluster.
 * @throws MeshproofError MP-501 or MP-502 when the installer refuses.
 */
export const setDefaultTag = async (lab: Lab, cluster: LabCluster, signal: AbortSignal): Promise<void> => {
  const revision = revisionOf(lab.topology)
  const { helm: installer } = lab.images
  if (installer) return tagByHelm(installer, lab, cluster, { tags: ['default'], validatedBy: revision }, signal)
  await istioctl(
    cluster,
    ['tag', 'set', 'default', '--revision', revision, '--overwrite', '--skip-confirmation'],
    signal,
  )
}

/** Takes the default tag of a cluster from the revision of a lab. @throws as setDefaultTag does. */
export const removeDefaultTag = async (lab: Lab, cluster: LabCluster, signal: AbortSignal): Promise<void> => {
  const { helm: installer } = lab.images
  if (installer) return tagByHelm(installer, lab, cluster, { tags: [], validatedBy: 'default' }, signal)
  await istioctl(cluster, ['tag', 'remove', 'default', '--skip-confirmation'], signal)
}

/** In the charts a revision’s tags are values of `istiod`, and which one validates is a value of `base`. */
const tagByHelm = async (
  { program, charts }: HelmImages,
  { topology }: Lab,
  cluster: LabCluster,
  { tags, validatedBy }: { tags: string[]; validatedBy: string },
  signal: AbortSignal,
): Promise<void> => {
  const change = (release: string, chart: string, value: string): Promise<string> =>
    helm(
      cluster,
      program,
      ['upgrade', release, chart, '--force-conflicts', '--reuse-values', '--set-json', value],
      signal,
    )
  await change(istiodOf(topology), charts.istiod, `revisionTags=${JSON.stringify(tags)}`)
  await change(baseRelease, charts.base, `defaultRevision=${JSON.stringify(validatedBy)}`)
}

/**
 * Removes the control plane of one lab from a cluster, or what a remote cluster has in its place, beside that of
 * another lab. What both have stays.
 * @throws MeshproofError MP-501 or MP-502 when the installer refuses.
 */
export const uninstallControlPlane = async (from: Lab, to: Lab, name: string, signal: AbortSignal): Promise<void> => {
  const [was, is] = [from.cluster(name), to.cluster(name)]
  if (from.images.helm !== undefined) {
    await helm(was, from.images.helm.program, ['uninstall', istiodOf(from.topology)], signal)
    return
  }
  // A specification needs an address, but its objects do not depend on it.
  const specOf = (lab: Lab): OperatorSpec =>
    operatorOf(is.role === 'primary' ? controlPlaneOf(is, lab, {}) : remoteOf(is, lab, placeholder))
  await uninstallIstio({ cluster: was, spec: specOf(from) }, { cluster: is, spec: specOf(to) }, signal)
}
