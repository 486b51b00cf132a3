import { reasonOf } from '#errors.ts'

const unknownAuthority = 'x509: certificate signed by unknown authority'
const outOfTime = 'x509: certificate has expired or is not yet valid'

/** What Node says of a certificate, in the words of Go, which kubectl and istiod use. */
const certificateWords: Record<string, string> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  INVALID_CA: unknownAuthority,
  CERT_HAS_EXPIRED: outOfTime,
  CERT_NOT_YET_VALID: outOfTime,
}

type SystemError = Error & { code?: unknown; address?: string; port?: number; hostname?: string; reason?: string }

/**
 * Why a server could not be asked, as kubectl and istiod say it: the innermost error of what was thrown, in the words
 * of Go’s libraries where they have any.
 */
export const failureWords = (thrown: unknown): string => {
  const error = innermost(thrown)
  if (!(error instanceof Error)) return reasonOf(error)
  const { code, address = '', port, hostname = '', reason = '' } = error as SystemError
  const dialled = address ? `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port ?? ''}` : 'dial tcp'
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`
  if (code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: server misbehaving`
  if (code === 'ECONNREFUSED') return `${dialled}: connect: connection refused`
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH') return `${dialled}: connect: no route to host`
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return `${dialled}: i/o timeout`
  if (code === 'ECONNRESET') return 'connection reset by peer'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return otherName(reason || error.message)
  return certificateWords[String(code)] ?? reasonOf(error)
}

/** What Node says of a certificate by its code, in the words of Go; undefined for a code of something else. */
export const wordsOfCertificate = (code: string): string | undefined => certificateWords[code]

const innermost = (thrown: unknown): unknown => {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return innermost(thrown.errors[0])
  return thrown instanceof Error && thrown.cause !== undefined ? innermost(thrown.cause) : thrown
}

// “Host: a. is not in the cert's altnames: DNS:b, IP Address:10.0.0.1”
const otherName = (reason: string): string => {
  const [, host = '', names = ''] =
    /(?:Host|IP): (\S+?)\.? is not (?:in the cert's (?:altnames|list):?|cert's CN:) ?(.*)/.exec(reason) ?? []
  const valid = names.replaceAll(/(DNS|IP Address|IP):/g, '').trim()
  return host === '' ? `x509: ${reason}` : `x509: certificate is valid for ${valid || 'no name'}, not ${host}`
}
