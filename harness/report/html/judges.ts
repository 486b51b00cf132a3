import { judgeCounts } from '#report/judge-text.ts'
import { markup, type Markup } from '#report/markup.ts'
import type { JudgeResult, JudgeTest, TopologyResult } from '#results/results.ts'
import { duration } from '#report/words.ts'
import { badge } from './badge.ts'
import { columnTitles, row, scrollable } from './table.ts'

/** What judges say of a mesh, test by test; nothing where none was asked. */
export const judgesPart = ({ judges = [] }: Pick<TopologyResult, 'judges'>): Markup | undefined =>
  judges.length === 0 ? undefined : markup`<h3>Judges</h3>${judges.map(judgePart)}`

const titles = columnTitles(['Test', 'Verdict', 'Time', 'Reason'])

const judgePart = (judge: JudgeResult): Markup => {
  const { version, clusters, verdict, reason, tests, seconds } = judge
  const time = seconds > 0 && markup`<small>${duration(seconds)}</small>`
  return markup`
    <h4>${badge(verdict)} ${judge.judge} ${version} in ${clusters.join(', ')} ${time}</h4>
    ${reason !== '' && markup`<p class="said">${reason}</p>`}
    ${levels(judge)}
    ${files(judge)}
    ${
      tests.length > 0 &&
      scrollable(
        `Tests of ${judge.judge}: ${judgeCounts([judge])}`,
        markup`<table>${titles}<tbody>${tests.map(testRow)}</tbody></table>`,
      )
    }
  `
}

const levels = ({ levels: counted }: JudgeResult): Markup | undefined => {
  if (counted.length === 0) return undefined
  const words = counted.map(
    ({ name, result, passed, failed, skipped }) => `${name} ${passed} of ${passed + failed + skipped} (${result})`,
  )
  return markup`<p class="note">By its own report: ${words.join(', ')}.</p>`
}

const files = ({ report, log }: JudgeResult): Markup | undefined => {
  const links = [report, log].flatMap((path) =>
    path === undefined ? [] : [markup`<a href="./${encodeURI(path)}">${path}</a> `],
  )
  return links.length === 0 ? undefined : markup`<p class="note">What it wrote: ${links}</p>`
}

const testRow = ({ name, verdict, seconds, reason }: JudgeTest): Markup =>
  row([name, badge(verdict), verdict === 'skipped' ? '' : duration(seconds), reason])
