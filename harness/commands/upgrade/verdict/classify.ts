import type { Sample } from '#commands/upgrade/traffic/probing.ts'
import type { LossClass, Probe } from '#results/results.ts'

/** The outcome of a request: `answered` as the probe expects, `wrong`, or the class of the loss. */
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
 * The outcome of a request of a probe. A probe that expects answers must get them from the version of its target
 * cluster; a probe outside the mesh accepts any version. For a probe that expects refusal, an answer is `wrong`, and
 * `answered` means that the request was refused as expected: 403 for another identity, 503 for a subset that does not
 * exist, a closed connection for plaintext. Any other failure of such a probe is a loss and proves nothing.
 */
export const classify = (sample: Sample, probe: Probe, versionOf: VersionOf): Outcome =>
  probe.expects === 'refusal' ? refused(sample, probe) : answered(sample, probe, versionOf)

const answered = (sample: Sample, { kind, to }: Probe, versionOf: VersionOf): Outcome => {
  // A sample of a stream with an error is the end of an answer, whatever its status.
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
  // A proxy whose handshake fails reports UF, as for a closed port. Only its message shows that TLS failed.
  if (/TLS_error|CERTIFICATE_|certificate verify failed/i.test(error)) return 'tls'
  const flag = flags.split(',').find((candidate) => candidate in flagged)
  return (flag === undefined ? undefined : flagged[flag]) ?? (status >= 500 ? 'other-5xx' : exits[exit]) ?? 'other'
}
