import { accessSync, constants } from 'node:fs'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { Istioctl } from '#istio/analyze.ts'
import { kubeconfigFor } from '#kube/kubeconfig-order.ts'
import { readKubeconfigs } from '#kube/kubeconfig-files.ts'
import { inClusterContext } from '#kube/own-account.ts'

/**
 * The istioctl for contexts of kubeconfigs: the given path, else the one on PATH, which need not exist.
 * @throws MeshproofError MP-101 where the path is given and is no program.
 */
export const istioctlAtHand = (kubeconfig: string | undefined, path: string | undefined): Istioctl => {
  if (path !== undefined) requireProgram(path)
  return {
    program: path ?? 'istioctl',
    from: path === undefined ? 'PATH' : 'flag',
    kubeconfigOf: (context) =>
      context === inClusterContext
        ? { refused: 'istioctl reads kubeconfigs, and the pod’s own cluster has none' }
        : kubeconfigFor(readKubeconfigs(kubeconfig).files, context),
  }
}

const requireProgram = (path: string): void => {
  try {
    accessSync(path, constants.X_OK)
  } catch (cause) {
    throw new MeshproofError('MP-101', {
      what: '--istioctl names no program',
      where: path,
      why: reasonOf(cause),
      next: 'Name the path of an istioctl, or leave the flag out: the one on PATH is used.',
      cause,
    })
  }
}
