import { createPrivateKey, type X509Certificate } from 'node:crypto'
import { certificatesIn } from './envoy.ts'

/** The certificate authority that the secret `cacerts` gives a control plane. */
export type Authority = {
  /** What signs workloads: an intermediate, or in a small mesh the root itself. Undefined where it cannot be read. */
  intermediate: X509Certificate | undefined
  chain: X509Certificate[]
  /** What it tells workloads to trust. During a rotation these are several. */
  roots: X509Certificate[]
  ownsKey: boolean
}

/**
 * The authority in the data of a secret, under the names of Istio’s own tools or under those of a TLS secret, which
 * istiod takes as well (what cert-manager writes).
 */
export const authorityIn = (data: Record<string, string>): Authority => {
  const names = data['tls.crt'] === undefined ? istioNames : tlsNames
  const text = (key: keyof typeof istioNames): string => Buffer.from(data[names[key]] ?? '', 'base64').toString()
  const [intermediate] = certificatesIn(text('certificate'))
  const ownsKey = ((): boolean => {
    try {
      return intermediate?.checkPrivateKey(createPrivateKey(text('key'))) ?? false
    } catch {
      return false
    }
  })()
  return { intermediate, chain: certificatesIn(text('chain')), roots: certificatesIn(text('root')), ownsKey }
}

const istioNames = { certificate: 'ca-cert.pem', key: 'ca-key.pem', chain: 'cert-chain.pem', root: 'root-cert.pem' }
const tlsNames: typeof istioNames = { certificate: 'tls.crt', key: 'tls.key', chain: 'tls.crt', root: 'ca.crt' }

/** The roots that verify what an authority signs: of several, those that its own certificate leads to. */
export const signingRoots = ({ intermediate, chain, roots }: Authority): X509Certificate[] =>
  intermediate ? roots.filter((root) => leadsTo(intermediate, chain, [root])) : []

/** Whether a certificate is signed by a root, or by another of its chain that leads to one: three tiers and more. */
export const leadsTo = (
  certificate: X509Certificate,
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): boolean => {
  if (roots.some((root) => certificate.verify(root.publicKey))) return true
  const issuer = chain.find(
    (candidate) => candidate.fingerprint256 !== certificate.fingerprint256 && certificate.verify(candidate.publicKey),
  )
  return (
    issuer !== undefined &&
    leadsTo(
      issuer,
      chain.filter((other) => other !== issuer),
      roots,
    )
  )
}
