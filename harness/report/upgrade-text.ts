import type { Probe, Upgrade, UpgradeFinding, UpgradePhaseResult } from '#results/results.ts'
import { count, phaseWords, strategyWords, trafficTotals, upgradeVerdictWords } from './upgrade-words.ts'
import { verdictWords } from './words.ts'

/** An upgrade in lines, for a terminal: the phases, the findings with the worst first, and the verdict. */
export const upgradeLines = (name: string, upgrade: Upgrade): string[] => {
  const { findings, phases, leftOut, verdict, from, to, strategy, compared } = upgrade
  const { mark, word } = upgradeVerdictWords[verdict]
  const groups = [...Map.groupBy(findings, (finding) => `${finding.verdict} ${finding.code} ${finding.cause}`).values()]
  const ran = phases.filter((phase) => phase.verdict !== 'not-run').length
  return [
    ...phases.map((phase) => phaseLine(upgrade, phase)),
    ...leftOut.map(({ phase, why }) => `${verdictWords.skipped.mark} ${phase}  left out: ${why}`),
    ...groups.flatMap(findingLines),
    ...comparedLines(compared),
    `${mark} ${name}: ${word}  ${from.istio} to ${to.istio} ${strategyWords[strategy]}, ` +
      `${ran} of ${phases.length} phases, ${lostWith(upgrade, upgrade.measured)}`,
  ]
}

// A finding, or the same finding of several phases.
const findingLines = (sameFinding: readonly UpgradeFinding[]): string[] => {
  const [first] = sameFinding
  if (!first) return []
  const phases = sameFinding.map(({ phase }) => phase)
  return [
    `${upgradeVerdictWords[first.verdict].mark} ${phases.join(', ')}  ${first.code}  ${first.cause}`,
    ...sameFinding.map(({ phase, seen: observed, probe }) =>
      ['  seen:', ...(phases.length > 1 ? [phase] : []), observed, ...(probe === undefined ? [] : [`(${probe})`])].join(
        '  ',
      ),
    ),
    `  next:  ${first.hint}`,
  ]
}

const comparedLines = (compared: Upgrade['compared']): string[] => {
  if (compared === undefined) return []
  if (compared.worse.length === 0) return [`nothing is worse than in run ${compared.run}`]
  return [
    `worse than in run ${compared.run}:`,
    ...compared.worse.map(({ what, before, now }) => `  ${what}: ${now}, before ${before}`),
  ]
}

/**
 * A phase in a line: its verdict, its duration, what was lost with and without retries, and the longest time without a
 * good answer.
 */
const phaseLine = (upgrade: Upgrade, phase: UpgradePhaseResult): string => {
  const { mark } = upgradeVerdictWords[phase.verdict]
  if (phase.verdict === 'not-run') return `${mark} ${phaseWords(phase)}  not run: ${phase.reason}`
  const measured = upgrade.measured.filter((figures) => figures.phase === phase.id)
  const { longestGapMilliseconds, streamBreaks } = trafficTotals(upgrade.probes, measured)
  const failed = phase.checks.filter(({ verdict }) => verdict === 'fail').length
  const figures = [
    `${phase.seconds.toFixed(1)} s`,
    ...(measured.length > 0 ? [lostWith(upgrade, measured), `longest gap ${longestGapMilliseconds} ms`] : []),
    ...(streamBreaks > 0 ? [`${streamBreaks} long answers broke`] : []),
    ...(failed > 0 ? [`${failed} of ${phase.checks.length} checks failed`] : []),
  ]
  return `${mark} ${phaseWords(phase)}  ${figures.join(', ')}`
}

/** `lost 0 of 42,300 with Istio’s retries and 3 of 9,100 without`. */
export const lostWith = ({ probes }: Pick<Upgrade, 'probes'>, measured: Upgrade['measured']): string => {
  const lostOf = (retries: Probe['retries']): string => {
    const withRetries = probes.filter((probe) => probe.retries === retries)
    const { lost, sent } = trafficTotals(withRetries, measured)
    return `${count(lost)} of ${count(sent)}`
  }
  return `lost ${lostOf('default')} with Istio’s retries and ${lostOf('none')} without`
}
