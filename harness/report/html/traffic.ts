import { markup, type Markup } from '#report/markup.ts'
import {
  variantName,
  type Probe,
  type TopologyResult,
  type Upgrade,
  type UpgradePhaseResult,
} from '#results/results.ts'
import { count, phaseWords, trafficOf, upgradeVerdictWords } from '#report/upgrade-words.ts'
import { anchorOf } from '#report/words.ts'
import { clock } from './clock.ts'
import { lane, secondsText, silencesOf } from './lane.ts'
import { laneGroups, probeWords } from './lane-groups.ts'

type Span = { phase: UpgradePhaseResult; from: number; until: number }

/**
 * The traffic under an upgrade: a lane for every probe, a band for every phase, what was lost and what happened. It is
 * whole without a script, which zooms and tells a second’s figures.
 */
export const traffic = (topology: TopologyResult, upgrade: Upgrade): Markup => {
  const {
    timeline: { lanes, events, startedAt },
    probes,
    phases,
  } = upgrade
  const seconds = Math.max(0, ...lanes.map((one) => one.seconds.length))
  if (seconds === 0) return markup`<p class="note">No probe wrote anything.</p>`
  const since = (moment: string): number => (Date.parse(moment) - Date.parse(startedAt)) / 1000
  const across = (second: number): string => ((Math.min(Math.max(second, 0), seconds) / seconds) * 100).toFixed(3)
  const spans = phases
    .map((phase): Span => ({
      phase,
      from: Math.max(0, since(phase.startedAt)),
      until: Math.min(seconds, since(phase.startedAt) + phase.seconds),
    }))
    .filter(({ from, until }) => until > from)
  const happened = events
    .map((event) => ({ ...event, second: since(event.at) }))
    .filter(({ second }) => second >= 0 && second < seconds)
  const bySeconds = new Map(lanes.map((one) => [one.probe, one.seconds]))
  const id = `${anchorOf(topology)}--traffic`
  const row = (
    name: string,
    label: Markup | string,
    plot: Markup,
  ): Markup => markup`<div class="row ${name}"><div class="label">${label}</div><div class="plot">${plot}</div></div>
`
  const laneOf = (probe: Probe): Markup => {
    const own = bySeconds.get(probe.id) ?? []
    const silent = silencesOf(own, seconds).reduce((sum, [, long]) => sum + long, 0)
    const measured = upgrade.measured.filter((one) => one.probe === probe.id)
    const [lost, wrong, breaks] = [
      measured.reduce((sum, one) => sum + one.lost, 0),
      measured.reduce((sum, one) => sum + one.wrong, 0),
      measured.flatMap(({ streamBreaks }) => streamBreaks),
    ]
    const [good, bad, answered] =
      probe.expects === 'refusal'
        ? ['refused', 'not refused as it must be', 'let through']
        : ['answered', 'lost or wrong', 'wrong']
    return markup`<div class="row lane" data-probe="${probe.id}" data-good="${good}" data-bad="${bad}" data-seconds="${secondsText(own)}"><div class="label"><span>${probeWords(probe)}</span>${
      lost > 0 && probe.kind !== 'stream' && markup` <b class="fail">${count(lost)} lost</b>`
    }${wrong > 0 && markup` <b class="fail">${count(wrong)} ${answered}</b>`}${breaks.length > 0 && markup` <b class="fail">${breaks.length} ${breaks.length === 1 ? 'break' : 'breaks'}</b>`}${silent > 0 && markup` <b class="not-run">${silent} s silent</b>`}</div><div class="plot">${lane(
      own,
      seconds,
    )}${breaks.map(({ at, event, gapMilliseconds }) => markup`<i class="break" style="left:${across(since(at))}%" title="broken off for ${count(gapMilliseconds)} ms: ${event}"></i>`)}</div></div>
`
  }
  return markup`<figure class="traffic" id="${id}" data-length="${seconds}">
<figcaption>${legend}</figcaption>
<div class="tools" hidden><button type="button" data-zoom="in">Zoom in</button><button type="button" data-zoom="out">Zoom out</button><button type="button" data-zoom="whole">Whole upgrade</button>
<p class="readout" aria-live="polite" id="${id}-help">Click a phase or drag over a span to zoom, also with Ctrl and the wheel, or + and −; 0 shows the whole. Point at a lane, or move with the arrow keys, for a second’s figures.</p></div>
<div class="scroll chart" tabindex="0" role="group" aria-label="Traffic of ${variantName(topology)}, second by second" aria-describedby="${id}-help"><div class="rows">
<div class="bands" aria-hidden="true">${spans.map(({ phase, from, until }) => markup`<div class="${phase.verdict}" style="left:${across(from)}%;width:${across(until - from)}%"></div>`)}<div class="cursor" hidden></div><div class="chosen" hidden></div></div>
${row('phases', 'Phase', markup`${spans.map(({ phase, from, until }) => phaseButton(phase, from, until, `left:${across(from)}%;width:${across(until - from)}%`, upgrade))}`)}${row(
    'clock',
    'Time since the probes began',
    markup`${ticks(seconds).map(({ second, fine }) => markup`<span${fine && markup` class="fine"`} style="left:${across(second)}%">${clock(second)}</span>`)}`,
  )}${[...Map.groupBy(happened, ({ cluster }) => cluster)].map(([cluster, own]) =>
    row(
      'events',
      cluster === '' ? 'Steps' : `Events of ${cluster}`,
      markup`${own.map(({ what, second }) => markup`<i data-second="${second.toFixed(1)}" style="left:${across(second)}%" title="${clock(second)} ${what}"></i>`)}`,
    ),
  )}${laneGroups(probes).map(
    (group) => markup`<div class="row group"><h4 class="label">${group.title}</h4></div>${group.probes.map(laneOf)}`,
  )}</div></div>
${
  happened.length > 0 &&
  markup`<details><summary>${happened.length} events in words</summary><div class="scroll" tabindex="0" role="group" aria-label="Events of ${variantName(topology)}"><table><thead><tr><th scope="col">when</th><th scope="col">where</th><th scope="col">what</th></tr></thead><tbody>${happened.map(
    ({ second, cluster, what }) => markup`<tr><td>${clock(second)}</td><td>${cluster}</td><td>${what}</td></tr>
`,
  )}</tbody></table></div></details>`
}</figure>`
}

