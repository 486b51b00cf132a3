import type { Check } from '#checks/check.ts'
import { resultWithout } from './plan-checks.ts'
import { Interrupted, MeshproofError, reasonOf } from '#errors.ts'
import type { MeshPlan } from './plan.ts'
import { clustersOf, topologyVerdict, type Environment, type Results, type TopologyResult } from '#results/results.ts'

/** The results of a run that begins: no topology is reached yet. */
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

/**
 * Completes the results: how the run ended, and its exit code. `exitCode` gives the code of a run that no error
 * ended.
 */
export const finishResults = (results: Results, exitCode: (results: Results) => number, error: unknown): void => {
  const { run } = results
  run.finishedAt = new Date().toISOString()
  run.interrupted = error instanceof Interrupted
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
    run.error = { code: known.code, message: known.message, next: known.next }
    run.exitCode = known.exitCode
  } else run.exitCode = exitCode(results)
}

/** The exit code for the topologies’ verdicts: 1 where a topology failed, 0 where all passed, otherwise 2. */
export const exitCodeOfChecks = ({ topologies }: Results): number => {
  const verdicts = topologies.map(({ verdict }) => verdict)
  return verdicts.includes('fail')
    ? 1
    : verdicts.length > 0 && verdicts.every((verdict) => verdict === 'pass' || verdict === 'flaky')
      ? 0
      : 2
}

const notReached = ({ topology, planned, skipped }: MeshPlan, checks: readonly Check[]): TopologyResult => {
  const results = [
    ...planned.flatMap((unit) =>
      checks
        .filter(({ id }) => id === unit.id)
        .map((check) => resultWithout(check, unit, 'not-run', 'the run ended before it')),
    ),
    ...skipped,
  ]
  return {
    name: topology.name,
    mtls: topology.mtls,
    clusters: clustersOf(topology),
    verdict: topologyVerdict(results),
    reason: 'the run ended before it',
    phases: [],
    checks: results,
  }
}
