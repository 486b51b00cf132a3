import type { X509Certificate } from 'node:crypto'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { signingRoots } from '#probes/cacerts.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { named, short, type Trust } from './certificates.ts'

/** The roots of a cluster’s authority; without cacerts those that it hands out. */
export const rootsOf = ({ cacerts, handedOut }: Trust): X509Certificate[] => cacerts?.roots ?? handedOut

/** Certificates that somebody trusts, and where they are. */
type Bundle = { where: string; roots: X509Certificate[]; cluster: SurveyedCluster }

/**
 * Clusters whose certificates others cannot verify. Every proxy must trust the root of every cluster’s authority. In
 * most meshes that is one root; clusters may also exchange their roots by `caCertificates` of the mesh config.
 */
export const rootsApart = (trusts: Trust[]): Finding[] => {
  const authorities = trusts
    .map((candidate): Bundle => ({
      where: `${candidate.cluster.name} ${candidate.cacerts ? 'cacerts' : 'istio-ca-root-cert'}`,
      roots: rootsOf(candidate),
      cluster: candidate.cluster,
    }))
    .filter(({ roots }) => roots.length > 0)
  const proxies = trusts.flatMap(({ cluster, proxies: sample }) =>
    sample
      .filter(({ trust }) => trust.roots.length > 0)
      .map(({ name, trust }): Bundle => ({ where: `${cluster.name} ${name}`, roots: trust.roots, cluster })),
  )
  const trusting = trusts.flatMap((candidate): Bundle[] => {
    const own = proxies.filter(({ cluster }) => cluster === candidate.cluster)
    // Where no proxy was read, the cluster’s configuration says what they trust.
    const configured = [...rootsOf(candidate), ...candidate.exchanged]
    return own.length > 0
      ? own
      : configured.length > 0
        ? [{ where: '', roots: configured, cluster: candidate.cluster }]
        : []
  })
  const stranger = trusts.find((candidate) => {
    const roots = candidate.cacerts ? signingRoots(candidate.cacerts) : candidate.handedOut
    return roots.length > 0 && trusting.some((bundle) => !roots.some((root) => holds(bundle, root)))
  })
  if (!stranger) return []
  const bundles = [...authorities, ...proxies]
  return [
    {
      code: 'MP-841',
      where: [...new Set(bundles.map(({ cluster }) => cluster.name))].join(', '),
      evidence: bundles.map(
        ({ where, roots }) => `${where}: ${roots.map((root) => `${named(root)} ${short(root)}`).join(', ')}`,
      ),
      fix: kubectl(
        stranger.cluster,
        `-n ${stranger.cluster.istioNamespace} get secret cacerts -o jsonpath="{.data.root-cert\\.pem}" | ` +
          'base64 -d | openssl x509 -noout -fingerprint -sha256',
      ),
    },
  ]
}

const holds = ({ roots }: Bundle, { fingerprint256 }: X509Certificate): boolean =>
  roots.some((root) => root.fingerprint256 === fingerprint256)
