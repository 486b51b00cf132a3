import type { CheckHistory, History, HistoryRun, TopologyHistory } from '#results/history.ts'
import { countWords, flakyChecks, nameOf, placeOf, slowerParts, spanWords } from '#report/history/history-lines.ts'
import { judgedOf } from '#report/history/history-of.ts'
import { slowerRule } from '#report/history/slower.ts'
import { markup, type Markup } from '#report/markup.ts'
import { duration, moment, verdictWords } from '#report/words.ts'
import { historyAssets } from './assets.ts'
import { badge } from './badge.ts'
import { document } from './document.ts'
import { historyChart, mostPoints } from './history-chart.ts'
import { columnTitles, row, scrollable } from './table.ts'

/** The most runs that the table of runs shows: the newest. */
const mostRuns = 200

/**
 * history.html: how many runs went over time. First which checks flake and what became slower, then every topology with
 * its checks, then the runs. `links` gives the page of a run by its id, where there is one.
 */
export const historyPage = (history: History, links: ReadonlyMap<string, string>): string => {
  const newest = history.runs.at(-1)
  const body = markup`
    <header class="head ${newest?.verdict}">
      <h1>${spanWords(history)}</h1>
      <p class="sentence">
        ${countSentence(history)}${newest && markup` The newest ${verdictWords[newest.verdict].word}.`}
      </p>
    </header>
    <main id="main">
      <section><h2>Flaky checks</h2>${flakyTable(history)}</section>
      <section><h2>Slower than before</h2>${slowerTable(history)}<p class="note">${slowerRule}</p></section>
      ${history.topologies.map((topology) => topologySection(topology, history))}
      <section><h2>Runs</h2>${runTable(history.runs, links)}</section>
      ${history.leftOut.length > 0 && leftOut(history.leftOut)}
    </main>
  `
  return document(spanWords(history), { href: '#main', text: 'Skip to the flaky checks' }, body, historyAssets)
}

const countSentence = ({ runs }: History): string => {
  const count = (...verdicts: string[]): number => runs.filter(({ verdict }) => verdicts.includes(verdict)).length
  const words = countWords({
    passed: count('pass'),
    flaky: count('flaky'),
    failed: count('fail'),
    notRun: count('not-run', 'skipped'),
  })
  return `${words}.`
}

const flakyTable = (history: History): Markup => {
  const flaky = flakyChecks(history)
  if (flaky.length === 0) return markup`<p>No check passed only on a retry.</p>`
  return scrollable(
    'Flaky checks',
    markup`
      <table>
        ${columnTitles(['check', 'topology', 'passed on retry', 'failed', 'runs'])}
        <tbody>${flaky.map((check) =>
          row([
            markup`<b>${check.id}</b>`,
            placeOf(check),
            `${check.counts.flaky} of ${judgedOf(check.counts)} runs, ${percent(check.flakyRate)}`,
            String(check.counts.failed),
            historyChart(check.points),
          ]),
        )}</tbody>
      </table>
    `,
  )
}

const slowerTable = (history: History): Markup => {
  const slower = slowerParts(history)
  if (slower.length === 0) return markup`<p>Nothing became slower.</p>`
  return scrollable(
    'Slower than before',
    markup`
      <table>
        ${columnTitles(['what', 'topology', 'before', 'now', 'growth'])}
        <tbody>${slower.map(({ what, where, before, now }) =>
          row([
            markup`<b>${what}</b>`,
            where,
            duration(before),
            duration(now),
            before > 0 ? percent(now / before - 1) : '',
          ]),
        )}</tbody>
      </table>
    `,
  )
}

const topologySection = (topology: TopologyHistory, { checks }: History): Markup => {
  const { name, mtls, command, counts, points } = topology
  const own = command === 'test' ? checks.filter((check) => check.topology === name && check.mtls === mtls) : []
  const newest = points.at(-1)
  const more = points.length - mostPoints
  return markup`
    <section class="topology">
      <h2>${nameOf(topology)} ${newest && badge(newest.verdict)} <small>${countWords(counts)}</small></h2>
      <p class="chart-line">Verdicts, and the time of all checks:
        ${historyChart(points.map(({ verdict, checksSeconds }) => ({ verdict, seconds: checksSeconds })))}</p>
      ${more > 0 && markup`<p class="note">The bars show the newest ${mostPoints} runs.</p>`}
      ${own.length > 0 && scrollable(`Checks of ${nameOf(topology)}`, checkTable(own))}
    </section>
  `
}

const checkTable = (checks: readonly CheckHistory[]): Markup => markup`
  <table>
    ${columnTitles(['check', 'verdicts', 'median', 'newest', 'runs, oldest first'])}
    <tbody>${checks.map(
      ({ id, counts, medianSeconds, newestSeconds, slower, points }) => markup`
        <tr>
          <th scope="row">${id}${slower && markup` <b class="flaky">slower</b>`}</th>
          <td>${countWords(counts)}</td>
          <td>${medianSeconds !== undefined && duration(medianSeconds)}</td>
          <td>${newestSeconds !== undefined && duration(newestSeconds)}</td>
          <td>${historyChart(points)}</td>
        </tr>
      `,
    )}</tbody>
  </table>
`

const runTable = (runs: readonly HistoryRun[], links: ReadonlyMap<string, string>): Markup => {
  const more = runs.length - mostRuns
  const shown = runs.slice(-mostRuns).toReversed()
  return markup`
    ${scrollable(
      'Runs',
      markup`
        <table>
          ${columnTitles(['began', 'verdict', 'took', 'topologies', 'Istio', 'Kubernetes'])}
          <tbody>${shown.map(({ id, startedAt, verdict, seconds, topologies, istio, kubernetes }) => {
            const link = links.get(id)
            const began = moment(startedAt)
            return row([
              link === undefined ? began : markup`<a href="${link}">${began}</a>`,
              badge(verdict),
              duration(seconds),
              topologies.join(', '),
              istio,
              kubernetes,
            ])
          })}</tbody>
        </table>
      `,
    )}
    ${more > 0 && markup`<p class="note">${more} older runs are in the output of --output=json.</p>`}
  `
}

const leftOut = (folders: History['leftOut']): Markup => markup`
  <section><h2>Left out</h2>
  <ul class="lines">${folders.map(({ folder, reason }) => markup`<li><b>${folder}</b> ${reason}</li>`)}</ul></section>
`

const percent = (share: number): string => `${Math.round(share * 100)} %`
