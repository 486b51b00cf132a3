import type { V1Secret } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { z } from 'zod'
import { certificatesIn } from '#probes/envoy.ts'

const Kubeconfig = z.object({
  clusters: z.array(z.object({ name: z.string(), cluster: z.object({ server: z.string() }) })),
})

/**
 * What a bundle may hold of a secret: its name, labels and keys; the subjects of certificates in it, and the servers of
 * kubeconfigs in it. It never holds a value.
 */
export const described = ({ metadata, type, data = {} }: V1Secret): object => ({
  name: metadata?.name,
  namespace: metadata?.namespace,
  type,
  labels: metadata?.labels,
  keys: Object.entries(data).map(([key, encoded]) => {
    const value = Buffer.from(encoded, 'base64')
    return { key, bytes: value.length, ...certificates(value.toString()), ...servers(value.toString()) }
  }),
})

/**
 * The values of secrets that no file of a bundle may contain. Public values (certificates, names), and values that are
 * too short to search for, are left out.
 */
export const secretValues = (secrets: V1Secret[]): string[] => [
  ...new Set(
    secrets.flatMap(({ data = {} }) =>
      Object.entries(data).flatMap(([key, encoded]) => {
        const value = Buffer.from(encoded, 'base64').toString().trim()
        return key !== 'namespace' && /^\S{16,}$/.test(value) ? [value] : []
      }),
    ),
  ),
]

const certificates = (text: string): object => {
  if (!text.includes('BEGIN CERTIFICATE')) return {}
  const readable = certificatesIn(text)
  if (readable.length === 0) return { certificates: 'cannot be read' }
  return {
    certificates: readable.map(({ subject, issuer, fingerprint256, validFromDate, validToDate }) => ({
      subject: inOneLine(subject),
      issuer: inOneLine(issuer),
      fingerprint: fingerprint256,
      from: validFromDate,
      to: validToDate,
    })),
  }
}

const inOneLine = (name: string): string => name.split('\n').join(', ')

const servers = (text: string): object => {
  if (!text.includes('clusters:')) return {}
  try {
    const read = Kubeconfig.safeParse(parse(text))
    return read.success
      ? { servers: read.data.clusters.map(({ name, cluster: { server } }) => ({ cluster: name, server })) }
      : {}
  } catch {
    return { servers: 'cannot be read' }
  }
}
