import { firstBroken } from '#results/explain.ts'
import { afterUpgrade, explanationOf, isMeasured, laterTroubles, narrowedTo } from '#results/explanation.ts'
import { knownIssueLine, knownIssuesIn } from '#results/known-issues.ts'
import { variantName, type CheckResult, type TopologyResult, type Verdict } from '#results/results.ts'
import { judgeCounts, judgeLines } from './judge-text.ts'
import { phasesOf, spanOf } from './phase-spans.ts'
import { roundLines } from './round-lines.ts'
import { upgradeLines } from './upgrade-text.ts'
import { failedCount, failedIds } from './words.ts'

/** The last lines of a topology: the first broken layer and what to do about it, and the counts of checks. */
export const summaryOf = (topology: TopologyResult): string[] => {
  const { verdict, reason, checks, phases, upgrade, judges } = topology
  if (upgrade) return [...diagnosisLines(topology), ...upgradeLines(variantName(topology), upgrade)]
  const times = phaseTimes(phases)
  const outcome = judges ? judgeCounts(judges) : countsOf(checks)
  return [
    ...brokenLines(topology),
    ...knownIssuesIn(checks).flatMap(({ known, ids }) => [
      `${knownIssueLine(known)}  (${ids.join(', ')})`,
      `  see:   ${known.url}`,
    ]),
    ...roundLines(topology),
    ...(judges ?? []).flatMap(judgeLines),
    [
      `${variantName(topology)}: ${verdict === 'pass' ? 'passed' : verdict}`,
      outcome,
      ...(times === '' ? [] : [`(${times})`]),
      ...(verdict === 'not-run' && reason !== '' ? [reason] : []),
    ].join('  '),
  ]
}

/**
 * Why checks failed: what the diagnosis of the mesh names, with the checks that failed as its consequences; else what
 * the checks say themselves, and that nothing explains it. Of a mesh whose checks passed: what will hurt later.
 */
const brokenLines = (topology: TopologyResult): string[] => {
  const explanation = explanationOf(topology)
  if (explanation)
    return [
      `first broken layer: ${explanation.layerName}  (${explanation.code})`,
      `  cause: ${explanation.cause}  (${explanation.where})`,
      ...explanation.evidence.slice(0, 5).map((line) => `    ${line}`),
      `  next:  ${explanation.fix}`,
      `  shows in: ${failedIds(topology.checks).join(', ')}`,
    ]
  const broken = firstBroken(topology.checks)
  if (!broken) return laterTroubles(topology).flatMap(warningLines)
  const narrowed = narrowedTo(topology)
  return [
    `first broken layer: ${broken.layer}  (${broken.check}, ${broken.code})`,
    `  cause: ${broken.cause}`,
    ...(narrowed
      ? [
          `  ${isMeasured(narrowed) ? 'measured by the check itself:' : `${unexplained}; narrowed to`} ` +
            `${narrowed.from.join(', ')} → ${narrowed.to.join(', ')}`,
        ]
      : []),
    `  next:  ${broken.hint}`,
  ]
}

const unexplained = 'unexplained: no layer of the mesh shows why'

/** What is broken in the mesh after an upgrade that failed. */
const diagnosisLines = (topology: TopologyResult): string[] => {
  const cause = afterUpgrade(topology)
  return cause
    ? [
        `the mesh afterwards: ${cause.layerName}  (${cause.code})  ${cause.cause}  (${cause.where})`,
        `  next:  ${cause.fix}`,
      ]
    : []
}

const warningLines = ({ code, cause, where, evidence, fix }: ReturnType<typeof laterTroubles>[number]): string[] => [
  `warning: ${code}  ${cause}  (${where})`,
  ...evidence.slice(0, 2).map((line) => `    ${line}`),
  `    see: ${fix}`,
]

const countsOf = (checks: CheckResult[]): string => {
  const count = (wanted: Verdict): number => checks.filter(({ verdict }) => verdict === wanted).length
  const others = (['flaky', 'skipped', 'not-run'] as const)
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `${count(verdict)} ${verdict}`)
  return [`${count('pass')} passed`, failedCount(checks), ...others].join(', ')
}

const phaseTimes = (phases: TopologyResult['phases']): string =>
  ['images', 'judge programs', 'lab', 'checks', 'judges', 'diagnosis', 'support bundle', 'teardown']
    .map((label) => [label, phasesOf(phases, label)] as const)
    .flatMap(([label, labelled]) => (labelled.length === 0 ? [] : [`${label} ${spanOf(labelled).toFixed(1)} s`]))
    .join(', ')
