import { releaseIn } from '#images/images.ts'
import { settled } from '#kube/roll-out.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { releasesOf } from './charts.ts'
import { installReleases } from './helm.ts'
import type { Installation } from './installation.ts'
import { installIstio } from './istioctl.ts'
import { operatorOf } from './operator.ts'
import { istiodOf } from './revision.ts'

/**
 * Installs into a cluster, with the installer of the lab, and waits until what was installed is ready.
 * @throws MeshproofError MP-501 when istioctl and MP-502 when Helm refuses, MP-401 when a deployment is not ready
 * within two minutes.
 */
export const install = async (
  cluster: LabCluster,
  { images }: Pick<Lab, 'images'>,
  installation: Installation,
  signal: AbortSignal,
): Promise<void> => {
  const { helm } = releaseIn(images, cluster.name)
  if (helm === undefined) return installIstio(cluster, operatorOf(installation), signal)
  await installReleases(cluster, helm, releasesOf(installation), signal)
  const deployment = deploymentOf(installation)
  if (deployment !== undefined) await settled(cluster, { namespace: cluster.istioNamespace, name: deployment }, signal)
}

const deploymentOf = (installation: Installation): string | undefined => {
  switch (installation.part) {
    case 'control-plane':
      return istiodOf(installation)
    case 'gateway':
      return installation.name
    case 'remote':
      return undefined
  }
}
