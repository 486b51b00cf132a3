import { markup, type Markup } from '#report/markup.ts'
import type { Measured, Probe, StreamBreak, Upgrade } from '#results/results.ts'
import { count } from '#report/upgrade-words.ts'
import { lane, secondsText, silencesOf } from './lane.ts'
import { probeWords } from './lane-groups.ts'
import type { TrafficScale } from './traffic-scale.ts'

/** A row of the timeline: a label, and what stands beside it. `kind` is its class. */
export const trafficRow = (kind: string, label: Markup | string, plot: Markup): Markup => markup`
  <div class="row ${kind}"><div class="label">${label}</div><div class="plot">${plot}</div></div>
`

/**
 * The row of a probe: its seconds, what it lost, and where it broke off. The script of the page reads its attributes.
 */
export const laneRow = (probe: Probe, upgrade: Upgrade, scale: TrafficScale): Markup => {
  const seconds = upgrade.timeline.lanes.find((found) => found.probe === probe.id)?.seconds ?? []
  const measured = upgrade.measured.filter((figures) => figures.probe === probe.id)
  const breaks = measured.flatMap(({ streamBreaks }) => streamBreaks)
  const silent = silencesOf(seconds, scale.length).reduce((sum, [, silence]) => sum + silence, 0)
  const { good, bad } = answerWords(probe)
  return markup`
    <div class="row lane" data-probe="${probe.id}" data-good="${good}" data-bad="${bad}"
      data-seconds="${secondsText(seconds)}">
      <div class="label"><span>${probeWords(probe)}</span>
        ${problems(probe, measured)}${endedWithPods(breaks)}
        ${silent > 0 && markup` <b class="not-run">${silent} s silent</b>`}</div>
      <div class="plot">
        ${lane(seconds, scale.length, secondsOfPlanned(breaks, scale))}
        ${breaks.map((streamBreak) => breakMark(streamBreak, scale))}
      </div>
    </div>
  `
}

type AnswerWords = { good: string; bad: string; wrong: string }

const answerWords = ({ expects }: Probe): AnswerWords =>
  expects === 'refusal'
    ? { good: 'refused', bad: 'not refused as it must be', wrong: 'let through' }
    : { good: 'answered', bad: 'lost or wrong', wrong: 'wrong' }

const problems = (probe: Probe, measured: readonly Measured[]): Markup => {
  const lost = measured.reduce((sum, figures) => sum + figures.lost, 0)
  const wrong = measured.reduce((sum, figures) => sum + figures.wrong, 0)
  const breaks = measured.flatMap(({ streamBreaks }) => streamBreaks.filter(({ planned }) => !planned)).length
  const words = [
    ...(lost > 0 && probe.kind !== 'stream' ? [`${count(lost)} lost`] : []),
    ...(wrong > 0 ? [`${count(wrong)} ${answerWords(probe).wrong}`] : []),
    ...(breaks > 0 ? [`${breaks} ${breaks === 1 ? 'break' : 'breaks'}`] : []),
  ]
  return markup`${words.map((text) => markup` <b class="fail">${text}</b>`)}`
}

/** What ends with a pod that is replaced as planned is an event, and no problem. */
const endedWithPods = (breaks: readonly StreamBreak[]): Markup | false => {
  const planned = breaks.filter((streamBreak) => streamBreak.planned).length
  return planned > 0 && markup` <small>${planned} ended with a pod</small>`
}

/** The seconds in which a long answer was away because its pod was replaced as planned. */
const secondsOfPlanned = (breaks: readonly StreamBreak[], { secondOf }: TrafficScale): Set<number> =>
  new Set(
    breaks
      .filter(({ planned }) => planned)
      .flatMap(({ at: moment, gapMilliseconds }) => {
        const first = Math.floor(secondOf(moment))
        const last = Math.ceil(secondOf(moment) + gapMilliseconds / 1000)
        return Array.from({ length: last - first + 1 }, (_, index) => first + index)
      }),
  )

const breakMark = ({ at: moment, event, gapMilliseconds, planned }: StreamBreak, scale: TrafficScale): Markup => {
  const left = scale.percentAt(scale.secondOf(moment))
  const title = `${planned ? 'ended with a pod, away' : 'broken off'} for ${count(gapMilliseconds)} ms: ${event}`
  return markup`<i class="${planned ? 'planned' : 'break'}" style="left:${left}%" title="${title}"></i>`
}
