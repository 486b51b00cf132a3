import { afterUpgrade, explanationOf, type Finding } from '#results/explanation.ts'
import { withoutProbe, type MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { meshLayers } from '#results/mesh-layers.ts'
import { markup, type Markup } from '#report/markup.ts'
import type { TopologyResult } from '#results/results.ts'
import { evidenceLines, layerAnchor, nextStep } from './mesh-finding.ts'
import { onlyShown } from './screen-reader.ts'

type LayerResult = MeshDiagnosis['layers'][number]

/** How a layer looks: `style` is the verdict whose colour it has. */
type Look = { style: 'pass' | 'fail' | 'flaky' | 'not-run' | 'skipped'; mark: string; word: string }

/** The most findings and notes of a layer that the page shows, each. results.json has all of them. */
const mostShown = 20

/**
 * The layers of a mesh as its diagnosis judged them, from the bottom: what each rests on, what could not be looked at,
 * and what was found, with what follows from it.
 */
export const meshLadder = (topology: TopologyResult, { layers }: MeshDiagnosis): Markup => markup`
  <ol class="ladder mesh" aria-label="Layers of the mesh, from the bottom">
    ${layers.map((layer) => rung(topology, layer))}
  </ol>
`

const rung = (topology: TopologyResult, result: LayerResult): Markup => {
  const { layer, verdict, said, notes = [], findings } = result
  const first = (afterUpgrade(topology) ?? explanationOf(topology))?.layer === layer
  const { style, mark, word } = lookOf(topology, result)
  const note = first ? 'the cause' : consequenceNote(findings)
  const rests = verdict === 'not-judged' ? `because ${said}` : said
  return markup`
    <li id="${layerAnchor(topology, layer)}" class="${style}${first && ' first'}">
      <b>${meshLayers[layer]}</b>
      <span><span class="badge ${style}">${onlyShown(mark)} ${word}</span>${note && markup` <em>${note}</em>`}</span>
      ${said !== '' && markup`<p>${rests}</p>`}
      ${limited(notes, (line) => markup`<p class="aside">Note: ${line}</p>`)}
      ${limited(
        findings.filter(({ followsFrom }) => followsFrom === undefined),
        findingPart,
      )}
      ${limited(
        findings.filter(({ followsFrom }) => followsFrom !== undefined),
        consequence,
      )}
    </li>
  `
}

// What is wrong in a mesh whose checks passed is a warning: it hurts later.
const lookOf = ({ checks, upgrade }: TopologyResult, { verdict, said, findings }: LayerResult): Look => {
  if (verdict === 'not-judged')
    return { style: said === withoutProbe ? 'skipped' : 'not-run', mark: '?', word: 'not judged' }
  const red = upgrade !== undefined || checks.some((check) => check.verdict === 'fail')
  if (verdict === 'broken' && red) return { style: 'fail', mark: '✗', word: 'broken' }
  return findings.length > 0
    ? { style: 'flaky', mark: '!', word: 'warning' }
    : { style: 'pass', mark: '✓', word: 'healthy' }
}

const consequenceNote = (findings: readonly Finding[]): string => {
  const problems = findings.filter(({ severity }) => severity !== 'warning')
  const reasons = problems.flatMap(({ followsFrom }) => (followsFrom === undefined ? [] : [followsFrom]))
  return problems.length > 0 && reasons.length === problems.length
    ? `follows from ${[...new Set(reasons)].join(', ')}`
    : ''
}

const findingPart = (finding: Finding): Markup => {
  const { code, severity, cause, where } = finding
  const warning = severity === 'warning'
  return markup`
    <div class="found">
      <p><code>${code}</code> ${warning && 'warning: '}${cause} (<b>${where}</b>)</p>
      ${evidenceLines(finding)}
      ${nextStep(warning ? 'See' : 'Next step', finding)}
    </div>
  `
}

const consequence = ({ code, cause, where, followsFrom }: Finding): Markup =>
  markup`<p class="aside"><code>${code}</code> ${cause} (${where}) follows from <code>${followsFrom}</code></p>`

const limited = <T>(values: readonly T[], shown: (value: T) => Markup): Markup => {
  const more = values.length - mostShown
  return markup`
    ${values.slice(0, mostShown).map(shown)}
    ${more > 0 && markup`<p class="aside">${more} more in results.json</p>`}
  `
}
