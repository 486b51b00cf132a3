import type { X509Certificate } from 'node:crypto'
import { MeshproofError } from '#errors.ts'
import { endOf } from '#istio/credential-life.ts'
import { remoteEntries } from '#probes/survey/remote-secrets.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import type { CertificateEnd } from '#results/certificate-end.ts'
import { trustIn } from './layers/trust/certificates.ts'

/**
 * When the certificates of a mesh end: roots, intermediates, those of a few proxies of each cluster, and the
 * credentials of remote secrets. Of several in one place it is the first end. What cannot be read, or never ends, is
 * left out; the layers of the diagnosis say what could not be read.
 */
export const certificateEnds = async ({ clusters }: Survey): Promise<CertificateEnd[]> => {
  const ends = await Promise.all(clusters.flatMap((cluster) => [trustEnds(cluster), remoteSecretEnds(cluster)]))
  const first = new Map<string, CertificateEnd>()
  for (const end of ends.flat()) {
    const key = JSON.stringify([end.cluster, end.kind, end.where])
    const earlier = first.get(key)
    if (!earlier || end.at < earlier.at) first.set(key, end)
  }
  return [...first.values()]
}

const trustEnds = async (cluster: SurveyedCluster): Promise<CertificateEnd[]> => {
  const trust = await readable(trustIn(cluster))
  if (!trust) return []
  const { cacerts, handedOut, proxies } = trust
  const ends = (
    kind: CertificateEnd['kind'],
    where: string,
    certificates: (X509Certificate | undefined)[],
  ): CertificateEnd[] =>
    certificates.flatMap((certificate) =>
      certificate ? [{ cluster: cluster.name, kind, where, at: Date.parse(certificate.validTo) }] : [],
    )
  return [
    ...(cacerts
      ? [...ends('root', 'cacerts', cacerts.roots), ...ends('intermediate', 'cacerts', [cacerts.intermediate])]
      : ends('root', 'istio-ca-root-cert', handedOut)),
    ...ends(
      'workload',
      'proxies',
      proxies.map(({ trust: { chain } }) => chain[0]),
    ),
  ]
}

const remoteSecretEnds = async (cluster: SurveyedCluster): Promise<CertificateEnd[]> =>
  remoteEntries((await readable(cluster.reads.secrets())) ?? []).flatMap(({ secret, access }) => {
    const end = access && endOf(access.credentials)
    return end ? [{ cluster: cluster.name, kind: 'remote-secret', where: secret, at: end.at }] : []
  })

const readable = async <Content>(reading: Promise<Content>): Promise<Content | undefined> => {
  try {
    return await reading
  } catch (error) {
    if (error instanceof MeshproofError) return undefined
    throw error
  }
}
