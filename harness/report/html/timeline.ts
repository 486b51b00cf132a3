import { markup, type Markup } from '#report/markup.ts'
import { variantName, type Phase, type TopologyResult } from '#results/results.ts'
import { duration, verdictWords } from '#report/words.ts'
import { onlyRead } from './screen-reader.ts'
import { columnTitles, scrollable } from './table.ts'

/** A phase with its place on the timeline, in seconds. */
type Span = Phase & { start: number; end: number }

/**
 * What happened when, overlapping phases beside each other. The timeline leaves out the time in which nothing of this
 * lab ran.
 */
export const timeline = (topology: TopologyResult): Markup => {
  const { spans, cut } = spansOf(topology.phases)
  if (spans.length === 0) return markup`<p class="note">No phase began.</p>`
  const whole = Math.max(1, ...spans.map(({ end }) => end))
  const table = markup`
    <table class="timeline">
      ${columnTitles(['phase', 'began', 'took', onlyRead('when')])}
      <tbody>${spans.map((span) => phaseRow(span, whole))}</tbody>
    </table>
  `
  const cutNote = `Not shown: ${duration(cut)} in which the lab waited for its turn.`
  return markup`
    ${scrollable(`Timeline of ${variantName(topology)}`, table)}
    ${cut > 1 && markup`<p class="note">${cutNote}</p>`}
  `
}

const phaseRow = ({ name, seconds, verdict, start, end }: Span, whole: number): Markup => {
  const { mark, word } = verdictWords[verdict]
  const left = Math.round((start / whole) * 1000)
  const width = Math.max(3, Math.round(((end - start) / whole) * 1000))
  return markup`
    <tr>
      <th scope="row">${name}${verdict !== 'pass' && markup` <b class="${verdict}">${mark} ${word}</b>`}</th>
      <td>${duration(start)}</td>
      <td>${duration(seconds)}</td>
      <td><svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="${verdict}" x="${left}" width="${width}" height="10"/></svg></td>
    </tr>
  `
}

/** The phases in order, in seconds since the first, and how many seconds were cut out. */
export const spansOf = (phases: readonly Phase[]): { spans: Span[]; cut: number } => {
  const sorted = phases
    .map((phase) => ({ ...phase, since: Date.parse(phase.startedAt) / 1000 }))
    .toSorted((a, b) => a.since - b.since)
  const begin = sorted[0]?.since ?? 0
  let [cut, busyUntil] = [0, begin]
  const spans = sorted.map(({ since, ...phase }) => {
    cut += Math.max(0, since - busyUntil)
    busyUntil = Math.max(busyUntil, since + phase.seconds)
    return { ...phase, start: since - begin - cut, end: since - begin - cut + phase.seconds }
  })
  return { spans, cut }
}
