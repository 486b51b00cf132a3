import { markup, type Markup } from '#report/markup.ts'
import { variantName, type TopologyResult, type Upgrade, type UpgradePhaseResult } from '#results/results.ts'
import { count, phaseWords, trafficTotals, upgradeVerdictWords } from '#report/upgrade-words.ts'
import { anchorOf } from '#report/words.ts'
import { laneGroups } from './lane-groups.ts'
import { onlyShown } from './screen-reader.ts'
import { columnTitles, row, scrollable } from './table.ts'
import { laneRow, trafficRow } from './traffic-row.ts'
import { clock, trafficScale, type TrafficScale } from './traffic-scale.ts'

/** A phase with its place on the timeline, in seconds since the timeline began. */
type Span = { phase: UpgradePhaseResult; from: number; until: number }

/** An event with its second on the timeline. */
type TimedEvent = { second: number; cluster: string; what: string }

/**
 * The traffic during an upgrade: a row for every probe, a band for every phase, what was lost and what happened. It is
 * complete without the script of the page, which zooms and shows the figures of a second.
 */
export const traffic = (topology: TopologyResult, upgrade: Upgrade): Markup => {
  const scale = trafficScale(upgrade.timeline)
  if (scale.length === 0) return markup`<p class="note">No probe wrote anything.</p>`
  const spans = spansOf(upgrade.phases, scale)
  const events = upgrade.timeline.events
    .map(({ at: moment, cluster, what }): TimedEvent => ({ second: scale.secondOf(moment), cluster, what }))
    .filter(({ second }) => second >= 0 && second < scale.length)
  const id = `${anchorOf(topology)}--traffic`
  const label = `Traffic of ${variantName(topology)}, second by second`
  return markup`
    <figure class="traffic" id="${id}" data-length="${scale.length}">
      <figcaption>${legend}</figcaption>
      ${tools(`${id}-help`)}
      <div class="scroll chart" tabindex="0" role="group" aria-label="${label}" aria-describedby="${id}-help">
        <div class="rows">
          ${bands(spans, scale)}
          ${phasesRow(spans, upgrade, scale)}
          ${clockRow(scale)}
          ${eventRows(events, scale)}
          ${laneGroups(upgrade.probes).map(
            ({ title, probes }) => markup`
              <div class="row group"><h4 class="label">${title}</h4></div>
              ${probes.map((probe) => laneRow(probe, upgrade, scale))}
            `,
          )}
        </div>
      </div>
      ${events.length > 0 && eventDetails(events, `Events of ${variantName(topology)}`)}
    </figure>
  `
}

const spansOf = (phases: readonly UpgradePhaseResult[], { length, secondOf }: TrafficScale): Span[] =>
  phases
    .map((phase): Span => {
      const start = secondOf(phase.startedAt)
      return { phase, from: Math.max(0, start), until: Math.min(length, start + phase.seconds) }
    })
    .filter(({ from, until }) => until > from)

const legend = markup`
  <span><i class="slowest"></i> slowest answer of a second, 1 ms to 10 s</span>
  <span><i class="lost"></i> a loss</span>
  <span><i class="break"></i> a stream broke off</span>
  <span><i class="planned"></i> a stream ended with a pod, as planned</span>
  <span><i class="silent"></i> nothing heard</span>
  <span><i class="event"></i> an event</span>
`

// The script shows the buttons: without it they would do nothing.
const tools = (id: string): Markup => markup`
  <div class="tools" hidden>
    <button type="button" data-zoom="in">Zoom in</button>
    <button type="button" data-zoom="out">Zoom out</button>
    <button type="button" data-zoom="whole">Whole upgrade</button>
    <p class="readout" aria-live="polite" id="${id}">
      Click a phase or drag over a span to zoom, also with Ctrl and the wheel, or + and −; 0 shows the whole.
      Point at a row, or move with the arrow keys, for the figures of a second.
    </p>
  </div>
`

const bands = (spans: readonly Span[], scale: TrafficScale): Markup => markup`
  <div class="bands" aria-hidden="true">
    ${spans.map((span) => markup`<div class="${span.phase.verdict}" style="${placeOf(span, scale)}"></div>`)}
    <div class="cursor" hidden></div>
    <div class="chosen" hidden></div>
  </div>
`

const placeOf = ({ from, until }: Span, { percentAt }: TrafficScale): string =>
  `left:${percentAt(from)}%;width:${percentAt(until - from)}%`

const phasesRow = (spans: readonly Span[], upgrade: Upgrade, scale: TrafficScale): Markup =>
  trafficRow('phases', 'Phase', markup`${spans.map((span) => phaseButton(span, upgrade, scale))}`)

const phaseButton = (span: Span, { probes, measured }: Upgrade, scale: TrafficScale): Markup => {
  const { phase, from, until } = span
  const ofPhase = measured.filter((figures) => figures.phase === phase.id)
  const { lost } = trafficTotals(probes, ofPhase)
  const { mark, word } = upgradeVerdictWords[phase.verdict]
  const name = phaseWords(phase)
  return markup`
    <button type="button" class="${phase.verdict}" style="${placeOf(span, scale)}" data-phase="${name}"
      data-from="${from.toFixed(1)}" data-until="${until.toFixed(1)}" title="${name}: ${word}, ${lost} lost">
      <b>${phase.id} ${onlyShown(mark)}</b>
      <span>${phase.name}</span>
      ${lost > 0 && markup`<em>${count(lost)} lost</em>`}
    </button>
  `
}

const clockRow = (scale: TrafficScale): Markup =>
  trafficRow(
    'clock',
    'Time since the probes began',
    markup`${ticks(scale.length).map(({ second, fine }) => {
      const left = scale.percentAt(second)
      return markup`<span${fine && markup` class="fine"`} style="left:${left}%">${clock(second)}</span>`
    })}`,
  )

// At most eight ticks. The fine ones between them show when the timeline is zoomed.
const ticks = (length: number): { second: number; fine: boolean }[] => {
  const step = [15, 30, 60, 120, 300, 600].find((seconds) => length / seconds <= 8) ?? 1800
  return Array.from({ length: Math.ceil((length / step) * 6) }, (_, index) => ({
    second: (index * step) / 6,
    fine: index % 6 !== 0,
  }))
}

const eventRows = (events: readonly TimedEvent[], scale: TrafficScale): Markup[] =>
  [...Map.groupBy(events, ({ cluster }) => cluster)].map(([cluster, ofCluster]) =>
    trafficRow(
      'events',
      cluster === '' ? 'Steps' : `Events of ${cluster}`,
      markup`${ofCluster.map((event) => eventMark(event, scale))}`,
    ),
  )

const eventMark = ({ second, what }: TimedEvent, { percentAt }: TrafficScale): Markup => {
  const title = `${clock(second)} ${what}`
  return markup`<i data-second="${second.toFixed(1)}" style="left:${percentAt(second)}%" title="${title}"></i>`
}

const eventDetails = (events: readonly TimedEvent[], label: string): Markup => {
  const table = markup`
    <table>
      ${columnTitles(['when', 'where', 'what'])}
      <tbody>${events.map(({ second, cluster, what }) => row([clock(second), cluster, what]))}</tbody>
    </table>
  `
  return markup`
    <details>
      <summary>${events.length} events in words</summary>
      ${scrollable(label, table)}
    </details>
  `
}
