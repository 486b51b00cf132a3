import type { Sample } from '#commands/upgrade/traffic/probing.ts'
import type { LossClass, Probe } from '#results/results.ts'

/** What became of a request: what the probe expects, an answer that must not be, or why there was none. */
export type Outcome = 'answered' | 'wrong' | LossClass

/** The version that each cluster’s workload answers with. */
export type VersionOf = Readonly<Record<string, string>>

// Envoy’s response flags (envoyproxy.io, “Access logging”): UT is its own timeout, UR a reset by the other side.
const flagged: Record<string, LossClass> = {
  UF: 'UF',
  UH: 'UH',
  UO: 'UO',
  UC: 'UC',
  NR: 'NR',
  NC: 'NC',
  UT: 'timeout',
  UR: 'reset',
}
// curl’s exit codes (curl.se, “Exit codes”).
const exits: Record<number, LossClass> = {
  6: 'dns',
  7: 'refused',
  16: 'reset',
  18: 'reset',
  28: 'timeout',
  35: 'tls',
  51: 'tls',
  52: 'reset',
  55: 'reset',
  56: 'reset',
  58: 'tls',
  60: 'tls',
  92: 'reset',
}

/**
 * What became of a request of a probe. Who expects answers gets them from the version of the cluster that is asked; a
 * probe outside the mesh takes any. For one that expects refusal an answer is `wrong`, and `answered` means refused in
 * the way that it expects: 403 for another identity, 503 for a subset that does not exist, a connection that is closed
 * for plaintext. Whatever else keeps it from an answer is a loss that proves nothing.
 */
export const classify = (sample: Sample, probe: Probe, versionOf: VersionOf): Outcome =>
  probe.expects === 'refusal' ? refused(sample, probe) : answered(sample, probe, versionOf)

const answered = (sample: Sample, { kind, to }: Probe, versionOf: VersionOf): Outcome => {
  // Of a long answer, what has words is its end, however it ended.
  if (sample.exit !== 0 || sample.status < 200 || sample.status > 299 || (kind === 'stream' && sample.error !== ''))
    return lossOf(sample)
  return kind === 'outside' || sample.version === versionOf[to] ? 'answered' : 'wrong'
}

const refused = (sample: Sample, { kind }: Probe): Outcome => {
  const { status } = sample
  if (kind === 'plaintext') {
    const loss = lossOf(sample)
    return status > 0 ? 'wrong' : ['dns', 'timeout', 'refused'].includes(loss) ? loss : 'answered'
  }
  if (status === (kind === 'wrong-identity' ? 403 : 503)) return 'answered'
  return status > 0 && status < 500 ? 'wrong' : lossOf(sample)
}

const lossOf = ({ status, exit, flags, error }: Sample): LossClass => {
  // A proxy whose handshake fails says UF; what it adds in words tells trust from a closed port.
  if (/TLS_error|CERTIFICATE_|certificate verify failed/i.test(error)) return 'tls'
  const flag = flags.split(',').find((one) => one in flagged)
  return (flag === undefined ? undefined : flagged[flag]) ?? (status >= 500 ? 'other-5xx' : exits[exit]) ?? 'other'
}
