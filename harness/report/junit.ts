import library, { type Builder } from 'junit-report-builder'
import type { CheckResult, Results } from './results.ts'

// The package declares a default inside its default; what it exports is the builder itself.
const builder = library as unknown as Builder

/** JUnit XML from the results alone: a suite a topology, a case a check and origin; reasons of what did not run are kept. */
export const junit = (results: Results): string => {
  const document = builder.newBuilder()
  for (const topology of results.topologies) {
    const suite = document.testSuite().name(`meshproof.${topology.name}.${topology.mtls}`).timestamp(results.run.startedAt)
    for (const check of topology.checks) {
      const testCase = suite.testCase().className(`meshproof.${topology.name}.${topology.mtls}.${check.layer}`).name(`${check.id} from ${check.from.join(', ')}`)
        .time(check.attempts.reduce((sum, { seconds }) => sum + seconds, 0))
      if (check.verdict === 'fail') testCase.failure(failureText(check), check.diagnosis?.code ?? 'failed')
      else if (check.verdict === 'skipped') testCase.skipped().standardOutput(check.reason)
      // A consumer of JUnit has no word for "not run": an error is the one that never reads as passed.
      else if (check.verdict === 'not-run') testCase.error(`not run: ${check.reason}`)
      else testCase.standardOutput(check.verdict === 'flaky' ? `passed on retry: ${check.reason}` : check.reason)
    }
  }
  return document.build()
}

const failureText = ({ reason, diagnosis }: CheckResult): string =>
  [reason, ...(diagnosis ? [`layer: ${diagnosis.layer}`, `cause: ${diagnosis.cause}`, `next: ${diagnosis.hint}`] : [])].join('\n')
