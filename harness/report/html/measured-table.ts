import { markup, type Markup } from '#report/markup.ts'
import type { Loss, Measured, Probe, StreamBreak } from '#results/results.ts'
import { count } from '#report/upgrade-words.ts'
import { laneGroups, probeWords } from './lane-groups.ts'
import { onlyRead } from './screen-reader.ts'
import { columnTitles, groupTitle, scrollable } from './table.ts'

/** How many losses of a probe in a phase the page shows. results.json has up to a hundred. */
const shownLosses = 20

/** A probe that is silent for longer is striking, in milliseconds (facts of upgrades). */
const longSilence = 2000

type ByProbe = ReadonlyMap<string, Measured>

/**
 * What every probe measured in a phase. First stand the striking probes, with their losses: those that lost requests,
 * got a wrong answer, broke off or were silent for long. The others follow, closed.
 */
export const measuredTables = (probes: readonly Probe[], measured: readonly Measured[], label: string): Markup => {
  const byProbe: ByProbe = new Map(measured.map((figures) => [figures.probe, figures]))
  const known = probes.filter(({ id }) => byProbe.has(id))
  if (known.length === 0) return markup`<p class="note">No probe ran.</p>`
  const striking = known.filter(({ id }) => isStriking(byProbe.get(id)))
  const calm = known.filter((probe) => !striking.includes(probe))
  const calmTitle = striking.length > 0 ? `${calm.length} other probes` : `All ${calm.length} probes`
  const calmDetails = markup`
    <details>
      <summary>${calmTitle}: nothing was lost</summary>
      ${table(calm, byProbe, `${label}, where nothing was lost`)}
    </details>
  `
  return markup`
    ${striking.length > 0 && table(striking, byProbe, `${label}, what was lost`)}
    ${calm.length > 0 && calmDetails}
  `
}

const isStriking = (measured: Measured | undefined): boolean =>
  measured !== undefined &&
  (measured.lost > 0 ||
    measured.wrong > 0 ||
    measured.streamBreaks.some(({ planned }) => !planned) ||
    measured.longestSilenceMilliseconds > longSilence)

const figureTitles = ['sent', 'answered', 'retried', 'lost', 'wrong', 'longest gap', 'longest silence', 'p50', 'p99']
const titles = ['probe', ...figureTitles, 'what was lost, and when']

const table = (probes: readonly Probe[], byProbe: ByProbe, label: string): Markup =>
  scrollable(
    label,
    markup`
      <table class="measured">
        ${columnTitles(titles)}
        ${laneGroups(probes).map(
          (group) => markup`
            <tbody>
              ${groupTitle(group.title, titles.length)}
              ${group.probes.map((probe) => row(probe, byProbe))}
            </tbody>
          `,
        )}
      </table>
    `,
  )

const row = (probe: Probe, byProbe: ByProbe): Markup | undefined => {
  const measured = byProbe.get(probe.id)
  if (!measured) return undefined
  const { sent, answered, retried, lost, wrong } = measured
  const times = [
    measured.longestGapMilliseconds,
    measured.longestSilenceMilliseconds,
    measured.p50Milliseconds,
    measured.p99Milliseconds,
  ]
  return markup`
    <tr><th scope="row">${probeWords(probe)}</th>
    ${[sent, answered, retried].map((figure) => markup`<td>${count(figure)}</td>`)}
    ${[lost, wrong].map(badFigure)}
    ${times.map((milliseconds) => markup`<td>${count(milliseconds)} ms</td>`)}
    <td>${losses(probe, measured)}${measured.streamBreaks.map(streamBreak)}</td></tr>
  `
}

const badFigure = (figure: number): Markup =>
  figure > 0 ? markup`<td class="lost"><b>${count(figure)}</b></td>` : markup`<td>0</td>`

const losses = (probe: Probe, { classes, losses: kept, lost }: Measured): Markup | false => {
  const byClass = Object.entries(classes).map(([name, times]) => `${times} ${name}`)
  const rest = `The first ${Math.min(kept.length, shownLosses)} of ${count(lost)}; results.json has more.`
  return (
    kept.length > 0 &&
    markup`
      <details>
        <summary>${byClass.join(', ')}${onlyRead(` of ${probe.id}`)}</summary>
        <ul>${kept.slice(0, shownLosses).map(loss)}</ul>
        ${lost > shownLosses && markup`<p class="note">${rest}</p>`}
      </details>
    `
  )
}

const loss = ({ id, at: moment, milliseconds, class: lossClass, status, detail }: Loss): Markup => {
  const time = moment.slice(11, 23)
  const answer = markup`<b>${lossClass}</b>${status > 0 && ` ${status}`}`
  return markup`<li><code>${id}</code> ${time} ${answer} after ${count(milliseconds)} ms: ${detail}</li>`
}

const streamBreak = ({ at: moment, gapMilliseconds, event, planned }: StreamBreak): Markup => {
  const how = planned ? 'ended with a pod that was replaced as planned,' : 'broken off'
  return markup`<p>${how} at ${moment.slice(11, 23)} for ${count(gapMilliseconds)} ms: ${event}</p>`
}
