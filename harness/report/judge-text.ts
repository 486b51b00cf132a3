import type { JudgeResult } from '#results/results.ts'
import { countsOf, verdictWords } from './words.ts'

/** What a judge says, in lines: its verdict with the levels of its own report, then each test that did not pass. */
export const judgeLines = ({
  judge,
  version,
  clusters,
  verdict,
  reason,
  levels,
  tests,
  seconds,
}: JudgeResult): string[] => [
  [
    `${verdictWords[verdict].mark} ${judge} ${version}`,
    clusters.join(', '),
    ...levels.map(({ name, passed, failed, skipped }) => `${name} ${passed} of ${passed + failed + skipped}`),
    ...(reason === '' ? [] : [reason]),
    ...(seconds > 0 ? [`(${seconds.toFixed(1)} s)`] : []),
  ].join('  '),
  ...tests
    .filter((test) => test.verdict === 'fail' || test.verdict === 'not-run')
    .map((test) => `    ${verdictWords[test.verdict].mark} ${test.name}  ${test.reason}`),
]

/** How many tests of all judges have each verdict: `24 passed, 6 skipped`. */
export const judgeCounts = (judges: readonly JudgeResult[]): string =>
  judges.some(({ tests }) => tests.length > 0) ? countsOf(judges.flatMap(({ tests }) => tests)) : 'no tests'
