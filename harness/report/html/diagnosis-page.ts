import { laterTroubles, type Explanation } from '#results/explanation.ts'
import { causeOf, withoutProbe, type MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { meshLayers } from '#results/mesh-layers.ts'
import { markup, type Markup } from '#report/markup.ts'
import { duration, moment } from '#report/words.ts'
import { diagnosisAssets } from './assets.ts'
import { breakingPointOf } from './breaking-point.ts'
import { meshCard } from './cause-card.ts'
import { document } from './document.ts'
import { codeWords, evidenceLines, layerAnchor, nextStep } from './mesh-finding.ts'
import { diagnosedLadder } from './mesh-ladder.ts'
import { pictureOfClusters, type Drawn } from './picture.ts'
import { columnTitles, row, scrollable } from './table.ts'

/** The document that has what the page leaves out. */
const rest = 'the output of --output=json'

/** How a diagnosis ended, for people: by its exit code. `style` is the verdict whose colour it has. */
const outcomes = {
  healthy: { style: 'pass', mark: '✓', word: 'Healthy' },
  warned: { style: 'flaky', mark: '!', word: 'Healthy, with warnings' },
  broken: { style: 'fail', mark: '✗', word: 'Broken' },
  open: { style: 'not-run', mark: '?', word: 'Not all could be examined' },
} as const

/**
 * The diagnosis of a mesh as one page that needs no other file: the verdict with the cause and what to do about it, the
 * layers with their evidence, a picture of the clusters, and their versions. Commands have a button that copies them.
 */
export const diagnosisPage = (diagnosis: MeshDiagnosis): string => {
  const outcome = outcomes[outcomeOf(diagnosis)]
  const mesh: Drawn = { name: diagnosis.topology, mtls: 'strict', clusters: diagnosis.clusters }
  const cause = explanationIn(diagnosis)
  const body = markup`
    <header class="head ${outcome.style}">
      <h1><span class="mark" aria-hidden="true">${outcome.mark}</span> ${outcome.word}</h1>
      <p class="sentence">${sentence(diagnosis)}</p>
      ${cause && meshCard({ topology: mesh, explanation: cause }, { title: 'First broken layer', rest })}
      ${!cause && warnings(diagnosis)}
      <p class="run">meshproof diagnose · ${moment(diagnosis.at)} · ${duration(diagnosis.seconds)}</p>
    </header>
    <main id="main">
      <section class="topology">
        <h2>The mesh</h2>
        <div class="overview">
          <div><h3>Layers</h3>${diagnosedLadder(mesh, diagnosis, { cause: cause?.layer, red: true, rest })}</div>
          <div>
            <h3>Clusters</h3>
            ${pictureOfClusters(mesh, cause && breakingPointOf(cause, mesh))}
            ${clusterTable(diagnosis)}
          </div>
        </div>
      </section>
    </main>
  `
  const title = `${outcome.word.toLowerCase()}: ${diagnosis.clusters.map(({ context }) => context).join(', ')}`
  const skip = cause
    ? { href: `#${layerAnchor(mesh, cause.layer)}`, text: 'Skip to the broken layer' }
    : { href: '#main', text: 'Skip to the layers' }
  return document(title, skip, body, diagnosisAssets)
}

const outcomeOf = (diagnosis: MeshDiagnosis): keyof typeof outcomes => {
  if (diagnosis.exitCode === 1) return 'broken'
  if (diagnosis.exitCode === 2) return 'open'
  return diagnosis.layers.some(({ findings }) => findings.length > 0) ? 'warned' : 'healthy'
}

const explanationIn = (diagnosis: MeshDiagnosis): Explanation | undefined => {
  const cause = causeOf(diagnosis)
  return cause && { ...cause, layerName: meshLayers[cause.layer] }
}

const sentence = ({ layers, clusters, topology }: MeshDiagnosis): string => {
  const healthy = layers.filter(({ verdict }) => verdict === 'healthy').length
  const open = layers.filter(({ verdict, said }) => verdict === 'not-judged' && said !== withoutProbe).length
  const counts = [
    `${healthy} of ${layers.length} layers are healthy`,
    ...(open > 0 ? [`${open} could not be examined`] : []),
  ].join(', ')
  const names = clusters.map(({ name, context }) => (name === context ? name : `${name} (${context})`)).join(', ')
  return `${names}, like topology ${topology}. ${counts}.`
}

/** The warnings: they break nothing yet. */
const warnings = (diagnosis: MeshDiagnosis): Markup | undefined => {
  const findings = laterTroubles({ checks: [], diagnosis })
  if (findings.length === 0) return undefined
  return markup`
    <div class="cause later">
      <p class="layer"><b>${findings.length === 1 ? 'Warning' : `${findings.length} warnings`}</b>
        Nothing is broken by it yet.</p>
      <ul>${findings.slice(0, 20).map(
        (finding) => markup`
          <li>
            <p class="why">${finding.cause}</p>
            <p class="object">Look at <b>${finding.where}</b></p>
            ${evidenceLines(finding, rest)}
            ${nextStep('See', finding)}
            <p class="where">${codeWords(finding.code)}</p>
          </li>
        `,
      )}</ul>
      ${findings.length > 20 && markup`<p class="where">${findings.length - 20} more stand in the layers below.</p>`}
    </div>
  `
}

const clusterTable = ({ clusters }: MeshDiagnosis): Markup =>
  scrollable(
    'Clusters and their versions',
    markup`
      <table>
        ${columnTitles(['cluster', 'context', 'role', 'network', 'Kubernetes', 'Istio'])}
        <tbody>${clusters.map(({ name, context, role, network, kubernetes, istio }) =>
          row([name, markup`<code>${context}</code>`, role, network, kubernetes, istio]),
        )}</tbody>
      </table>
    `,
  )
