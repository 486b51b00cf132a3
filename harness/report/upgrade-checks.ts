import type {
  CheckResult,
  Measured,
  Probe,
  TopologyResult,
  Upgrade,
  UpgradeFinding,
  UpgradePhaseResult,
} from '#results/results.ts'
import { phaseWords } from './upgrade-words.ts'

/**
 * An upgrade as checks, for reports that know nothing else: the verdict of each phase, the checks of each phase
 * (`P4 reach.both-versions`), and each probe in each phase (`P4 cluster1→cluster2 keep-alive`). A phase that did not
 * run is one check that did not run.
 */
export const upgradeChecks = ({ upgrade }: Pick<TopologyResult, 'upgrade'>): CheckResult[] =>
  upgrade ? upgrade.phases.flatMap((phase) => checksOfPhase(upgrade, phase)) : []

const checksOfPhase = (upgrade: Upgrade, phase: UpgradePhaseResult): CheckResult[] => [
  phaseCheck(upgrade, phase),
  ...phase.checks.map((check) => ({ ...check, id: `${phase.id} ${check.id}` })),
  ...upgrade.probes.flatMap((probe) =>
    upgrade.measured
      .filter((measured) => measured.phase === phase.id && measured.probe === probe.id)
      .slice(0, 1)
      .map((measured) => probeCheck(upgrade, phase, probe, measured)),
  ),
]

const base: Pick<CheckResult, 'layer' | 'source' | 'attempts'> = {
  layer: 'reach',
  source: 'facts of upgrades, “Verdict”',
  attempts: [],
}

/** The verdict as that of a check, which has no `inconclusive` and no `warn`. */
const verdictOf = (verdict: UpgradePhaseResult['verdict']): CheckResult['verdict'] =>
  verdict === 'inconclusive' ? 'not-run' : verdict === 'warn' ? 'pass' : verdict

const phaseCheck = ({ findings }: Upgrade, phase: UpgradePhaseResult): CheckResult => {
  const worst = findings.find((finding) => finding.phase === phase.id)
  return {
    ...base,
    id: phaseWords(phase),
    title: 'the phase costs no more than it may',
    from: [...new Set(phase.releases.map(({ cluster }) => cluster))],
    to: [],
    verdict: verdictOf(phase.verdict),
    reason: worst && phase.verdict !== 'not-run' ? `${worst.code} ${worst.cause}: ${worst.seen}` : phase.reason,
    ...diagnosisOf(worst),
  }
}

const diagnosisOf = (finding: UpgradeFinding | undefined): Pick<CheckResult, 'diagnosis'> => {
  if (finding?.verdict !== 'fail') return {}
  const { code, cause, hint } = finding
  return { diagnosis: { layer: 'reach', code, cause, hint } }
}

const probeCheck = (
  { findings }: Upgrade,
  phase: UpgradePhaseResult,
  { id, from, to, expects }: Probe,
  { sent, answered, lost, wrong, longestGapMilliseconds, p99Milliseconds }: Measured,
): CheckResult => {
  const finding = findings.find((found) => found.phase === phase.id && found.probe === id)
  return {
    ...base,
    id: `${phase.id} ${id}`,
    title: expects === 'refusal' ? 'what must be refused is refused' : 'requests are answered',
    from: [from],
    to: [to],
    // A finding names the worst probe alone: the other probes that lost something get the verdict of the phase.
    verdict: finding
      ? verdictOf(finding.verdict)
      : wrong > 0 || (lost > 0 && expects === 'answers')
        ? verdictOf(phase.verdict)
        : 'pass',
    reason:
      `${answered} of ${sent} ${expects === 'refusal' ? 'refused' : 'answered'}, ${lost} lost, ${wrong} wrong, ` +
      `longest gap ${longestGapMilliseconds} ms, p99 ${p99Milliseconds.toFixed(0)} ms`,
    ...diagnosisOf(finding),
  }
}
