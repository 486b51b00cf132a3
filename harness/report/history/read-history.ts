import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pMap from 'p-map'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { History } from '#results/history.ts'
import { readResults } from '#results/read-results.ts'
import { isUnfinished, type Results } from '#results/results.ts'
import { runVerdict } from '#report/words.ts'
import { findResults } from './find-results.ts'
import { historyOf, type ReadRun } from './history-of.ts'

/**
 * Reads the history of all runs whose results are in the folders or below them. What cannot be part of it is named with
 * the reason: folders that cannot be read, results that are broken, runs that have not ended, and copies of a run.
 * @throws MeshproofError MP-111 for a path that is no folder, MP-127 where no run is left.
 */
export const readHistory = async (folders: readonly string[]): Promise<History> => {
  const found = await findResults(folders)
  const read = await pMap(found.folders, readRun, { concurrency: 8 })
  const runs = new Map<string, ReadRun>()
  const leftOut: History['leftOut'] = found.unread
  for (const [index, run] of read.entries()) {
    const folder = found.folders[index] ?? ''
    if (typeof run === 'string') leftOut.push({ folder, reason: run })
    else {
      const same = runs.get(run.results.run.id)
      if (same) leftOut.push({ folder, reason: `it is the same run as in ${same.folder}` })
      else runs.set(run.results.run.id, run)
    }
  }
  if (runs.size > 0) return historyOf([...runs.values()], leftOut)
  const [first] = leftOut
  throw new MeshproofError('MP-127', {
    what: 'There are no results of a run',
    where: folders.join(', '),
    ...(first ? { why: `${first.folder}: ${first.reason}` } : {}),
    next: 'Name report folders, or a folder that holds them: meshproof history reports',
  })
}

/** The results in a folder, or the reason why they are left out. */
const readRun = async (folder: string): Promise<ReadRun | string> => {
  try {
    const results = await readResults(folder)
    if (isUnfinished(results)) return 'the run has not ended'
    return ranNothing(results) ? 'it is of `up`, and ran no checks' : { folder, results }
  } catch (error) {
    if (!(error instanceof MeshproofError)) throw error
    return (await isDiagnosis(folder)) ? 'it is a diagnosis, and no run' : `${error.code} ${reasonOf(error)}`
  }
}

/** Whether a run did what it should, and that was to run no checks. */
const ranNothing = (results: Results): boolean => results.run.exitCode === 0 && runVerdict(results) === 'not-run'

const isDiagnosis = (folder: string): Promise<boolean> =>
  readFile(join(folder, 'results.json'), 'utf8').then(
    (text) => /"schema":\s*"meshproof\.diagnosis\//.test(text.slice(0, 200)),
    () => false,
  )
