import { causeOf, type MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { meshLayers } from '#results/mesh-layers.ts'
import { bounded, command, limited, listed, mostEvidence, row, text } from './github-text.ts'
import { duration } from './words.ts'

type Layer = MeshDiagnosis['layers'][number]
type Finding = Layer['findings'][number]

const verdictWords: Record<Layer['verdict'], string> = {
  healthy: '✓ healthy',
  broken: '✗ broken',
  'not-judged': '? not judged',
}

/** The verdict of a diagnosis, by its exit code. */
const headline = ({ exitCode }: MeshDiagnosis): string =>
  exitCode === 0
    ? '✓ meshproof: the mesh is healthy'
    : exitCode === 1
      ? '✗ meshproof: the mesh is broken'
      : '? meshproof: not everything was examined'

/**
 * Workflow commands for the diagnosis of a mesh: an error for each problem that no other explains, the cause first, and
 * a notice for each warning. There are no more of a kind than GitHub shows.
 */
export const diagnosisAnnotations = (diagnosis: MeshDiagnosis): string[] => {
  const cause = causeOf(diagnosis)
  const isCause = ({ code, where }: Finding): boolean => code === cause?.code && where === cause.where
  const found = diagnosis.layers.flatMap(({ layer, findings }) => findings.map((finding) => ({ layer, finding })))
  const annotated = (severity: Finding['severity']): string[] =>
    found
      .filter(({ finding }) => finding.severity === severity && finding.followsFrom === undefined)
      .toSorted((a, b) => Number(isCause(b.finding)) - Number(isCause(a.finding)))
      .map(({ layer, finding: { code, cause: why, where, evidence, fix } }) =>
        command(
          severity === 'problem' ? 'error' : 'notice',
          `${code} ${meshLayers[layer]}`,
          [`${why} (${where})`, ...evidence.slice(0, mostEvidence), `Next: ${fix}`].join('\n'),
        ),
      )
  return [...limited('error', annotated('problem'), 'the log'), ...limited('notice', annotated('warning'), 'the log')]
}

/** The step summary of a diagnosis in GitHub's Markdown, of at most `bytes` bytes: the cause, then every layer. */
export const diagnosisSummary = (diagnosis: MeshDiagnosis, bytes: number): string => {
  const { clusters, layers, seconds } = diagnosis
  const cause = causeOf(diagnosis)
  const examined = clusters.map(({ name, context, istio }) => `${text(name)} (${text(context)}), Istio ${text(istio)}`)
  return bounded(
    [
      `## ${headline(diagnosis)}`,
      '',
      ...(cause
        ? [
            '> [!CAUTION]',
            `> **first broken layer is ${text(meshLayers[cause.layer])}** (${cause.code})`,
            '>',
            `> ${text(cause.cause)} (${text(cause.where)})`,
            '>',
            ...listed(cause.evidence),
            `> Next step: <code>${text(cause.fix)}</code>`,
            '',
          ]
        : []),
      '| layer | verdict | |',
      '|---|---|---|',
      ...layers.map((layer) => row([text(meshLayers[layer.layer]), verdictWords[layer.verdict], text(saidOf(layer))])),
      '',
      `${examined.join('; ')}; ${duration(seconds)}`,
      '',
    ],
    bytes,
    'the log',
  )
}

const saidOf = ({ said, findings }: Layer): string =>
  [said, ...findings.map(({ code, cause, where }) => `${code} ${cause} (${where})`)].filter(Boolean).join('; ')
