import type { Terminal } from '#report/terminal.ts'
import { print } from '#run/print.ts'
import { concludeRun } from '#run/summarize-run.ts'
import type { Signals } from '#run/with-reports.ts'
import type { MeshShape } from '#topology/topology-file.ts'
import { judgeExisting, surveyMesh } from './judge-existing.ts'
import { judgeLab } from './judge-lab.ts'
import type { JudgeOptions } from './options.ts'
import { askedOf, judgeLines, judgeTime, plannedJudges, planLab, versionedJudges } from './plan-judges.ts'

/**
 * Performs `judge` and returns its exit code: tests that other projects wrote, run in a lab or on existing clusters,
 * with their verdicts in the reports.
 * @throws MeshproofError MP-1xx and MP-37x for what is refused before anything is made.
 */
export const judge = async (
  options: JudgeOptions,
  commandLine: string,
  screen: Terminal,
  signals: Signals,
): Promise<number> => {
  const run =
    options.contexts === undefined
      ? await judgeLab(options, commandLine, screen, signals)
      : await judgeExisting(options.contexts, options, commandLine, screen, signals)
  return concludeRun(run, screen, options)
}

/** Prints what `judge` would do. @throws MeshproofError as planLab does; for existing clusters as surveyMesh does. */
export const printJudgePlan = async (options: JudgeOptions): Promise<number> => {
  const judges = await versionedJudges(options)
  const { topology, steps }: { topology: MeshShape; steps: { name: string }[] } =
    options.contexts === undefined
      ? (await planLab(options)).plan
      : { topology: (await surveyMesh(options.contexts, options)).mesh, steps: [] }
  const planned = await plannedJudges(topology, judges)
  const time = await judgeTime(planned, options)
  if (options.output === 'json')
    print({
      ...topology,
      steps: steps.map(({ name }) => name),
      judges: judges.map(({ name, version }) => ({
        name,
        version,
        clusters: askedOf(planned)
          .filter(({ judge: asked }) => asked === name)
          .flatMap(({ clusters }) => clusters),
      })),
      seconds: time,
    })
  else for (const line of judgeLines(topology, planned, time)) print(line)
  return 0
}
