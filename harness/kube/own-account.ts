import { existsSync, readFileSync } from 'node:fs'
import { KubeConfig } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'

/**
 * The name that stands for the cluster which a pod runs in, as the account that it has there: no kubeconfig is needed
 * for it.
 */
export const inCluster = 'in-cluster'

/**
 * The way to the pod’s own cluster (kubernetes.io, “Accessing the Kubernetes API from a Pod”), or undefined where
 * this is no pod with an account. Its token is read again and again, since it is replaced while the pod lives. `root`
 * is where the pod’s files are.
 */
export const ownAccount = (root = ''): KubeConfig | undefined => {
  const config = new KubeConfig()
  config.loadFromCluster(root)
  const caFile = config.getCurrentCluster()?.caFile ?? ''
  if (!process.env['KUBERNETES_SERVICE_HOST'] || !existsSync(caFile)) return undefined
  // In the configuration itself, as kubeconfigs have it: by the authority, two ways are told to lead to one cluster.
  config.clusters = config.clusters.map((cluster) => ({ ...cluster, caData: readFileSync(caFile).toString('base64') }))
  return config
}

/** The same, where it must be there. @throws MeshproofError MP-172 where it is not. */
export const requireOwnAccount = (): KubeConfig => {
  const config = ownAccount()
  if (config) return config
  throw new MeshproofError('MP-172', {
    what: `“${inCluster}” is the cluster that a pod runs in, and this is no pod with an account`,
    next:
      'Name contexts of a kubeconfig; in a pod, let it have its service account’s token ' +
      '(automountServiceAccountToken).',
  })
}
