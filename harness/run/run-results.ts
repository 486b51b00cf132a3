import type { Check } from '#checks/check.ts'
import { resultWithout } from './plan-checks.ts'
import { Interrupted, MeshproofError, reasonOf } from '#errors.ts'
import type { MeshPlan } from './plan.ts'
import { clustersOf, topologyVerdict, type Environment, type Results, type TopologyResult } from '#results/results.ts'

/** The results of a run that has just begun: nothing of it was reached yet. */
export const beginResults = (
  id: string,
  command: string,
  environment: Environment,
  plans: MeshPlan[],
  checks: readonly Check[],
): Results => ({
  schema: 'meshproof.results/v1',
  run: {
    id,
    command,
    startedAt: new Date().toISOString(),
    finishedAt: new Date().toISOString(),
    exitCode: 2,
    interrupted: false,
  },
  environment,
  topologies: plans.map((plan) => notReached(plan, checks)),
})

/** Closes them: how the run ended, and its exit code, which is `exitCode`’s where it ended by itself. */
export const finishResults = (results: Results, exitCode: (results: Results) => number, error: unknown): void => {
  const { run: told } = results
  told.finishedAt = new Date().toISOString()
  told.interrupted = error instanceof Interrupted
  if (error !== undefined) {
    const known =
      error instanceof MeshproofError
        ? error
        : new MeshproofError('MP-900', {
            what: 'The harness itself failed',
            why: reasonOf(error),
            next: 'Please report it with the command line.',
            cause: error,
          })
    told.error = { code: known.code, message: known.message, next: known.next }
    told.exitCode = known.exitCode
  } else told.exitCode = exitCode(results)
}

/**
 * The exit code that the topologies’ verdicts come to: 1 where one failed, 0 where all have passed, 2 where anything
 * was not run.
 */
export const exitCodeOfChecks = ({ topologies }: Results): number => {
  const verdicts = topologies.map(({ verdict }) => verdict)
  return verdicts.includes('fail')
    ? 1
    : verdicts.length > 0 && verdicts.every((verdict) => verdict === 'pass' || verdict === 'flaky')
      ? 0
      : 2
}

const notReached = ({ topology, planned, skipped }: MeshPlan, checks: readonly Check[]): TopologyResult => {
  const all = [
    ...planned.flatMap((one) =>
      checks
        .filter(({ id }) => id === one.id)
        .map((check) => resultWithout(check, one, 'not-run', 'the run ended before it')),
    ),
    ...skipped,
  ]
  return {
    name: topology.name,
    mtls: topology.mtls,
    clusters: clustersOf(topology),
    verdict: topologyVerdict(all),
    reason: 'the run ended before it',
    phases: [],
    checks: all,
  }
}
