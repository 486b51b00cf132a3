import { existsSync, readFileSync } from 'node:fs'
import type { KubeConfig } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import { kubernetes } from './library.ts'

/** The name of a context without a kubeconfig: the cluster in which this pod runs, with the pod’s service account. */
export const inClusterContext = 'in-cluster'

/**
 * The configuration for the pod’s own cluster (kubernetes.io, “Accessing the Kubernetes API from a Pod”). Returns
 * undefined where this is not a pod with a service account. The token is read for every request, because Kubernetes
 * replaces it while the pod runs. `root` is the folder with the pod’s file system.
 */
export const podAccount = (root = ''): KubeConfig | undefined => {
  const config = new (kubernetes().KubeConfig)()
  config.loadFromCluster(root)
  const caFile = config.getCurrentCluster()?.caFile ?? ''
  if (!process.env['KUBERNETES_SERVICE_HOST'] || !existsSync(caFile)) return undefined
  // The authority is put into the configuration, as in a kubeconfig. Contexts of the same cluster are recognised by it.
  config.clusters = config.clusters.map((cluster) => ({ ...cluster, caData: readFileSync(caFile).toString('base64') }))
  return config
}

/**
 * The configuration for the pod’s own cluster.
 * @throws MeshproofError MP-172 where this is not a pod with an account.
 */
export const requirePodAccount = (): KubeConfig => {
  const config = podAccount()
  if (config) return config
  throw new MeshproofError('MP-172', {
    what: `“${inClusterContext}” is the cluster of a pod, and this is not a pod with a service account`,
    next:
      'Outside a pod, name contexts of a kubeconfig. In a pod, mount the token of its service account ' +
      '(automountServiceAccountToken).',
  })
}
