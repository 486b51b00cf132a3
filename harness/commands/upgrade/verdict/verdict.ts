import { UpgradeVerdict, type UpgradeFinding, type UpgradePhaseResult, type Verdict } from '#results/results.ts'

/** The worst of several verdicts; `pass` for an empty list. */
export const worstOf = (verdicts: readonly UpgradeVerdict[]): UpgradeVerdict =>
  verdicts.reduce((worst, verdict) => (rank(verdict) > rank(worst) ? verdict : worst), 'pass')

/** The rank of a verdict: 0 for `pass`, higher for worse verdicts. */
export const rank = (verdict: UpgradeVerdict): number => UpgradeVerdict.options.indexOf(verdict)

/** The exit code of an upgrade: 0 for pass and warn, 1 for fail, 2 for inconclusive and not-run. */
export const exitCodeOf = (verdict: UpgradeVerdict): 0 | 1 | 2 =>
  verdict === 'fail' ? 1 : verdict === 'pass' || verdict === 'warn' ? 0 : 2

/**
 * The verdict and reason of an upgrade’s topology in results.json. A topology has no verdict `warn` or
 * `inconclusive`: they become `pass` and `not-run`.
 */
export const asTopology = ({
  verdict,
  findings,
  phases,
}: {
  verdict: UpgradeVerdict
  findings: readonly UpgradeFinding[]
  phases: readonly UpgradePhaseResult[]
}): { verdict: Verdict; reason: string } => {
  const worst = findings.find((finding) => finding.verdict === verdict)
  const notRun = phases.find((phase) => phase.verdict === 'not-run')
  const reason = worst
    ? `${worst.code} ${worst.cause}`
    : notRun
      ? `${notRun.id} ${notRun.name} was not run: ${notRun.reason}`
      : ''
  if (verdict === 'inconclusive') return { verdict: 'not-run', reason: `inconclusive: ${reason}` }
  return { verdict: verdict === 'warn' ? 'pass' : verdict, reason }
}
