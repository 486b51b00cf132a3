import type { AccessLine } from '#probes/envoy.ts'

/**
 * What became of requests that a client sent to a service: the lines that its own proxy and those of the servers wrote
 * about them. `path` is the path as it was sent.
 */
export type RequestAccount = {
  from: string
  host: string
  path: string
  /** How many requests got an answer, by the client’s own word. */
  answered: number
  client: { namespace: string; selector: string; lines: AccessLine[] }
  servers: { cluster: string; namespace: string; selector: string; lines: AccessLine[] }[]
}
