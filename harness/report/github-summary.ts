import { firstBroken } from '#results/explain.ts'
import { afterUpgrade, explanationOf, isMeasured, laterTroubles, narrowedTo } from '#results/explanation.ts'
import { knownIssuesIn, knownIssueWords } from '#results/known-issues.ts'
import {
  variantName,
  type Results,
  type TopologyResult,
  type Upgrade,
  type UpgradeFinding,
  type UpgradePhaseResult,
} from '#results/results.ts'
import { bounded, listed, measuredItself, mostAnnotations, row, text, unexplained } from './github-text.ts'
import { judgeChecks } from './judge-checks.ts'
import { lostWith } from './upgrade-text.ts'
import { outcomeOf, phaseWords, upgradeRunVerdict, upgradeVerdictWords } from './upgrade-words.ts'
import { duration, failedIds, routeOf, runVerdict, verdictWords, worstFirst } from './words.ts'

/**
 * The step summary in GitHub's Markdown: the verdict, what is broken, every topology, and what failed. It has at most
 * `bytes` bytes of UTF-8.
 */
export const stepSummary = (results: Results, bytes: number): string => {
  const { run, environment, topologies } = results
  const upgrades = topologies.some(({ upgrade }) => upgrade)
  const { mark, word } = upgrades ? upgradeVerdictWords[upgradeRunVerdict(results)] : verdictWords[runVerdict(results)]
  const seconds = (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000
  const lines = [
    `## ${mark} meshproof: ${word}`,
    '',
    ...(run.error === undefined
      ? []
      : [`**${run.error.code}** ${text(run.error.message)}`, '', `Next step: ${text(run.error.next)}`, '']),
    ...worstFirst(topologies).flatMap(broken),
    ...topologies.flatMap(knownIssues),
    ...later(topologies),
    `| topology | verdict | ${upgrades ? 'requests' : 'checks'} |`,
    '|---|---|---|',
    ...topologies.map((topology) => row([text(variantName(topology)), verdictOf(topology), outcomeOf(topology)])),
    '',
    ...topologies.flatMap(upgraded),
    `Istio ${text(environment.istio)}, Kubernetes ${text(environment.kubernetes)}, ` +
      `Envoy ${text(environment.envoy)}; run ${text(run.id)}, ${duration(seconds)}`,
    '',
    ...problems(topologies),
  ]
  return bounded(lines, bytes)
}

const marked = ({ mark, word }: { mark: string; word: string }): string => `${mark} ${word}`

const verdictOf = ({ verdict, upgrade }: TopologyResult): string =>
  marked(upgrade ? upgradeVerdictWords[upgrade.verdict] : verdictWords[verdict])

/** The findings and the phases of an upgrade. */
const upgraded = ({ upgrade }: TopologyResult): string[] => {
  if (!upgrade) return []
  const { findings, phases } = upgrade
  return [
    ...(findings.length > 0 ? findingTable(findings) : []),
    '| phase | verdict | seconds | requests |',
    '|---|---|---|---|',
    ...phases.map((phase) => phaseRow(upgrade, phase)),
    '',
  ]
}

const findingTable = (findings: readonly UpgradeFinding[]): string[] => [
  '| verdict | phase | code | cause | seen | next |',
  '|---|---|---|---|---|---|',
  ...findings.map(({ verdict, phase, code, cause, seen: observed, hint: fix }) =>
    row([marked(upgradeVerdictWords[verdict]), phase, code, text(cause), text(observed), text(fix)]),
  ),
  '',
]

const phaseRow = (upgrade: Upgrade, phase: UpgradePhaseResult): string => {
  const measured = upgrade.measured.filter((figures) => figures.phase === phase.id)
  return row([
    text(phaseWords(phase)),
    marked(upgradeVerdictWords[phase.verdict]),
    phase.seconds.toFixed(1),
    phase.verdict === 'not-run' ? text(phase.reason) : lostWith(upgrade, measured),
  ])
}

const broken = (topology: TopologyResult): string[] => {
  const afterwards = afterUpgrade(topology)
  const explanation = afterwards ?? explanationOf(topology)
  if (explanation) {
    const { layerName, code, cause, where, evidence, fix } = explanation
    const title = afterwards ? 'the mesh afterwards, first broken layer' : 'first broken layer'
    return [
      `> [!CAUTION]`,
      `> **${text(variantName(topology))}: ${title} is ${text(layerName)}** (${code})`,
      '>',
      `> ${text(cause)} (${text(where)})`,
      '>',
      ...listed(evidence),
      `> Next step: <code>${text(fix)}</code>`,
      ...(afterwards ? [] : ['>', `> Shows in: ${text(failedIds(topology.checks).join(', '))}`]),
      '',
    ]
  }
  const first = firstBroken(topology.checks)
  const narrowed = narrowedTo(topology)
  return first === undefined
    ? []
    : [
        `> [!CAUTION]`,
        `> **${text(variantName(topology))}: first broken layer is ${first.layer}** (${first.check}, ${first.code})`,
        '>',
        `> ${text(first.cause)}`,
        '>',
        ...(narrowed
          ? [
              isMeasured(narrowed)
                ? `> ${measuredItself} ${text(routeOf(narrowed))} (${text(narrowed.id)}).`
                : `> ${unexplained} Narrowed to ${text(routeOf(narrowed))} (${text(narrowed.id)}).`,
              '>',
            ]
          : []),
        `> Next step: ${text(first.hint)}`,
        '',
      ]
}

/** The known issues of the release that checks of a topology met. */
const knownIssues = (topology: TopologyResult): string[] =>
  knownIssuesIn(topology.checks).flatMap(({ known, ids }) => [
    `> [!WARNING]`,
    `> **${text(variantName(topology))}: ${text(knownIssueWords(known))}** (${text(ids.join(', '))})`,
    '>',
    `> ${text(known.title)} (Istio ${text(known.releases.join(', '))})`,
    '>',
    `> See: ${text(known.url)}`,
    '',
  ])

/** What will hurt later in meshes whose checks passed. */
const later = (topologies: readonly TopologyResult[]): string[] => {
  const warnings = topologies.flatMap((topology) => laterTroubles(topology).map((finding) => ({ topology, finding })))
  const more = warnings.length - mostAnnotations
  return [
    ...warnings
      .slice(0, mostAnnotations)
      .flatMap(({ topology, finding: { code, cause, where, evidence, fix } }) => [
        `> [!NOTE]`,
        `> **${text(variantName(topology))}: warning** (${code})`,
        '>',
        `> ${text(cause)} (${text(where)})`,
        '>',
        ...listed(evidence),
        `> See: <code>${text(fix)}</code>`,
        '',
      ]),
    ...(more > 0 ? [`${more} more warnings are in report.html.`, ''] : []),
  ]
}

const problems = (topologies: TopologyResult[]): string[] => {
  const rows = worstFirst(topologies).flatMap((topology) =>
    [...topology.checks, ...judgeChecks(topology)]
      .filter(({ verdict }) => ['fail', 'flaky', 'not-run'].includes(verdict))
      .map((check) =>
        row([
          [
            marked(verdictWords[check.verdict]),
            ...(check.knownIssue ? [text(knownIssueWords(check.knownIssue))] : []),
          ].join(', '),
          text(variantName(topology)),
          text(check.id),
          text(routeOf(check)),
          text(check.reason),
        ]),
      ),
  )
  return rows.length === 0
    ? []
    : [
        '### Checks that did not pass at the first attempt',
        '',
        '| verdict | topology | check | where | reason |',
        '|---|---|---|---|---|',
        ...rows,
      ]
}
