import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readResults } from '#results/read-results.ts'
import { isOfAReport } from '#report/report-folder.ts'
import { verdictOfCell } from '#report/verdict-of-cell.ts'

/**
 * What an attempt before this one left in the report folder of a cell. A verdict about the mesh stands, and is returned as its exit code:
 * nobody asks again until the answer is another. What ended without one, as that of a killed pod, is removed; nothing else in the folder is.
 */
export const earlierAttempt = async (folder: string): Promise<0 | 1 | undefined> => {
  const exitCode = await readResults(folder).then(verdictOfCell, () => undefined)
  if (exitCode === 0 || exitCode === 1) return exitCode
  const left = await readdir(folder).catch(() => [])
  await Promise.all(left.filter(isOfAReport).map((name) => rm(join(folder, name), { recursive: true })))
  return undefined
}
