import type { X509Certificate } from 'node:crypto'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { leadsTo } from '#probes/cacerts.ts'
import { named, type Trust } from './certificates.ts'

/** What is wrong with a cluster’s own authority: it has expired, or its parts do not fit together. */
export const brokenCacerts = ({ cluster, cacerts }: Trust): Finding[] => {
  if (!cacerts) return []
  const { intermediate, chain, roots, ownsKey } = cacerts
  const fix = kubectl(
    cluster,
    `-n ${cluster.istioNamespace} get secret cacerts -o jsonpath="{.data.ca-cert\\.pem}" | base64 -d | ` +
      'openssl x509 -noout -subject -issuer -dates',
  )
  const isLive = ({ validTo }: X509Certificate): boolean => new Date(validTo) >= new Date()
  // A root that has ended may stay in the bundle after a rotation, as long as another one verifies the authority.
  const needed = intermediate && leadsTo(intermediate, chain, roots.filter(isLive)) ? [] : roots
  const expired = [intermediate, ...needed].flatMap((certificate) =>
    certificate && !isLive(certificate) ? [`${named(certificate)} expired on ${certificate.validTo}`] : [],
  )
  if (expired.length > 0) return [{ code: 'MP-845', where: cluster.name, evidence: expired, fix }]
  const wrong = [
    ...(intermediate === undefined ? ['ca-cert.pem holds no certificate'] : []),
    ...(roots.length === 0 ? ['root-cert.pem holds no certificate'] : []),
    ...(intermediate && roots.length > 0 && !leadsTo(intermediate, chain, roots)
      ? [`root-cert.pem (${roots.map(named).join(', ')}) does not verify ca-cert.pem (${named(intermediate)})`]
      : []),
    ...(intermediate && chain.length > 0 && !chain.some((part) => part.fingerprint256 === intermediate.fingerprint256)
      ? ['cert-chain.pem does not contain ca-cert.pem']
      : []),
    ...(intermediate && !ownsKey ? ['ca-key.pem is not the key of ca-cert.pem'] : []),
  ]
  return wrong.length === 0 ? [] : [{ code: 'MP-844', where: cluster.name, evidence: wrong, fix }]
}

/** Milliseconds in a day, and the days before its end in which an authority is worth a word. */
const day = 24 * 60 * 60 * 1000
const soon = 30

/** Authorities whose end is near, measured by their own lifetime too: some are renewed every month. */
export const endingSoon = ({ cluster, cacerts }: Trust): Finding[] => {
  const ending = [cacerts?.intermediate, ...(cacerts?.roots ?? [])].flatMap((certificate) => {
    if (!certificate) return []
    const [from, until] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
    const left = until - Date.now()
    // What has ended is no matter of time any more.
    return left > 0 && left < soon * day && left < (until - from) / 4
      ? [`${named(certificate)} ends on ${certificate.validTo}, in ${Math.floor(left / day)} days`]
      : []
  })
  return ending.length === 0
    ? []
    : [
        {
          code: 'MP-846',
          where: cluster.name,
          evidence: ending,
          fix: kubectl(
            cluster,
            `-n ${cluster.istioNamespace} get secret cacerts -o jsonpath="{.data.ca-cert\\.pem}" | base64 -d | ` +
              'openssl x509 -noout -subject -dates',
          ),
          clusters: [cluster.name],
        },
      ]
}
