import { afterUpgrade, explanationOf, type Finding } from '#results/explanation.ts'
import { withoutProbe, type MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { meshLayers, type MeshLayer } from '#results/mesh-layers.ts'
import { markup, type Markup } from '#report/markup.ts'
import type { TopologyResult } from '#results/results.ts'
import type { Anchored } from '#report/words.ts'
import { evidenceLines, layerAnchor, nextStep } from './mesh-finding.ts'
import { onlyShown } from './screen-reader.ts'

type LayerResult = MeshDiagnosis['layers'][number]

/** How a layer looks: `style` is the verdict whose colour it has. */
type Look = { style: 'pass' | 'fail' | 'flaky' | 'not-run' | 'skipped'; mark: string; word: string }

/**
 * How the layers are shown: the layer of the cause, whether what is broken is an error or a warning, and the document
 * that has what the page leaves out.
 */
export type LadderView = { cause: MeshLayer | undefined; red: boolean; rest: string }

// What is wrong in a mesh whose checks passed is a warning: it hurts later.
const viewOf = (topology: TopologyResult): LadderView => ({
  cause: (afterUpgrade(topology) ?? explanationOf(topology))?.layer,
  red: topology.upgrade !== undefined || topology.checks.some((check) => check.verdict === 'fail'),
  rest: 'results.json',
})

/** The most findings and notes of a layer that the page shows, each. The document has all of them. */
const mostShown = 20

/**
 * The layers of a mesh as its diagnosis judged them, from the bottom: what each rests on, what could not be looked at,
 * and what was found, with what follows from it.
 */
export const meshLadder = (topology: TopologyResult, diagnosis: MeshDiagnosis): Markup =>
  diagnosedLadder(topology, diagnosis, viewOf(topology))

/** The layers of a mesh, with the anchors of `place`, shown as `view` says. */
export const diagnosedLadder = (place: Anchored, { layers }: MeshDiagnosis, view: LadderView): Markup => markup`
  <ol class="ladder mesh" aria-label="Layers of the mesh, from the bottom">
    ${layers.map((layer) => rung(place, layer, view))}
  </ol>
`

const rung = (place: Anchored, result: LayerResult, view: LadderView): Markup => {
  const { layer, verdict, said, notes = [], findings } = result
  const { rest } = view
  const first = view.cause === layer
  const { style, mark, word } = lookOf(result, view)
  const note = first ? 'the cause' : consequenceNote(findings)
  const rests = verdict === 'not-judged' ? `because ${said}` : said
  return markup`
    <li id="${layerAnchor(place, layer)}" class="${style}${first && ' first'}">
      <b>${meshLayers[layer]}</b>
      <span><span class="badge ${style}">${onlyShown(mark)} ${word}</span>${note && markup` <em>${note}</em>`}</span>
      ${said !== '' && markup`<p>${rests}</p>`}
      ${limited(notes, (line) => markup`<p class="aside">Note: ${line}</p>`, rest)}
      ${limited(
        findings.filter(({ followsFrom }) => followsFrom === undefined),
        (finding) => findingPart(finding, rest),
        rest,
      )}
      ${limited(
        findings.filter(({ followsFrom }) => followsFrom !== undefined),
        consequence,
        rest,
      )}
    </li>
  `
}

const lookOf = ({ verdict, said, findings }: LayerResult, { red }: LadderView): Look => {
  if (verdict === 'not-judged')
    return { style: said === withoutProbe ? 'skipped' : 'not-run', mark: '?', word: 'not judged' }
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

const findingPart = (finding: Finding, rest: string): Markup => {
  const { code, severity, cause, where } = finding
  const warning = severity === 'warning'
  return markup`
    <div class="found">
      <p><code>${code}</code> ${warning && 'warning: '}${cause} (<b>${where}</b>)</p>
      ${evidenceLines(finding, rest)}
      ${nextStep(warning ? 'See' : 'Next step', finding)}
    </div>
  `
}

const consequence = ({ code, cause, where, followsFrom }: Finding): Markup =>
  markup`<p class="aside"><code>${code}</code> ${cause} (${where}) follows from <code>${followsFrom}</code></p>`

const limited = <T>(values: readonly T[], shown: (value: T) => Markup, rest: string): Markup => {
  const more = values.length - mostShown
  return markup`
    ${values.slice(0, mostShown).map(shown)}
    ${more > 0 && markup`<p class="aside">${more} more in ${rest}</p>`}
  `
}
