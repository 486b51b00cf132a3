import { type CodeEntry, diagnosisCodes } from '#codes/index.ts'
import type { MeshLayer } from '#results/mesh-layers.ts'

/** Something that can be wrong with a mesh, by its stable code. The bands of the codes are the layers. */
export type FindingCode = keyof typeof diagnosisCodes

/**
 * What a code of a diagnosis means. A warning explains what users see and breaks nothing. A symptom is what a cause
 * shows elsewhere: any other problem about the same clusters explains it. A latent problem shows nothing until
 * something restarts, so it explains nothing.
 */
export type FindingEntry = CodeEntry & { layer: MeshLayer; severity?: 'warning'; symptom?: true; latent?: true }

/** Every code of a diagnosis, with its meaning. */
export const findings: Readonly<Record<FindingCode, FindingEntry>> = diagnosisCodes
