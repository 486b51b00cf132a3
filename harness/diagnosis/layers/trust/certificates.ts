import type { X509Certificate } from 'node:crypto'
import type { V1Pod } from '@kubernetes/client-node'
import { MeshproofError, reasonOf } from '#errors.ts'
import { authorityIn, type Authority } from '#probes/cacerts.ts'
import { isReady } from '#kube/pods.ts'
import { certificatesIn, trustOf, type ProxyTrust } from '#probes/envoy.ts'
import { meshConfigOf } from '#probes/survey/mesh-config.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** What a cluster’s certificates are: of its authority, as handed out to namespaces, and of a few live proxies. */
export type Trust = {
  cluster: SurveyedCluster
  cacerts: Authority | undefined
  handedOut: X509Certificate[]
  /** Roots of others that the mesh config adds, where clusters with roots of their own exchange them. */
  exchanged: X509Certificate[]
  proxies: { name: string; trust: ProxyTrust }[]
  /** Proxies that did not answer, with what was said instead. */
  unread: string[]
}

/** Reads the certificates of a cluster. @throws MeshproofError when its secrets, ConfigMap or pods cannot be read. */
export const trustIn = async (cluster: SurveyedCluster): Promise<Trust> => {
  const [secrets, map, proxies, { caCertificates }] = await Promise.all([
    cluster.reads.secrets(),
    cluster.reads.configMap('istio-ca-root-cert'),
    cluster.reads.proxies(),
    meshConfigOf(cluster.reads),
  ])
  const data = secrets.find(({ metadata }) => metadata?.name === 'cacerts')?.data
  return {
    cluster,
    cacerts: data && authorityIn(data),
    handedOut: certificatesIn(map?.data?.['root-cert.pem'] ?? ''),
    exchanged: (caCertificates ?? []).flatMap(({ pem }) => certificatesIn(pem ?? '')),
    ...(await sampled(cluster, sampleOf(proxies))),
  }
}

/** What a sample of proxies trusts. A proxy that does not answer is listed as unread; the others are judged. */
const sampled = async (cluster: SurveyedCluster, pods: V1Pod[]): Promise<Pick<Trust, 'proxies' | 'unread'>> => {
  const proxies: Trust['proxies'] = []
  const unread: string[] = []
  await Promise.all(
    pods.map(async ({ metadata }) => {
      const [namespace, name] = [metadata?.namespace ?? '', metadata?.name ?? '']
      try {
        proxies.push({
          name: `${namespace}/${name}`,
          trust: await trustOf({ kube: cluster.kube, namespace, pod: name }),
        })
      } catch (error) {
        if (!(error instanceof MeshproofError)) throw error
        unread.push(`${cluster.name} ${namespace}/${name}: ${reasonOf(error)}`)
      }
    }),
  )
  return { proxies: proxies.sort((first, second) => first.name.localeCompare(second.name)), unread }
}

/** A few proxies stand for the rest: the two oldest, which a rotation may have missed, and the youngest. */
const sampleOf = (proxies: V1Pod[]): V1Pod[] => {
  const sorted = proxies
    .filter(isReady)
    .sort(
      (first, second) =>
        Number(first.metadata?.creationTimestamp ?? 0) - Number(second.metadata?.creationTimestamp ?? 0),
    )
  return [...new Set([...sorted.slice(0, 2), ...sorted.slice(-1)])]
}

/** A certificate’s subject, in one line. */
export const named = ({ subject }: X509Certificate): string => (subject ?? '').replaceAll('\n', ', ')

/** The beginning of a certificate’s fingerprint. */
export const short = ({ fingerprint256 }: X509Certificate): string => `${fingerprint256.slice(0, 11)}…`
