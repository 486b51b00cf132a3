import { type Diagnosis, causeOf, withoutProbe } from './diagnosis.ts'
import { meshLayers } from './findings.ts'

type LayerResult = Diagnosis['layers'][number]
type Finding = LayerResult['findings'][number]

const marks = { healthy: '✓', broken: '✗', 'not-judged': '?' } as const

/**
 * One layer, in lines: what it rests on, what is wrong with the evidence for it, or why it was not judged. What another
 * problem explains takes one line.
 */
export const layerLines = ({ layer, verdict, said, notes = [], findings }: LayerResult): string[] => [
  [
    `${marks[verdict]} ${meshLayers[layer]}`,
    ...(said ? [verdict === 'not-judged' ? `not judged because ${said}` : said] : []),
  ].join('  '),
  ...notes.map((note) => `    note: ${note}`),
  ...findings.filter(({ followsFrom }) => followsFrom === undefined).flatMap(findingLines),
  ...findings.filter(({ followsFrom }) => followsFrom !== undefined).map(consequenceLine),
]

const findingLines = ({ code, severity, cause, where, evidence, fix }: Finding): string[] => [
  `    ${code}  ${severity === 'warning' ? 'warning: ' : ''}${cause}  (${where})`,
  ...evidence.map((line) => `      ${line}`),
  `      ${severity === 'warning' ? 'see' : 'fix'}: ${fix}`,
]

const consequenceLine = ({ code, cause, where, followsFrom }: Finding): string =>
  `    ${code}  ${cause}  (${where})  follows from ${followsFrom ?? ''}`

/** The last lines: the verdict of all layers together. */
export const verdictLines = (diagnosis: Diagnosis): string[] => {
  const cause = causeOf(diagnosis)
  const time = `(${diagnosis.seconds.toFixed(1)} s)`
  if (cause)
    return [
      `first broken layer: ${meshLayers[cause.layer]}  ${cause.code} ${cause.cause}  (${cause.where})  ${time}`,
      `  fix: ${cause.fix}`,
      `  more: docs/codes.md#${cause.code.toLowerCase()}`,
    ]
  const unseen = diagnosis.layers
    .filter(({ verdict, said }) => verdict === 'not-judged' && said !== withoutProbe)
    .map(({ layer }) => meshLayers[layer])
  if (unseen.length > 0) return [`nothing broken was found, and ${unseen.join(', ')} could not be looked at  ${time}`]
  const asked = diagnosis.layers.every(({ said }) => said !== withoutProbe)
  return [`healthy${asked ? '' : '; requests were not judged (--probe sends some)'}  ${time}`]
}
