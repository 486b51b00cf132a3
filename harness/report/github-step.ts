import { randomUUID } from 'node:crypto'
import { appendFile, stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { firstBroken } from '#results/explain.ts'
import { afterUpgrade, explanationOf } from '#results/explanation.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import type { Results } from '#results/results.ts'
import { annotations } from './github-annotations.ts'
import { stepSummary } from './github-summary.ts'
import { diagnosisAnnotations, diagnosisSummary } from './github-diagnosis.ts'
import { worstFirst } from './words.ts'

/** The largest summary of a step, in bytes. GitHub shows nothing of a larger one. */
const largestSummary = 2 ** 20

/** Prints a line that GitHub's runner reads. */
type Line = (text: string) => void

/** Reports a run that is a step of GitHub Actions: annotations as lines of output, and the summary of the step. */
export const tellGitHub = (results: Results, environment: NodeJS.ProcessEnv, line: Line): Promise<void> =>
  tell(annotations(results), (bytes) => stepSummary(results, bytes), environment, line)

/** Reports the diagnosis of a mesh in a step of GitHub Actions, and gives later steps its verdict. */
export const tellGitHubDiagnosis = async (
  diagnosis: MeshDiagnosis,
  environment: NodeJS.ProcessEnv,
  line: Line,
): Promise<void> => {
  await tell(diagnosisAnnotations(diagnosis), (bytes) => diagnosisSummary(diagnosis, bytes), environment, line)
  const outputs = { verdict: verdictOf(diagnosis.exitCode), 'first-broken-layer': diagnosis.cause?.layer ?? '' }
  await leaveOutputs(outputs, environment, line)
}

/** Gives later steps of GitHub Actions what a command came to: its verdict, its report and the first broken layer. */
export const tellGitHubOutputs = (
  { exitCode, folder, results }: { exitCode: number; folder: string; results: readonly Results[] },
  environment: NodeJS.ProcessEnv,
  line: Line,
): Promise<void> => {
  const layer = results.map(firstBrokenLayer).find((found) => found !== undefined)
  const outputs = {
    verdict: verdictOf(exitCode),
    report: inWorkspace(folder, environment),
    'first-broken-layer': layer ?? '',
  }
  return leaveOutputs(outputs, environment, line)
}

/** A folder as later steps find it: they look up paths in the workspace, wherever this step runs. */
const inWorkspace = (folder: string, { GITHUB_WORKSPACE: workspace }: NodeJS.ProcessEnv): string => {
  if (!workspace) return folder
  const path = relative(workspace, resolve(folder))
  return path.startsWith('..') ? resolve(folder) : path
}

/** One word for each exit code, the same for every command. */
const verdictOf = (exitCode: number): string => (exitCode === 0 ? 'pass' : exitCode === 1 ? 'fail' : 'not-run')

/** The layer that the console calls the first broken one, by its name in results.json. */
const firstBrokenLayer = ({ topologies }: Results): string | undefined =>
  worstFirst(topologies)
    .map(
      (topology) => (afterUpgrade(topology) ?? explanationOf(topology))?.layer ?? firstBroken(topology.checks)?.layer,
    )
    .find((layer) => layer !== undefined)

const tell = async (
  commands: readonly string[],
  summary: (bytes: number) => string,
  environment: NodeJS.ProcessEnv,
  line: Line,
): Promise<void> => {
  if (environment['GITHUB_ACTIONS'] !== 'true') return
  for (const command of commands) line(command)
  const file = environment['GITHUB_STEP_SUMMARY']
  if (!file) return
  const taken = await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
  // A summary that cannot be written does not change the exit code.
  await appendFile(file, summary(largestSummary - taken)).catch((error: unknown) => {
    line(`The step summary could not be written: ${String(error)}`)
  })
}

// Each value stands between lines that it cannot contain, as actions/toolkit does it: no value ends early or sets
// another output.
const leaveOutputs = async (
  outputs: Record<string, string>,
  environment: NodeJS.ProcessEnv,
  line: Line,
): Promise<void> => {
  const file = environment['GITHUB_OUTPUT']
  if (environment['GITHUB_ACTIONS'] !== 'true' || !file) return
  const end = `end-${randomUUID()}`
  const lines = Object.entries(outputs).map(([name, value]) => `${name}<<${end}\n${value}\n${end}\n`)
  await appendFile(file, lines.join('')).catch((error: unknown) => {
    line(`The outputs of the step could not be written: ${String(error)}`)
  })
}
