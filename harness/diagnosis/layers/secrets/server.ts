import { MeshproofError } from '#errors.ts'
import type { Finding } from '#diagnosis/layer.ts'
import { vantagePlace } from '#diagnosis/places.ts'
import { dialFrom, isLimited } from '#diagnosis/vantage.ts'
import { handshake, type Handshake } from '#probes/remote-server.ts'
import { addressOf, isLoopback, type RemoteAccess } from '#istio/remote-kubeconfig.ts'
import { authorityOf, type Entry } from './credentials.ts'

/** What a remote secret’s server came to; `shaken` is the handshake from here, where there was one. */
export type Server = { findings: Finding[]; notes: string[]; shaken?: Handshake }

/** Whether istiod’s pods reach the server, and whether it presents the certificate that the secret expects. */
export const lookAtServer = async (entry: Entry, synced: boolean | undefined): Promise<Server> => {
  const { access, where, again, primary, cluster } = entry
  const { host, port } = addressOf(access.server)
  const elsewhere = again.replace(/( --server=\S+)? \| /, ' --server=https://ADDRESS:PORT | ')
  const clusters = [primary.name, cluster.name]
  if (isLoopback(host)) {
    const evidence = [`server ${access.server.host}`]
    return { findings: [{ code: 'MP-862', where, evidence, clusters, fix: elsewhere }], notes: [] }
  }
  if (access.unused.includes('proxy-url'))
    return {
      findings: [],
      notes: [`${where}: istiod reaches ${host}:${port} through a proxy, which is not used from here`],
    }
  const [dialled, shaken] = await Promise.all([
    reachedFrom(entry, host, port, synced),
    access.server.protocol === 'https:' && !access.authorityFile ? handshake(access) : undefined,
  ])
  if (typeof dialled !== 'string')
    return { findings: [{ code: 'MP-863', where, evidence: dialled, clusters, fix: elsewhere }], notes: [] }
  const notes = dialled === '' ? [] : [dialled]
  if (!shaken?.reached || shaken.why === undefined || access.unverified)
    return { findings: [], notes, ...(shaken ? { shaken } : {}) }
  const { finding, proven } = await wrongCertificate(entry, shaken, shaken.why)
  if (proven || synced !== true) return { findings: [finding], notes, shaken }
  // Between here and there may be a proxy that presents a certificate of its own, which istiod does not meet.
  const note = `${where}: ${finding.evidence.join('; ')}; istiod has the cluster synced`
  return { findings: [], notes: [...notes, note], shaken }
}

/**
 * A certificate that the secret does not verify; `proven` where it is the API server’s own: by the authority of the
 * context, or because only its name is wrong.
 */
export const wrongCertificate = async (
  { access, cluster, primary, where, again }: Entry,
  { presented }: Extract<Handshake, { reached: true }>,
  why: string,
): Promise<{ finding: Finding; proven: boolean }> => {
  const named = why.startsWith('x509: certificate is valid for')
  const context = cluster.kube.config.getCurrentCluster()
  const shaken = context && !named ? await handshake({ ...access, authority: authorityOf(context) }) : undefined
  const verified = shaken?.reached === true && shaken.why === undefined
  const { host, port } = addressOf(access.server)
  const evidence = [
    `${host}:${port} answers from here: ${why}`,
    ...(presented
      ? [`it presents ${presented.subject}, issued by ${presented.issuer}, ${presented.fingerprint.slice(0, 23)}…`]
      : []),
    named ? `the secret expects ${access.serverName ?? host}` : authorityWords(access),
    ...(verified ? [`the authority of context ${cluster.context} does`] : []),
  ]
  const clusters = [primary.name, cluster.name]
  return { finding: { code: 'MP-691', where, evidence, clusters, fix: again }, proven: named || verified }
}

const authorityWords = ({ authority }: RemoteAccess): string =>
  authority === undefined
    ? 'the secret has no certificate-authority-data to verify it by'
    : 'the secret’s certificate-authority-data does not verify it'

/** What shows that the server cannot be reached from beside istiod; a note, or nothing, where that is not shown. */
const reachedFrom = async (
  { primary, where }: Entry,
  host: string,
  port: number,
  synced: boolean | undefined,
): Promise<string[] | string> => {
  try {
    const { open, to, said, vantage } = await dialFrom(primary, host, port)
    if (open) return ''
    const line = `${vantagePlace(vantage, primary)} → ${to}: ${said}`
    return synced === true && (await isLimited(primary))
      ? `${where}: ${line}; NetworkPolicies limit every pod that could dial, and istiod has the cluster synced`
      : [line]
  } catch (error) {
    if (!(error instanceof MeshproofError)) throw error
    return `${where}: ${host}:${port} is not dialled from ${primary.name}: ${error.message}`
  }
}
