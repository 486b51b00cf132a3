import { markup, type Markup } from '#report/markup.ts'
import type { Measured, Probe } from '#results/results.ts'
import { count } from '#report/upgrade-words.ts'
import { laneGroups, probeWords } from './lane-groups.ts'

// Of a probe in a phase; results.json has up to a hundred.
const shownLosses = 20

/**
 * What every probe saw in a phase: first those that lost anything, heard a wrong answer, broke off or were silent for
 * two seconds (facts of upgrades), with every loss; then, closed, the others.
 */
export const measuredTables = (probes: readonly Probe[], measured: readonly Measured[], label: string): Markup => {
  const seen = new Map(measured.map((one) => [one.probe, one]))
  const known = probes.filter(({ id }) => seen.has(id))
  if (known.length === 0) return markup`<p class="note">No probe ran.</p>`
  const [striking, calm] = [
    known.filter(({ id }) => strikes(seen.get(id))),
    known.filter(({ id }) => !strikes(seen.get(id))),
  ]
  return markup`${striking.length > 0 && table(striking, seen, `${label}, what was lost`)}
${calm.length > 0 && markup`<details><summary>${striking.length > 0 ? `${calm.length} other probes` : `All ${calm.length} probes`}: nothing was lost</summary>${table(calm, seen, `${label}, where nothing was lost`)}</details>`}`
}

const strikes = (one: Measured | undefined): boolean =>
  one !== undefined &&
  (one.lost > 0 || one.wrong > 0 || one.streamBreaks.length > 0 || one.longestSilenceMilliseconds > 2000)

const titles = ['sent', 'answered', 'retried', 'lost', 'wrong', 'longest gap', 'longest silence', 'p50', 'p99']

const table = (
  probes: readonly Probe[],
  seen: Map<string, Measured>,
  label: string,
): Markup => markup`<div class="scroll" tabindex="0" role="group" aria-label="${label}"><table class="measured"><thead><tr><th scope="col">probe</th>${titles.map(
  (title) => markup`<th scope="col">${title}</th>`,
)}<th scope="col">what was lost, and when</th></tr></thead>
${laneGroups(probes).map(
  (group) =>
    markup`<tbody><tr><th colspan="${titles.length + 2}" scope="rowgroup">${group.title}</th></tr>${group.probes.map(
      (probe) => {
        const one = seen.get(probe.id)
        return one && row(probe, one)
      },
    )}</tbody>`,
)}</table></div>`

const row = (
  probe: Probe,
  one: Measured,
): Markup => markup`<tr><th scope="row">${probeWords(probe)}</th>${[one.sent, one.answered, one.retried].map((figure) => markup`<td>${count(figure)}</td>`)}${[
  one.lost,
  one.wrong,
].map(
  (figure) =>
    markup`<td${figure > 0 && markup` class="lost"`}>${figure > 0 ? markup`<b>${count(figure)}</b>` : '0'}</td>`,
)}${[one.longestGapMilliseconds, one.longestSilenceMilliseconds, one.p50Milliseconds, one.p99Milliseconds].map(
  (figure) => markup`<td>${count(figure)} ms</td>`,
)}<td>${what(probe, one)}</td></tr>
`

const what = (probe: Probe, { classes, losses, lost, streamBreaks }: Measured): Markup =>
  markup`${
    losses.length > 0 &&
    markup`<details><summary>${Object.entries(classes)
      .map(([name, times]) => `${times} ${name}`)
      .join(', ')}<span class="unseen"> of ${probe.id}</span></summary><ul>${losses
      .slice(0, shownLosses)
      .map(
        ({ id, at, milliseconds, class: kind, status, detail }) =>
          markup`<li><code>${id}</code> ${at.slice(11, 23)} <b>${kind}</b>${status > 0 && ` ${status}`} after ${count(milliseconds)} ms: ${detail}</li>`,
      )}</ul>${
      lost > shownLosses &&
      markup`<p class="note">The first ${Math.min(losses.length, shownLosses)} of ${count(lost)}; results.json has more.</p>`
    }</details>`
  }${streamBreaks.map(
    ({ at, gapMilliseconds, event }) =>
      markup`<p>broken off at ${at.slice(11, 23)} for ${count(gapMilliseconds)} ms: ${event}</p>`,
  )}`
