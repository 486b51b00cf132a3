import { appendFile, stat } from 'node:fs/promises'
import { annotations, stepSummary } from './github.ts'
import type { Results } from '#results/results.ts'

/** The largest summary of a step, in bytes. GitHub shows nothing of a larger one. */
const largestSummary = 2 ** 20

/** Reports a run that is a step of GitHub Actions: annotations as lines of output, and the summary of the step. */
export const tellGitHub = async (
  results: Results,
  environment: NodeJS.ProcessEnv,
  line: (text: string) => void,
): Promise<void> => {
  if (environment['GITHUB_ACTIONS'] !== 'true') return
  for (const annotation of annotations(results)) line(annotation)
  const file = environment['GITHUB_STEP_SUMMARY']
  if (!file) return
  const taken = await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
  // A summary that cannot be written does not change the exit code.
  await appendFile(file, stepSummary(results, largestSummary - taken)).catch((error: unknown) => {
    line(`The step summary could not be written: ${String(error)}`)
  })
}
