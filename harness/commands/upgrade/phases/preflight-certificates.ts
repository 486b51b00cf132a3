import 'reflect-metadata'
import type { X509Certificate } from 'node:crypto'
import { KeyUsageFlags, KeyUsagesExtension, X509Certificate as Parsed } from '@peculiar/x509'
import type { Problem } from './preflight-problem.ts'

const hours = 60 * 60 * 1000

/**
 * The default lifetime of a workload’s certificate (istiod’s DEFAULT_WORKLOAD_CERT_TTL), in milliseconds.
 */
const workloadLifetime = 24 * hours

/**
 * How long authorities must be valid after an upgrade begins. No certificate of a workload outlives its authority, so
 * all of them would expire at once. An intermediate must last for two lifetimes of a workload’s certificate: one for
 * the certificates that are signed during the upgrade, and one to renew them under the next intermediate. A root must
 * last for four: its replacement takes three steps, each of which must reach every workload, and the upgrade comes
 * before.
 */
const bounds = {
  intermediate: {
    milliseconds: 2 * workloadLifetime,
    why: 'the certificates of workloads last 24 h, and take 24 h more to be renewed under another intermediate',
  },
  root: {
    milliseconds: 4 * workloadLifetime,
    why:
      'a root is replaced in three steps of 24 h, the lifetime of a workload’s certificate, after the 24 h of the ' +
      'upgrade',
  },
}

/**
 * The problems of a cluster’s authorities: intermediates and roots that expire too soon for an upgrade, and
 * certificates that may not sign others. With these a new istiod refuses every request for a certificate, or crashes
 * (istio/istio#42115).
 */
export const certificateProblems = (cluster: string, certificates: X509Certificate[], now: Date): Problem[] =>
  [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()].flatMap(
    (certificate) => {
      const where = `${cluster}, ${certificate.subject.replaceAll('\n', ', ')}`
      const unfit = unfitness(certificate)
      if (unfit !== undefined) {
        return [
          {
            code: 'MP-156',
            what: 'A certificate among the authorities may not sign others',
            where,
            why: `${unfit}; a new istiod is stricter than an old one (istio/istio#42115)`,
            next:
              'Create cacerts again: CA certificates with the key usage keyCertSign, and a chain that ends in the ' +
              'root.',
          },
        ]
      }
      return lifetimeProblems(certificate, where, now)
    },
  )

const unfitness = (certificate: X509Certificate): string | undefined => {
  const usages = new Parsed(certificate.raw).getExtension(KeyUsagesExtension)?.usages
  if (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0) return 'its key usage lacks keyCertSign'
  return certificate.ca ? undefined : 'it is not a CA certificate'
}

const lifetimeProblems = (certificate: X509Certificate, where: string, now: Date): Problem[] => {
  if (certificate.validFromDate > now) {
    return [
      {
        code: 'MP-155',
        what: 'An authority is not valid yet',
        where,
        why: `it begins on ${certificate.validFromDate.toISOString()}`,
        next: 'Wait until it is valid, or correct the clock of the machine that created it.',
      },
    ]
  }
  const kind = certificate.checkIssued(certificate) ? 'root' : 'intermediate'
  const { milliseconds, why } = bounds[kind]
  const left = certificate.validToDate.getTime() - now.getTime()
  if (left >= milliseconds) return []
  const ends = left <= 0 ? 'it ended' : `it has ${Math.floor(left / hours)} h left and ends`
  return [
    {
      code: 'MP-155',
      what: `The ${kind} ends too soon to upgrade with`,
      where,
      why: `${ends} on ${certificate.validToDate.toISOString()}, and must last ${milliseconds / hours} h: ${why}`,
      next:
        kind === 'root'
          ? 'Rotate the root in its three steps first, then upgrade.'
          : 'Replace the intermediate in cacerts, restart istiod and the workloads, then upgrade.',
    },
  ]
}
