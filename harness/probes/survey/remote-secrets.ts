import { X509Certificate } from 'node:crypto'
import type { V1Secret } from '@kubernetes/client-node'
import { readRemoteKubeconfig, type RemoteAccess } from '#istio/remote-kubeconfig.ts'

/**
 * One entry of a remote secret: a kubeconfig for the cluster that its key names, or why istiod can use none of it.
 * `created` is when the secret was made, to the second (`2026-01-01T00:00:00`).
 */
export type RemoteEntry = { secret: string; key: string; labelled: boolean; created?: string } & (
  { access: RemoteAccess; malformed?: undefined } | { access?: undefined; malformed: string }
)

/** The remote secrets among secrets of the root namespace: those labelled as such, and those that istioctl named. */
export const remoteEntries = (secrets: V1Secret[]): RemoteEntry[] =>
  secrets.flatMap(({ metadata, data }) => {
    const labelled = metadata?.labels?.['istio/multiCluster'] === 'true'
    const secret = metadata?.name ?? ''
    if (!labelled && !secret.startsWith('istio-remote-secret-')) return []
    return Object.entries(data ?? {}).map(([key, encoded]): RemoteEntry => {
      const read = readRemoteKubeconfig(Buffer.from(encoded, 'base64').toString())
      const { creationTimestamp } = metadata ?? {}
      const created = creationTimestamp ? { created: new Date(creationTimestamp).toISOString().slice(0, 19) } : {}
      return { secret, key, labelled, ...created, ...('malformed' in read ? read : { access: read }) }
    })
  })

/**
 * True where two ways to a cluster share an authority, which shows that they lead to the same cluster; false where they
 * do not, or one of them states none. Both in PEM.
 */
export const sameAuthority = (first: string | undefined, second: string | undefined): boolean => {
  const known = new Set(fingerprints(second))
  return fingerprints(first).some((fingerprint) => known.has(fingerprint))
}

const fingerprints = (authority = ''): string[] =>
  (authority.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []).flatMap((certificate) => {
    try {
      return [new X509Certificate(certificate).fingerprint256]
    } catch {
      return []
    }
  })
