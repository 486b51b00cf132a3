import { X509Certificate } from 'node:crypto'
import { KubeConfig, type Cluster, type User, type V1Secret } from '@kubernetes/client-node'

/**
 * One entry of a remote secret: a kubeconfig for the cluster that its key names. `access` is undefined where it is
 * none.
 */
export type RemoteEntry = {
  secret: string
  key: string
  labelled: boolean
  access: { cluster: Cluster; user: User } | undefined
}

/** The remote secrets among secrets of the root namespace: those labelled as such, and those that istioctl named. */
export const remoteEntries = (secrets: V1Secret[]): RemoteEntry[] =>
  secrets.flatMap(({ metadata, data }) => {
    const labelled = metadata?.labels?.['istio/multiCluster'] === 'true'
    const secret = metadata?.name ?? ''
    if (!labelled && !secret.startsWith('istio-remote-secret-')) return []
    return Object.entries(data ?? {}).map(([key, encoded]) => ({
      secret,
      key,
      labelled,
      access: accessOf(Buffer.from(encoded, 'base64').toString()),
    }))
  })

const accessOf = (text: string): RemoteEntry['access'] => {
  try {
    const config = new KubeConfig()
    config.loadFromString(text)
    const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()]
    return cluster && user && URL.canParse(cluster.server) ? { cluster, user } : undefined
  } catch {
    return undefined
  }
}

/** Host and port of an API server’s address. */
export const serverOf = ({ server }: Cluster): { host: string; port: number } => {
  const { hostname, port, protocol } = new URL(server)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'http:' ? 80 : 443) }
}

/**
 * True where two ways to a cluster trust the same authority, which shows that they lead to the same cluster; false
 * where that cannot be told.
 */
export const sameAuthority = (one: Cluster, other: Cluster): boolean => {
  const [a, b] = [fingerprint(one), fingerprint(other)]
  return a !== undefined && a === b
}

const fingerprint = ({ caData }: Cluster): string | undefined => {
  try {
    return caData === undefined ? undefined : new X509Certificate(Buffer.from(caData, 'base64')).fingerprint256
  } catch {
    return undefined
  }
}
