import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MeshproofError } from '#errors.ts'
import { isOfAReport } from '#report/report-folder.ts'
import { verdictOfCell } from '#report/verdict-of-cell.ts'
import { type Cell, readCells } from '#results/cells.ts'
import { readResults } from '#results/read-results.ts'

/**
 * What an earlier attempt left in the report folder of a cell. If it left a verdict about the mesh, returns the exit
 * code of that verdict, so that a cell is not repeated until it passes. If it ended without a verdict, as in a killed
 * pod, deletes its reports; everything else in the folder stays.
 */
export const earlierAttempt = async (folder: string): Promise<0 | 1 | undefined> => {
  const exitCode = await readResults(folder).then(verdictOfCell, () => undefined)
  if (exitCode === 0 || exitCode === 1) return exitCode
  const left = await readdir(folder).catch(() => [])
  await Promise.all(left.filter(isOfAReport).map((name) => rm(join(folder, name), { recursive: true })))
  return undefined
}

/**
 * The cell that this process performs, from the document `file`: by `index`, otherwise by JOB_COMPLETION_INDEX, which
 * an Indexed Job gives each of its pods (kubernetes.io, “Indexed Job for Parallel Processing with Static Work
 * Assignment”).
 * @throws MeshproofError MP-161 for a file that is not a document of cells, MP-163 where no index is given or no cell
 * has it.
 */
export const cellOf = async (
  file: string,
  index: number | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<Cell> => {
  const cells = await readCells(file)
  const given = index?.toString() ?? environment['JOB_COMPLETION_INDEX']
  if (given === undefined)
    throw new MeshproofError('MP-163', {
      what: 'It is not said which cell',
      where: file,
      why: 'neither --index nor JOB_COMPLETION_INDEX is set',
      next: `Name one with --index, from 0 to ${cells.length - 1}.`,
    })
  const cell = /^\d+$/.test(given) ? cells[Number(given)] : undefined
  if (cell) return cell
  throw new MeshproofError('MP-163', {
    what: 'There is no such cell',
    where: `${file}, index ${given}`,
    next: `Its indices are 0 to ${cells.length - 1}: give the Job as many completions as it has cells.`,
  })
}
