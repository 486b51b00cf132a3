import { checkCodes, diagnosisCodes } from '#codes/index.ts'
import { firstBroken } from './explain.ts'
import { causeOf, type MeshDiagnosis } from './mesh-diagnosis.ts'
import { meshLayers, type MeshLayer } from './mesh-layers.ts'
import { isOpenFailure, type CheckResult, type TopologyResult } from './results.ts'

/** A problem or a warning that the diagnosis of a mesh found. */
export type Finding = MeshDiagnosis['layers'][number]['findings'][number]

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
  if (!diagnosis || !checks.some(isOpenFailure)) return undefined
  const finding = causeOf(diagnosis) ?? tellingWarning(diagnosis)
  // A check below saw the network fail, and the diagnosis came too late for more than what followed.
  if (finding && isSymptom(finding) && firstBroken(checks)?.layer === 'network') return undefined
  return finding && { ...finding, layerName: meshLayers[finding.layer] }
}

/** Whether a finding says what is not as it should be, and no reason. */
const isSymptom = ({ code, cause }: Finding): boolean => {
  const entry = Object.entries(diagnosisCodes).find(([name]) => name === code)?.[1]
  return entry !== undefined && 'symptom' in entry && entry.cause === cause
}

/** The explanation of failed checks in a line: `explained by MP-887: CAUSE (WHERE)`; undefined where there is none. */
export const explainedBy = (topology: Pick<TopologyResult, 'checks' | 'diagnosis'>): string | undefined => {
  const explanation = explanationOf(topology)
  return explanation && `explained by ${explanation.code}: ${explanation.cause} (${explanation.where})`
}

const tellingWarning = ({ layers }: MeshDiagnosis): (Finding & { layer: MeshLayer }) | undefined =>
  layers
    .filter(({ layer }) => telling.includes(layer))
    .flatMap(({ layer, findings }) => findings.map((finding) => ({ ...finding, layer })))[0]

/** What is broken in a mesh after an upgrade that failed; undefined where nothing is, or there is no diagnosis. */
export const afterUpgrade = ({
  upgrade,
  diagnosis,
}: Pick<TopologyResult, 'upgrade' | 'diagnosis'>): Explanation | undefined => {
  const cause = upgrade && diagnosis && causeOf(diagnosis)
  return cause && { ...cause, layerName: meshLayers[cause.layer] }
}

/**
 * The problems and warnings that a diagnosis found in a mesh whose checks all passed: what hurts later. None for
 * an upgrade: its mesh is diagnosed only if the upgrade went wrong.
 */
export const laterTroubles = ({
  checks,
  diagnosis,
  upgrade,
}: Pick<TopologyResult, 'checks' | 'diagnosis' | 'upgrade'>): Finding[] =>
  diagnosis && !upgrade && !checks.some(({ verdict }) => verdict === 'fail')
    ? diagnosis.layers.flatMap(({ findings }) => findings.filter(({ followsFrom }) => followsFrom === undefined))
    : []

/**
 * The check to which a failure is narrowed that no layer of the mesh explains: the first one of the lowest layer that
 * failed. Undefined where something explains the failure, or there is no diagnosis. `isMeasured` says whether the check
 * itself explains it.
 */
export const narrowedTo = (topology: Pick<TopologyResult, 'checks' | 'diagnosis'>): CheckResult | undefined => {
  if (!topology.diagnosis || explanationOf(topology)) return undefined
  const broken = firstBroken(topology.checks)
  return broken && topology.checks.find(({ id, verdict }) => id === broken.check && verdict === 'fail')
}

/** Whether a failed check saw the cause itself, as an MTU that is too small: then nothing is left to be explained. */
export const isMeasured = ({ diagnosis }: CheckResult): boolean => {
  const entry = Object.entries(checkCodes).find(([name]) => name === diagnosis?.code)?.[1]
  return entry !== undefined && 'measured' in entry
}
