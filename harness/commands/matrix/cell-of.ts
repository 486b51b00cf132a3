import { MeshproofError } from '#errors.ts'
import { readCells, type Cell } from '#results/cells.ts'

/**
 * The cell of a document that this process is to perform: by an index, or by the one that an Indexed Job gives each of its pods
 * (kubernetes.io, “Indexed Job for Parallel Processing with Static Work Assignment”).
 * @throws MeshproofError MP-161 for a document that is none, MP-163 where no index is given, or no cell has it.
 */
export const cellOf = async (file: string, index: number | undefined, environment: NodeJS.ProcessEnv): Promise<Cell> => {
  const cells = await readCells(file)
  const given = index?.toString() ?? environment['JOB_COMPLETION_INDEX']
  if (given === undefined) throw new MeshproofError('MP-163', { what: 'It is not said which cell', where: file, why: 'neither --index nor JOB_COMPLETION_INDEX is set', next: `Name one with --index, from 0 to ${cells.length - 1}.` })
  const cell = /^\d+$/.test(given) ? cells[Number(given)] : undefined
  if (cell) return cell
  throw new MeshproofError('MP-163', { what: 'There is no such cell', where: `${file}, index ${given}`, next: `Its indices are 0 to ${cells.length - 1}: give the Job as many completions as it has cells.` })
}
