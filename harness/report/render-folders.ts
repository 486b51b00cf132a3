import { mkdir } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { MeshproofError, reasonOf } from '../errors.ts'
import { runsPage } from './html/runs-page.ts'
import { readResults } from './read-results.ts'
import { renderReports } from './report-folder.ts'
import { writeWhole } from './write-whole.ts'

/**
 * Renders the reports of every folder from its results.json; of several folders, or where `reportDir` is given, also one page that
 * shows the runs beside each other. Returns the pages to look at. Nothing is written unless every folder can be read.
 * @throws MeshproofError MP-111 to MP-113 for a folder that cannot be read, MP-114 when a report cannot be written.
 */
export const renderFolders = async (folders: string[], reportDir: string | undefined): Promise<string[]> => {
  const once = [...new Map(folders.map((folder) => [resolve(folder), folder])).values()]
  const runs = await Promise.all(once.map(async (folder) => ({ folder, results: await readResults(folder) })))
  for (const { folder, results } of runs) await renderReports(results, folder).catch(notWritten(folder))
  const pages = once.map((folder) => join(folder, 'report.html'))
  if (once.length === 1 && reportDir === undefined) return pages
  const into = reportDir ?? 'reports'
  const page = runsPage(runs.map(({ folder, results }) => ({ results, link: linkTo(into, join(folder, 'report.html')) })))
  await mkdir(into, { recursive: true }).then(() => writeWhole(join(into, 'matrix.html'), page)).catch(notWritten(into))
  return [...pages, join(into, 'matrix.html')]
}

// As a page in one folder names a page in another: relative, so that both can be moved or published together.
const linkTo = (from: string, to: string): string => relative(resolve(from), resolve(to)).split(sep).map(encodeURIComponent).join('/')

const notWritten = (folder: string) => (cause: unknown): never => {
  throw new MeshproofError('MP-114', { what: 'The reports cannot be written', where: folder, why: reasonOf(cause), next: 'Make the folder writable; for the page of several runs, name another with --report-dir.', cause })
}
