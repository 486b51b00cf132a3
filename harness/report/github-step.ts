import { appendFile, stat } from 'node:fs/promises'
import { annotations, stepSummary } from './github.ts'
import type { Results } from '#results/results.ts'

/** What GitHub takes of a step's summary, in bytes; of a larger one it shows nothing. */
const largestSummary = 2 ** 20

/**
 * Tells GitHub Actions of a run where it is one of its steps: annotations as lines of output, and the step's summary.
 */
export const tellGitHub = async (
  results: Results,
  environment: NodeJS.ProcessEnv,
  line: (text: string) => void,
): Promise<void> => {
  if (environment['GITHUB_ACTIONS'] !== 'true') return
  for (const one of annotations(results)) line(one)
  const file = environment['GITHUB_STEP_SUMMARY']
  if (!file) return
  const taken = await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
  // A summary that cannot be written is no reason to end otherwise.
  await appendFile(file, stepSummary(results, largestSummary - taken)).catch((error: unknown) => {
    line(`The step summary could not be written: ${String(error)}`)
  })
}
