import { firstBroken } from './explain.ts'
import { causeOf, type MeshDiagnosis } from './mesh-diagnosis.ts'
import { meshLayers, type MeshLayer } from './mesh-layers.ts'
import type { CheckResult, TopologyResult } from './results.ts'

type Finding = MeshDiagnosis['layers'][number]['findings'][number]

/** What the diagnosis of a mesh says of its failed checks: the finding that explains them, and its layer. */
export type Explanation = Finding & { layer: MeshLayer; layerName: string }

/** Warnings that explain wrong answers: they break nothing, and a client sees less than it should. */
const telling: readonly MeshLayer[] = ['services', 'route', 'endpoints', 'server']

/**
 * Why the checks of a mesh failed, by the diagnosis that was made before the mesh went: its cause, else a warning that
 * explains what clients see. Undefined where no check failed, where none was made, or where it explains nothing.
 */
export const explanationOf = ({
  checks,
  diagnosis,
}: Pick<TopologyResult, 'checks' | 'diagnosis'>): Explanation | undefined => {
  if (!diagnosis || !checks.some(({ verdict }) => verdict === 'fail')) return undefined
  const finding = causeOf(diagnosis) ?? tellingWarning(diagnosis)
  return finding && { ...finding, layerName: meshLayers[finding.layer] }
}

const tellingWarning = ({ layers }: MeshDiagnosis): (Finding & { layer: MeshLayer }) | undefined =>
  layers
    .filter(({ layer }) => telling.includes(layer))
    .flatMap(({ layer, findings }) => findings.map((finding) => ({ ...finding, layer })))[0]

/** The problems and warnings that a diagnosis found in a mesh whose checks all passed: what hurts later. */
export const laterTroubles = ({ checks, diagnosis }: Pick<TopologyResult, 'checks' | 'diagnosis'>): Finding[] =>
  diagnosis && !checks.some(({ verdict }) => verdict === 'fail')
    ? diagnosis.layers.flatMap(({ findings }) => findings.filter(({ followsFrom }) => followsFrom === undefined))
    : []

/**
 * Where a failure was narrowed to that no layer of the mesh explains: the first check of the lowest layer that failed,
 * and where it asked. Undefined where something explains it, or where nobody looked.
 */
export const narrowedTo = (topology: Pick<TopologyResult, 'checks' | 'diagnosis'>): CheckResult | undefined => {
  if (!topology.diagnosis || explanationOf(topology)) return undefined
  const broken = firstBroken(topology.checks)
  return broken && topology.checks.find(({ id, verdict }) => id === broken.check && verdict === 'fail')
}
