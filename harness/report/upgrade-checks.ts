import type { CheckResult, Measured, Probe, TopologyResult, Upgrade, UpgradePhaseResult } from '#results/results.ts'
import { phaseWords } from './upgrade-words.ts'

/**
 * An upgrade told as checks, for reports that know nothing else: the checks of each phase (`P4 reach.both-versions`),
 * each phase’s own verdict, and each probe in each phase (`P4 cluster1→cluster2 keep-alive`). A phase that was not
 * run is one case that is not run.
 */
export const upgradeChecks = ({ upgrade }: Pick<TopologyResult, 'upgrade'>): CheckResult[] =>
  (upgrade?.phases ?? []).flatMap((phase) => {
    return [
      ...(upgrade ? [phaseCheck(upgrade, phase)] : []),
      ...phase.checks.map((check) => ({ ...check, id: `${phase.id} ${check.id}` })),
      ...(upgrade?.probes ?? []).flatMap((probe) => {
        const measured = upgrade?.measured.find((one) => one.phase === phase.id && one.probe === probe.id)
        return upgrade && measured ? [probeCheck(upgrade, phase, probe, measured)] : []
      }),
    ]
  })

const base: Pick<CheckResult, 'layer' | 'source' | 'attempts'> = {
  layer: 'reach',
  source: 'facts of upgrades, “Verdict”',
  attempts: [],
}

/** The worst finding decides; what a topology’s own words lack is told as not run. */
const verdictOf = (verdict: UpgradePhaseResult['verdict']): CheckResult['verdict'] =>
  verdict === 'inconclusive' ? 'not-run' : verdict === 'warn' ? 'pass' : verdict

const phaseCheck = ({ findings }: Upgrade, phase: UpgradePhaseResult): CheckResult => {
  const worst = findings.find((one) => one.phase === phase.id)
  return {
    ...base,
    id: phaseWords(phase),
    title: 'the phase costs no more than it may',
    from: [...new Set(phase.releases.map(({ cluster }) => cluster))],
    to: [],
    verdict: verdictOf(phase.verdict),
    reason: worst && phase.verdict !== 'not-run' ? `${worst.code} ${worst.cause}: ${worst.seen}` : phase.reason,
    ...(worst?.verdict === 'fail'
      ? { diagnosis: { layer: 'reach', code: worst.code, cause: worst.cause, hint: worst.hint } }
      : {}),
  }
}

const probeCheck = (
  { findings }: Upgrade,
  phase: UpgradePhaseResult,
  { id, from, to, expects }: Probe,
  { sent, answered, lost, wrong, longestGapMilliseconds, p99Milliseconds }: Measured,
): CheckResult => {
  const own = findings.find((one) => one.phase === phase.id && one.probe === id)
  return {
    ...base,
    id: `${phase.id} ${id}`,
    title: expects === 'refusal' ? 'what must be refused is refused' : 'requests are answered',
    from: [from],
    to: [to],
    // A finding names one probe, the worst; what others lost is as good as the phase.
    verdict: own
      ? verdictOf(own.verdict)
      : wrong > 0 || (lost > 0 && expects === 'answers')
        ? verdictOf(phase.verdict)
        : 'pass',
    reason:
      `${answered} of ${sent} ${expects === 'refusal' ? 'refused' : 'answered'}, ${lost} lost, ${wrong} wrong, ` +
      `longest gap ${longestGapMilliseconds} ms, p99 ${p99Milliseconds.toFixed(0)} ms`,
    ...(own?.verdict === 'fail'
      ? { diagnosis: { layer: 'reach', code: own.code, cause: own.cause, hint: own.hint } }
      : {}),
  }
}