const legend = markup`<span><i class="slowest"></i> slowest answer of a second, 1 ms to 10 s</span> <span><i class="lost"></i> a loss</span> <span><i class="break"></i> a stream broke off</span> <span><i class="silent"></i> nothing heard</span> <span><i class="event"></i> an event</span>`

const phaseButton = (
  phase: UpgradePhaseResult,
  from: number,
  until: number,
  where: string,
  { probes, measured }: Upgrade,
): Markup => {
  const { lost } = trafficOf(
    probes,
    measured.filter((one) => one.phase === phase.id),
  )
  const { mark, word } = upgradeVerdictWords[phase.verdict]
  return markup`<button type="button" class="${phase.verdict}" style="${where}" data-phase="${phaseWords(phase)}" data-from="${from.toFixed(1)}" data-until="${until.toFixed(1)}" title="${phaseWords(phase)}: ${word}, ${lost} lost"><b>${phase.id} <span aria-hidden="true">${mark}</span></b> <span>${phase.name}</span>${
    lost > 0 && markup` <em>${count(lost)} lost</em>`
  }</button>`
}

// Eight of them at most; the fine ones are for who is close.
const ticks = (seconds: number): { second: number; fine: boolean }[] => {
  const step = [15, 30, 60, 120, 300, 600].find((one) => seconds / one <= 8) ?? 1800
  return Array.from({ length: Math.ceil((seconds / step) * 6) }, (_, index) => ({
    second: (index * step) / 6,
    fine: index % 6 !== 0,
  }))
}
