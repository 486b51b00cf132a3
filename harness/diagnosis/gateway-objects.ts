import { z } from 'zod'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

const Gateway = z.object({
  selector: z.record(z.string(), z.string()).default({}),
  servers: z
    .array(
      z.object({
        port: z.object({ number: z.number() }).optional(),
        hosts: z.array(z.string()).default([]),
        tls: z.object({ mode: z.string().optional() }).optional(),
      }),
    )
    .default([]),
})

/** A server of an Istio Gateway: the object, which pods it is for, and what it says of one port. */
export type GatewayServer = {
  /** `Gateway namespace/name`. */
  object: string
  namespace: string
  name: string
  selector: Record<string, string>
  hosts: string[]
  /** Its TLS mode; empty where it names none. */
  mode: string
  /** When the object was created (ISO 8601); empty where the API server does not say. */
  created: string
}

/** The servers of a port in all Gateways that a control plane reads. */
export const gatewayServersAt = async (reader: SurveyedCluster, port: number): Promise<GatewayServer[]> =>
  (await reader.reads.istio('Gateway')).flatMap((object) => {
    const { namespace = '', name = '', creationTimestamp } = object.metadata ?? {}
    const created = creationTimestamp === undefined ? '' : new Date(creationTimestamp).toISOString()
    const { selector = {}, servers = [] } = Gateway.safeParse(object['spec']).data ?? {}
    return servers
      .filter((server) => server.port?.number === port)
      .map(({ hosts, tls }) => ({
        object: `Gateway ${namespace}/${name}`,
        namespace,
        name,
        selector,
        hosts,
        mode: tls?.mode ?? '',
        created,
      }))
  })

/** Whether a Gateway is for a pod with these labels. */
export const isFor = ({ selector }: GatewayServer, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value)

/** A server in words: `Gateway istio-system/cross-network-gateway (AUTO_PASSTHROUGH, hosts *.local)`. */
export const inWords = ({ object, mode, hosts }: GatewayServer): string =>
  `${object} (${mode || 'no TLS mode'}, hosts ${hosts.join(', ') || 'none'})`

/** Labels that a Gateway selects, in words. */
export const selectorOf = ({ selector }: GatewayServer): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ') || 'every pod'
