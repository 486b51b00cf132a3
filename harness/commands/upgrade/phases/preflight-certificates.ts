import 'reflect-metadata'
import type { X509Certificate } from 'node:crypto'
import { KeyUsageFlags, KeyUsagesExtension, X509Certificate as Parsed } from '@peculiar/x509'
import type { Problem } from './preflight-problem.ts'

const hours = 60 * 60 * 1000

/**
 * How long a certificate of a workload lasts unless somebody asks for another time (istiod’s
 * DEFAULT_WORKLOAD_CERT_TTL). In milliseconds.
 */
const workloadLifetime = 24 * hours

/**
 * How long authorities must last after an upgrade begins. istiod ends a workload’s certificate with its
 * authority’s, so that all of them would end at once. An intermediate: one lifetime for what is signed during the
 * upgrade, and one to renew everything under the next intermediate. A root is replaced in three steps, each of which
 * must reach every workload: one lifetime each, and one for the upgrade.
 */
const bounds = {
  intermediate: {
    milliseconds: 2 * workloadLifetime,
    why: 'workloads get certificates of 24 h, and need as long again to be renewed under another intermediate',
  },
  root: {
    milliseconds: 4 * workloadLifetime,
    why:
      'a root is replaced in three steps of 24 h, the lifetime of a workload’s certificate, and the upgrade comes ' +
      'before',
  },
}

/**
 * What is wrong with the authorities of a cluster: intermediates and roots that end too soon to upgrade with, and
 * certificates that may not sign others, on which a new istiod refuses every request for a certificate or dies
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
            why: `${unfit}; a new istiod looks closer than an old one (istio/istio#42115)`,
            next: 'Make cacerts again: CA certificates with the key usage keyCertSign, the chain ending in the root.',
          },
        ]
      }
      return lifetimeProblems(certificate, where, now)
    },
  )

const unfitness = (certificate: X509Certificate): string | undefined => {
  const usages = new Parsed(certificate.raw).getExtension(KeyUsagesExtension)?.usages
  if (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0) return 'its key usage lacks keyCertSign'
  return certificate.ca ? undefined : 'it is no CA certificate'
}

const lifetimeProblems = (certificate: X509Certificate, where: string, now: Date): Problem[] => {
  if (certificate.validFromDate > now) {
    return [
      {
        code: 'MP-155',
        what: 'An authority is not valid yet',
        where,
        why: `it begins on ${certificate.validFromDate.toISOString()}`,
        next: 'Wait for it, or correct the clock it was made by.',
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
