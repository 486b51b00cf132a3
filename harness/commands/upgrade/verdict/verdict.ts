import { UpgradeVerdict, type UpgradeFinding, type UpgradePhaseResult, type Verdict } from '#results/results.ts'

/** The worst of verdicts; of none, `pass`. */
export const worstOf = (verdicts: readonly UpgradeVerdict[]): UpgradeVerdict =>
  verdicts.reduce((worst, one) => (rank(one) > rank(worst) ? one : worst), 'pass')

/** How bad a verdict is, 0 for `pass`. */
export const rank = (verdict: UpgradeVerdict): number => UpgradeVerdict.options.indexOf(verdict)

/** An upgrade’s exit code: 0 for pass and warn, 1 for fail, 2 for inconclusive and not-run. */
export const exitCodeOf = (verdict: UpgradeVerdict): 0 | 1 | 2 =>
  verdict === 'fail' ? 1 : verdict === 'pass' || verdict === 'warn' ? 0 : 2

/**
 * What an upgrade makes of its topology in results.json, whose own verdicts have no word for a warning or for what is
 * not known.
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
  const worst = findings.find((one) => one.verdict === verdict)
  const left = phases.find((phase) => phase.verdict === 'not-run')
  const reason = worst
    ? `${worst.code} ${worst.cause}`
    : left
      ? `${left.id} ${left.name} was not run: ${left.reason}`
      : ''
  if (verdict === 'inconclusive') return { verdict: 'not-run', reason: `inconclusive: ${reason}` }
  return { verdict: verdict === 'warn' ? 'pass' : verdict, reason }
}
