import type { CheckResult, JudgeResult, TopologyResult } from '#results/results.ts'

/**
 * What judges said as checks, for reports that know nothing else: each test of each judge. A judge without tests is one
 * check.
 */
export const judgeChecks = ({ judges = [] }: Pick<TopologyResult, 'judges'>): CheckResult[] =>
  judges.flatMap((judge) =>
    judge.tests.length === 0
      ? [checkOf(judge, { name: '', ...judge })]
      : [
          ...judge.tests.map((test) => checkOf(judge, test)),
          // A judge that stopped before its end proved less than its tests say.
          ...(judge.verdict === 'not-run' ? [checkOf(judge, { name: '', ...judge })] : []),
        ],
  )

const checkOf = (
  { judge, version, clusters, startedAt }: JudgeResult,
  { name, verdict, reason, seconds }: JudgeResult['tests'][number],
): CheckResult => ({
  id: name === '' ? judge : `${judge} ${name}`,
  layer: 'route',
  title: `the tests of ${judge} ${version} pass`,
  from: clusters,
  to: clusters,
  verdict,
  reason: verdict === 'pass' ? 'passed' : reason,
  source: `${judge} ${version}`,
  attempts:
    verdict === 'skipped'
      ? []
      : [{ startedAt, seconds, verdict: verdict === 'flaky' ? 'pass' : verdict, reason, evidence: [] }],
})
