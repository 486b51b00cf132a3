import { firstBroken } from '#results/explain.ts'
import { afterUpgrade, explanationOf, isMeasured, narrowedTo, type Explanation } from '#results/explanation.ts'
import { joined, markup, type Markup } from '#report/markup.ts'
import { variantName, type TopologyResult } from '#results/results.ts'
import { type Anchored, anchorOf, failedIds } from '#report/words.ts'
import { idOf, routeWords } from './check-id.ts'
import { codeWords, evidenceLines, layerAnchor, nextStep } from './mesh-finding.ts'

type Explained = { topology: TopologyResult; explanation: Explanation }
type Broken = { topology: TopologyResult; first: NonNullable<ReturnType<typeof firstBroken>> }

/**
 * Why topologies failed, a card for each cause. The diagnosis of the mesh names the cause, with the checks that failed
 * as its consequences. Where it explains nothing, or there is no diagnosis, the checks name it. Topologies that are
 * broken in the same way share a card. `several`: the run has other topologies, so that a card says in which it is.
 */
export const causeCards = (failed: readonly TopologyResult[], several: boolean): Markup => {
  const explained = failed.flatMap((topology): Explained[] => {
    const explanation = explanationOf(topology)
    return explanation ? [{ topology, explanation }] : []
  })
  const broken = failed.flatMap((topology): Broken[] => {
    const first = firstBroken(topology.checks)
    return first && !explained.some((other) => other.topology === topology) ? [{ topology, first }] : []
  })
  const sameFinding = Map.groupBy(explained, ({ explanation: { code, cause, where } }) =>
    JSON.stringify([code, cause, where]),
  )
  const sameCause = Map.groupBy(broken, ({ topology, first }) =>
    JSON.stringify([first.code, first.cause, narrowedTo(topology) !== undefined]),
  )
  return markup`
    ${[...sameFinding.values()].map((same) => explainedCard(same, several))}
    ${[...sameCause.values()].map((same) => brokenCard(same, several))}
  `
}

const explainedCard = (same: readonly Explained[], several: boolean): Markup | undefined => {
  const [first] = same
  return (
    first &&
    meshCard(first, {
      title: 'First broken layer',
      beside: several && markup` in ${topologyLinks(same)}`,
      below: same.map(({ topology }) => showsIn(topology, same.length > 1)),
    })
  )
}

/** What is broken in a mesh after an upgrade that failed; undefined where nothing is, or there is no diagnosis. */
export const afterwardsCard = (topology: TopologyResult): Markup | undefined => {
  const explanation = afterUpgrade(topology)
  return explanation && meshCard({ topology, explanation }, { title: 'The mesh afterwards' })
}

type CardWords = { title: string; beside?: Markup | false; below?: Markup[]; rest?: string }

/**
 * The card of a finding: its layer, its cause, the object to look at, the evidence and the next step. `rest` is the
 * document that has all of the evidence.
 */
export const meshCard = (
  { topology, explanation }: { topology: Anchored; explanation: Explanation },
  { title, beside, below, rest }: CardWords,
): Markup => {
  const { code, cause, where, layer, layerName } = explanation
  return markup`
    <div class="cause">
      <p class="layer"><b>${title}: <a href="#${layerAnchor(topology, layer)}">${layerName}</a></b>${beside}</p>
      <p class="why">${cause}</p>
      <p class="object">Look at <b>${where}</b></p>
      ${evidenceLines(explanation, rest)}
      ${nextStep('Next step', explanation)}
      ${below}
      <p class="where">${codeWords(code)}</p>
    </div>
  `
}

const showsIn = (topology: TopologyResult, named: boolean): Markup => {
  const links = failedIds(topology.checks).map((id) => {
    const check = topology.checks.find((candidate) => candidate.id === id && candidate.verdict === 'fail')
    return check ? markup`<a href="#${idOf(topology, check)}">${id}</a>` : id
  })
  return markup`<p class="where">Shows in${named && ` ${variantName(topology)}`}: ${joined(links, ', ')}</p>`
}

const brokenCard = (same: readonly Broken[], several: boolean): Markup | undefined => {
  const [broken] = same
  if (!broken) return undefined
  const { layer, cause, hint, code } = broken.first
  const more = same.length > 1 && ` and in ${same.length - 1} more`
  return markup`
    <div class="cause">
      <p class="layer"><b>First broken layer: ${layer}</b>${several && markup` in ${topologyLinks(same)}`}</p>
      <p class="why">${cause}</p>
      ${unexplained(broken.topology)}
      <p class="next"><b>Next step</b> ${hint}</p>
      <p class="where"><code>${code}</code> found by ${foundBy(broken)}${more}</p>
    </div>
  `
}

const unexplainedWords = markup`<b>Unexplained</b> No layer of the mesh shows why. Narrowed to`
const measured = markup`<b>Measured</b> by the check itself:`

const unexplained = (topology: TopologyResult): Markup | undefined => {
  const narrowed = narrowedTo(topology)
  return (
    narrowed &&
    markup`
      <p class="unexplained">${isMeasured(narrowed) ? measured : unexplainedWords}
      <a href="#${idOf(topology, narrowed)}">${narrowed.id}</a>, ${routeWords(narrowed)}.</p>
    `
  )
}

const topologyLinks = (same: readonly { topology: TopologyResult }[]): Markup =>
  joined(
    same.map(({ topology }) => markup`<a href="#${anchorOf(topology)}">${variantName(topology)}</a>`),
    ', ',
  )

const foundBy = ({ topology, first }: Broken): Markup => {
  const check = topology.checks.find(({ id, diagnosis }) => id === first.check && diagnosis?.code === first.code)
  const anchor = check ? idOf(topology, check) : anchorOf(topology)
  return markup`<a href="#${anchor}">${first.check}</a>${check && markup`, ${routeWords(check)}`}`
}
