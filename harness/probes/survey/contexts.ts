import { MeshproofError, unknownValue } from '#errors.ts'
import { clientOf, type KubeClient } from '#kube/client.ts'
import { contextConfig } from '#kube/kubeconfig.ts'
import { contextNames, readKubeconfigs } from '#kube/kubeconfig-files.ts'
import { inClusterContext, requirePodAccount } from '#kube/own-account.ts'

/** An existing cluster, by the context of a kubeconfig that leads to it. */
export type ContextCluster = { context: string; kube: KubeClient }

/**
 * Connects to contexts of kubeconfigs: the named files (joined as KUBECONFIG joins them), else KUBECONFIG, else the
 * user’s own. A context belongs to the file that defines it. In a pod, `in-cluster` is its own cluster. Nothing is
 * asked of the clusters yet.
 * @throws MeshproofError MP-101 for a context that does not exist, MP-115 for fewer than two or one named twice, MP-116
 * when a kubeconfig cannot be read or used, MP-172 for `in-cluster` where this is no pod with an account.
 */
export const connectContexts = (contexts: string[], kubeconfig?: string): ContextCluster[] => {
  const [twice] = contexts.filter((context, index) => contexts.indexOf(context) !== index)
  if (twice !== undefined || contexts.length < 2) {
    throw new MeshproofError('MP-115', {
      what:
        twice === undefined
          ? 'A mesh of several clusters needs a context for each of them'
          : `The context “${twice}” is named twice`,
      where: `--contexts=${contexts.join(',')}`,
      next: 'Name every cluster of the mesh once: --contexts=A,B; kubectl config get-contexts lists them.',
    })
  }
  const named = contexts.some((context) => context !== inClusterContext)
  const { files, missing } = named ? readKubeconfigs(kubeconfig) : { files: [], missing: [] }
  const known = contextNames(files)
  return contexts.map((context) => {
    if (context === inClusterContext) return { context, kube: clientOf(context, requirePodAccount()) }
    if (!known.includes(context)) throw unknownContext(context, known, missing)
    return { context, kube: clientOf(context, contextConfig(files, context)) }
  })
}

const unknownContext = (context: string, known: string[], missing: string[]): MeshproofError => {
  if (known.length === 0)
    return new MeshproofError('MP-101', {
      what: `Unknown context “${context}”`,
      why: 'the kubeconfig has no context',
      next: 'kubectl config get-contexts lists those of a kubeconfig; --kubeconfig names another file.',
    })
  const error = unknownValue('context', context, known)
  if (missing.length === 0) return error
  const gone = `${missing.join(', ')}: no such file or directory`
  return new MeshproofError(error.code, {
    what: error.message,
    why: `it may be of a file that is gone; ${gone}`,
    next: error.next,
  })
}
