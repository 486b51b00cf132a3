import { KubeConfig } from '@kubernetes/client-node'
import { MeshproofError, reasonOf, unknownValue } from '#errors.ts'
import { clientOf, type KubeClient } from '#kube/client.ts'
import { inClusterContext, requirePodAccount } from '#kube/own-account.ts'

/** A cluster that somebody else made, by the context of a kubeconfig that leads to it. */
export type ContextCluster = { context: string; kube: KubeClient }

/**
 * Connects to contexts of a kubeconfig: the named files (joined as KUBECONFIG joins them), else KUBECONFIG, else the
 * user’s own. In a pod, `in-cluster` is its own cluster. Nothing is asked of the clusters yet.
 * @throws MeshproofError MP-101 for a context that does not exist, MP-115 for fewer than two or one named twice, MP-116
 * when the kubeconfig cannot be read, MP-172 for `in-cluster` where this is no pod with an account.
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
  return contexts.map((context) => {
    if (context === inClusterContext) return { context, kube: clientOf(context, requirePodAccount()) }
    const config = loaded(kubeconfig)
    const names = config.getContexts().map(({ name }) => name)
    if (!names.includes(context)) throw unknownValue('context', context, names)
    config.setCurrentContext(context)
    return { context, kube: clientOf(context, config) }
  })
}

const loaded = (kubeconfig: string | undefined): KubeConfig => {
  const config = new KubeConfig()
  try {
    const files = (kubeconfig ?? process.env['KUBECONFIG'] ?? '').split(':').filter(Boolean)
    const [first, ...others] = files
    if (first === undefined) config.loadFromDefault()
    else config.loadFromFile(first)
    for (const file of others) {
      const more = new KubeConfig()
      more.loadFromFile(file)
      config.mergeConfig(more)
    }
    return config
  } catch (cause) {
    throw new MeshproofError('MP-116', {
      what: 'The kubeconfig cannot be read',
      where: kubeconfig ?? process.env['KUBECONFIG'] ?? 'the default kubeconfig',
      why: reasonOf(cause),
      next: 'Name a file with --kubeconfig, several joined by “:”.',
      cause,
    })
  }
}
