import { type MeshDiagnosis, causeOf, withoutProbe } from '#results/mesh-diagnosis.ts'
import { meshLayers } from '#results/mesh-layers.ts'
import { inOneLine } from '#results/text.ts'

type LayerResult = MeshDiagnosis['layers'][number]
type Finding = LayerResult['findings'][number]

const marks = { healthy: '✓', broken: '✗', 'not-judged': '?' } as const

/**
 * One layer, in lines: what it rests on, what is wrong with the evidence for it, or why it was not judged. What another
 * problem explains takes one line.
 */
export const layerLines = ({ layer, verdict, said, notes = [], findings }: LayerResult): string[] => [
  [
    `${marks[verdict]} ${meshLayers[layer]}`,
    ...(said ? [inOneLine(verdict === 'not-judged' ? `not judged because ${said}` : said)] : []),
  ].join('  '),
  ...notes.map((note) => `    note: ${inOneLine(note)}`),
  ...findings.filter(({ followsFrom }) => followsFrom === undefined).flatMap(findingLines),
  ...findings.filter(({ followsFrom }) => followsFrom !== undefined).map(consequenceLine),
]

const findingLines = ({ code, severity, cause, where, evidence, fix }: Finding): string[] => [
  `    ${code}  ${severity === 'warning' ? 'warning: ' : ''}${inOneLine(`${cause}  (${where})`)}`,
  ...evidence.map((line) => `      ${inOneLine(line)}`),
  `      ${severity === 'warning' ? 'see' : 'fix'}: ${inOneLine(fix)}`,
]

const consequenceLine = ({ code, cause, where, followsFrom }: Finding): string =>
  `    ${code}  ${inOneLine(`${cause}  (${where})`)}  follows from ${followsFrom ?? ''}`

/** The last lines: the verdict of all layers together. */
export const verdictLines = (diagnosis: MeshDiagnosis): string[] => {
  const cause = causeOf(diagnosis)
  const time = `(${diagnosis.seconds.toFixed(1)} s)`
  if (cause) {
    const words = inOneLine(`${cause.cause}  (${cause.where})`)
    return [
      `first broken layer: ${meshLayers[cause.layer]}  ${cause.code} ${words}  ${time}`,
      `  fix: ${inOneLine(cause.fix)}`,
      `  more: docs/codes.md#${cause.code.toLowerCase()}`,
    ]
  }
  const unseen = diagnosis.layers
    .filter(({ verdict, said }) => verdict === 'not-judged' && said !== withoutProbe)
    .map(({ layer }) => meshLayers[layer])
  if (unseen.length > 0) return [`nothing broken was found, and ${unseen.join(', ')} could not be looked at  ${time}`]
  const asked = diagnosis.layers.every(({ said }) => said !== withoutProbe)
  const warnings = [...new Set(diagnosis.layers.flatMap(({ findings }) => findings.map(({ code }) => code)))]
  const warned =
    warnings.length === 0 ? '' : `, with ${warnings.length === 1 ? 'a warning' : 'warnings'}: ${warnings.join(', ')}`
  return [`healthy${warned}${asked ? '' : '; requests were not judged (--probe sends some)'}  ${time}`]
}
