import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MeshproofError } from '#errors.ts'
import { findRuns } from '#report/find-runs.ts'
import type { Rendered } from '#report/render-folders.ts'
import { shownVerdict } from '#report/shown-run.ts'
import { countsOf, verdictWords } from '#report/words.ts'
import { isUnfinished } from '#results/results.ts'

/** Milliseconds between two looks at the folders. File events would be quicker, but shared volumes have none. */
const every = 500

/**
 * Calls `render` now, and again whenever a results.json in the folders has changed or a new one is there. Prints a line
 * for each run that has changed. What cannot be read yet is waited for. Returns when the signal fires.
 * @throws what `render` throws, except a MeshproofError, which is printed.
 */
export const watchFolders = async (
  folders: readonly string[],
  render: () => Promise<Rendered>,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  let before = ''
  let printed = new Set<string>()
  while (!signal.aborted) {
    const state = await stateOf(folders)
    if (state !== before) {
      before = state
      const lines = await render().then(linesOf, messageOf)
      for (const line of lines) if (!printed.has(line)) print(`${new Date().toTimeString().slice(0, 8)}  ${line}`)
      printed = new Set(lines)
    }
    await sleep(every, undefined, { signal }).catch(() => undefined)
  }
}

/** The results in the folders, with their sizes and the times of their last change. */
const stateOf = async (folders: readonly string[]): Promise<string> => {
  const found = await Promise.all(
    (await findRuns(folders)).map(async (folder) => {
      const file = await stat(join(folder, 'results.json')).catch(() => undefined)
      return [folder, file?.size, file?.mtimeMs]
    }),
  )
  return JSON.stringify(found)
}

const linesOf = ({ runs }: Rendered): string[] =>
  runs.map((run) => {
    const name = run.cell?.name ?? run.results?.run.id ?? ''
    const { word } = verdictWords[shownVerdict(run)]
    if (!run.results) return `${name}  ${word}`
    const counts = countsOf(run.results.topologies.flatMap(({ checks }) => checks))
    return `${name}  ${isUnfinished(run.results) ? 'goes on' : word}  ${counts}`
  })

const messageOf = (error: unknown): string[] => {
  if (error instanceof MeshproofError) return [`${error.code}  ${error.message}`]
  throw error
}
