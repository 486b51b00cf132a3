import type { Probe, Upgrade, UpgradeFinding, UpgradePhaseResult } from '#results/results.ts'
import { count, phaseWords, strategyWords, trafficOf, upgradeVerdictWords } from './upgrade-words.ts'

/** An upgrade in lines, for a terminal: each phase, what was found, the worst first, and the verdict. */
export const upgradeLines = (name: string, upgrade: Upgrade): string[] => {
  const { findings, phases, leftOut, verdict, from, to, strategy, compared } = upgrade
  const { mark, word } = upgradeVerdictWords[verdict]
  const left = phases.filter((phase) => phase.verdict === 'not-run').length
  return [
    ...phases.map((phase) => phaseLine(upgrade, phase)),
    ...leftOut.map(({ phase, why }) => `- ${phase}  left out: ${why}`),
    ...[...Map.groupBy(findings, ({ verdict: worth, code, cause }) => `${worth} ${code} ${cause}`).values()].flatMap(
      findingLines,
    ),
    ...(compared === undefined
      ? []
      : compared.worse.length === 0
        ? [`nothing is worse than in run ${compared.run}`]
        : [
            `worse than in run ${compared.run}:`,
            ...compared.worse.map(({ what, before, now }) => `  ${what}: ${now}, before ${before}`),
          ]),
    `${mark} ${name}: ${word}  ${from.istio} to ${to.istio} ${strategyWords[strategy]}, ${phases.length - left} ` +
      `of ${phases.length} phases, ${lostWith(upgrade, upgrade.measured)}`,
  ]
}

/** One finding, or the same one of several phases. */
const findingLines = (same: readonly UpgradeFinding[]): string[] =>
  same
    .slice(0, 1)
    .flatMap(({ verdict, code, cause, hint }) => [
      `${upgradeVerdictWords[verdict].mark} ${same.map(({ phase }) => phase).join(', ')}  ${code}  ${cause}`,
      ...same.map(
        ({ phase, seen, probe }) =>
          `  seen:  ${same.length > 1 ? `${phase}  ` : ''}${seen}${probe === undefined ? '' : `  (${probe})`}`,
      ),
      `  next:  ${hint}`,
    ])

/**
 * One phase in one line: its verdict, what it took, what was lost with and without retries, and the longest time
 * without a good answer.
 */
const phaseLine = (upgrade: Upgrade, phase: UpgradePhaseResult): string => {
  const { mark } = upgradeVerdictWords[phase.verdict]
  if (phase.verdict === 'not-run') return `${mark} ${phaseWords(phase)}  not run: ${phase.reason}`
  const measured = upgrade.measured.filter((one) => one.phase === phase.id)
  const { longestGapMilliseconds, streamBreaks } = trafficOf(upgrade.probes, measured)
  const failed = phase.checks.filter(({ verdict }) => verdict === 'fail').length
  const traffic =
    measured.length === 0
      ? []
      : [
          lostWith(upgrade, measured),
          `longest gap ${longestGapMilliseconds} ms`,
          ...(streamBreaks > 0 ? [`${streamBreaks} long answers broke`] : []),
        ]
  return (
    `${mark} ${phaseWords(phase)}  ` +
    [
      `${phase.seconds.toFixed(1)} s`,
      ...traffic,
      ...(failed > 0 ? [`${failed} of ${phase.checks.length} checks failed`] : []),
    ].join(', ')
  )
}

/** `lost 0 of 42,300 with Istio’s retries and 3 of 9,100 without`. */
export const lostWith = ({ probes }: Pick<Upgrade, 'probes'>, measured: Upgrade['measured']): string => {
  const of = (retries: Probe['retries']): string => {
    const { lost, sent } = trafficOf(
      probes.filter((probe) => probe.retries === retries),
      measured,
    )
    return `${count(lost)} of ${count(sent)}`
  }
  return `lost ${of('default')} with Istio’s retries and ${of('none')} without`
}
