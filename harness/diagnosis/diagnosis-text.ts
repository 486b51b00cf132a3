import { type Diagnosis, firstBrokenLayer, withoutProbe } from './diagnosis.ts'
import { meshLayers } from './findings.ts'

type LayerResult = Diagnosis['layers'][number]

const marks = { healthy: '✓', broken: '✗', 'not-judged': '?' } as const

/** One layer, in lines: what was seen, what is wrong and what shows it, or why it was not judged. */
export const layerLines = ({ layer, verdict, said, findings }: LayerResult): string[] => [
  [
    `${marks[verdict]} ${meshLayers[layer]}`,
    ...(said ? [verdict === 'not-judged' ? `not judged because ${said}` : said] : []),
  ].join('  '),
  ...findings.flatMap(({ code, severity, cause, where, evidence, fix }) => [
    `    ${code}  ${severity === 'warning' ? 'warning: ' : ''}${cause}  (${where})`,
    ...evidence.map((line) => `      ${line}`),
    `      ${severity === 'warning' ? 'see' : 'fix'}: ${fix}`,
  ]),
]

/** The last lines: the verdict of all layers together. */
export const verdictLines = (diagnosis: Diagnosis): string[] => {
  const broken = firstBrokenLayer(diagnosis)
  const [problem] = broken?.findings.filter(({ severity }) => severity === 'problem') ?? []
  const time = `(${diagnosis.seconds.toFixed(1)} s)`
  if (broken && problem)
    return [
      `first broken layer: ${meshLayers[broken.layer]}  ${problem.code} ${problem.cause}  ${time}`,
      `  fix: ${problem.fix}`,
      `  more: docs/codes.md#${problem.code.toLowerCase()}`,
    ]
  const unseen = diagnosis.layers
    .filter(({ verdict, said }) => verdict === 'not-judged' && said !== withoutProbe)
    .map(({ layer }) => meshLayers[layer])
  if (unseen.length > 0) return [`nothing broken was found, and ${unseen.join(', ')} could not be looked at  ${time}`]
  const asked = diagnosis.layers.every(({ said }) => said !== withoutProbe)
  return [`healthy${asked ? '' : '; requests were not judged (--probe sends some)'}  ${time}`]
}
