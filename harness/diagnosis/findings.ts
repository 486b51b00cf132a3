import { type CodeEntry, diagnosisCodes } from '#codes/index.ts'

/**
 * The layers in which a mesh is diagnosed, from the bottom. A finding is explained by a problem of a lower layer about
 * the same clusters.
 */
export const meshLayers = {
  api: 'API servers and versions',
  ranges: 'address ranges',
  networks: 'network labels',
  trust: 'trust roots',
  control: 'control plane and webhooks',
  secrets: 'remote secrets',
  sync: 'live sync',
  workloads: 'workloads',
  dns: 'names',
  services: 'services across clusters',
  gateways: 'gateways and the way to them',
  interception: 'interception by the sidecar',
  route: 'routes',
  endpoints: 'endpoints',
  transport: 'mutual TLS between client and server',
  server: 'what the server accepts',
  requests: 'requests',
} as const
export type MeshLayer = keyof typeof meshLayers

/** Something that can be wrong with a mesh, by its stable code. The bands of the codes are the layers. */
export type FindingCode = keyof typeof diagnosisCodes

/**
 * What a code of a diagnosis means. A warning explains what users see and breaks nothing. A symptom is what a cause
 * shows elsewhere: any other problem about the same clusters explains it. A latent problem shows nothing until
 * something restarts, so it explains nothing.
 */
export type FindingEntry = CodeEntry & { layer: MeshLayer; severity?: 'warning'; symptom?: true; latent?: true }

/** What can be wrong with a mesh. */
export const findings: Readonly<Record<FindingCode, FindingEntry>> = diagnosisCodes
