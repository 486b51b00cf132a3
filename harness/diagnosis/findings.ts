import { type CodeEntry, diagnosisCodes } from '#codes/index.ts'

/**
 * The layers in which an existing mesh is diagnosed, from the bottom: what is built on a broken one cannot be judged.
 */
export const meshLayers = {
  api: 'API servers and versions',
  ranges: 'address ranges',
  networks: 'network labels',
  trust: 'trust roots',
  control: 'control plane and webhooks',
  secrets: 'remote secrets',
  sync: 'live sync',
  gateways: 'gateways',
  endpoints: 'endpoints',
  services: 'services across clusters',
  requests: 'requests',
} as const
export type MeshLayer = keyof typeof meshLayers

/** Something that can be wrong with an existing mesh, by its stable code. The bands of the codes are the layers. */
export type FindingCode = keyof typeof diagnosisCodes

/** What a code of a diagnosis means. A warning explains what users see and breaks nothing. */
export type FindingEntry = CodeEntry & { layer: MeshLayer; severity?: 'warning' }

/** What can be wrong with an existing mesh. */
export const findings: Readonly<Record<FindingCode, FindingEntry>> = diagnosisCodes
