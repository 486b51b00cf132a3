import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { historyLines } from '#report/history/history-lines.ts'
import { readHistory } from '#report/history/read-history.ts'
import { historyPage } from '#report/html/history-page.ts'
import { linkTo, notWritten } from '#report/render-folders.ts'
import { History } from '#results/history.ts'
import { inOneLine, withoutCommands } from '#results/text.ts'
import { writeWhole } from '#results/write-whole.ts'
import { print } from '#run/print.ts'

/** The options of `history`. */
export type HistoryOptions = { folders: string[]; reportDir: string | undefined; output: 'text' | 'json' }

/**
 * Performs `history`: reads the results of all runs in the folders and below them, and writes history.html. Prints the
 * history as lines, or with `json` as a document.
 * @throws MeshproofError as readHistory does, MP-114 when the page cannot be written.
 */
export const history = async ({ folders, reportDir, output }: HistoryOptions): Promise<number> => {
  const read = History.parse(await readHistory(folders))
  const into = reportDir ?? 'reports'
  const page = join(into, 'history.html')
  const links = await linksOf(read, into)
  await mkdir(into, { recursive: true })
    .then(() => writeWhole(page, historyPage(read, links)))
    .catch(notWritten(into))
  if (output === 'json') print(read)
  else for (const line of [...historyLines(read), page]) print(withoutCommands(inOneLine(line)))
  return 0
}

/** The links from a folder to the pages of the runs that have one, by the ids of the runs. */
const linksOf = async ({ runs }: History, into: string): Promise<Map<string, string>> => {
  const pages = await Promise.all(
    runs.map(async ({ id, folder }) => {
      const page = join(folder, 'report.html')
      return (await stat(page).catch(() => undefined))?.isFile() ? [[id, linkTo(into, page)] as const] : []
    }),
  )
  return new Map(pages.flat())
}
