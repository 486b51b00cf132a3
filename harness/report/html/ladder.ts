import { firstBroken } from '#results/explain.ts'
import { markup, type Markup } from '#report/markup.ts'
import { layers, topologyVerdict, type CheckLayer, type TopologyResult } from '#results/results.ts'
import { anchorOf, countsOf } from '#report/words.ts'
import { badge } from './badge.ts'
import { meshLadder } from './mesh-ladder.ts'

/** What each layer means, for a reader who has never seen a mesh. */
const meanings: Record<CheckLayer, string> = {
  network: 'packets reach what they should, and nothing else',
  trust: 'every cluster’s certificates come from one root',
  control: 'the control plane watches every cluster and configures every proxy',
  discovery: 'proxies and DNS know where the service is',
  reach: 'requests are answered in every cluster',
  route: 'rules decide which version answers',
  mtls: 'traffic is encrypted, and both sides show who they are',
  failover: 'the service survives the loss of one cluster’s copy',
  protocol: 'every protocol crosses as the application speaks it',
  resilience: 'what is taken down comes back, and nothing is lost that need not be',
  locality: 'requests stay near, and zones get their shares',
}

/**
 * The layers from the bottom, each with its state: those of the mesh where there is a diagnosis, otherwise those of the
 * checks. The first broken layer explains those above it.
 */
export const ladder = (topology: TopologyResult): Markup =>
  topology.diagnosis ? meshLadder(topology, topology.diagnosis) : checkLadder(topology)

const checkLadder = (topology: TopologyResult): Markup => {
  const broken = firstBroken(topology.checks)?.layer
  return markup`
    <ol class="ladder" aria-label="Layers, from the bottom">
      ${layers.map((layer) => rung(topology, layer, broken))}
    </ol>
  `
}

const rung = (topology: TopologyResult, layer: CheckLayer, broken: CheckLayer | undefined): Markup | undefined => {
  const checks = topology.checks.filter((check) => check.layer === layer)
  // The checks of some layers run only on demand: without it, such a layer has none.
  if (checks.length === 0) return undefined
  const first = broken === layer
  // A check of a higher layer can find that this layer is broken.
  const verdict = first ? 'fail' : topologyVerdict(checks)
  const note = first ? 'broken first' : verdict === 'fail' && broken ? `follows from ${broken}` : ''
  return markup`
    <li class="${verdict}${first && ' first'}">
      <a href="#${anchorOf(topology)}--${layer}">
        <b>${layer}</b> ${badge(verdict)}${note && markup` <em>${note}</em>`}</a>
      <small>${countsOf(checks)}</small>
      <p>${meanings[layer]}</p>
    </li>
  `
}
