import { markup, type Markup } from '#report/markup.ts'
import { variantName, type Phase, type TopologyResult } from '#results/results.ts'
import { duration, verdictWords } from '#report/words.ts'

type Span = Phase & { start: number; end: number }

/** What happened when, overlapping phases beside each other. Time in which nothing of this lab ran is cut out. */
export const timeline = (topology: TopologyResult): Markup => {
  const { spans, cut } = spansOf(topology.phases)
  const whole = Math.max(1, ...spans.map(({ end }) => end))
  if (spans.length === 0) return markup`<p class="note">No phase was begun.</p>`
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Timeline of ${variantName(topology)}"><table class="timeline"><thead><tr><th scope="col">phase</th><th scope="col">began</th><th scope="col">took</th><th scope="col"><span class="unseen">when</span></th></tr></thead><tbody>${spans.map(
    ({
      name,
      seconds,
      verdict,
      start,
      end,
    }) => markup`<tr><th scope="row">${name}${verdict !== 'pass' && markup` <b class="${verdict}">${verdictWords[verdict].mark} ${verdictWords[verdict].word}</b>`}</th><td>${duration(start)}</td><td>${duration(seconds)}</td><td><svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="${verdict}" x="${Math.round((start / whole) * 1000)}" width="${Math.max(3, Math.round(((end - start) / whole) * 1000))}" height="10"/></svg></td></tr>
`,
  )}</tbody></table></div>${cut > 1 && markup`<p class="note">Not shown: ${duration(cut)} in which the lab waited for its turn.</p>`}`
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
