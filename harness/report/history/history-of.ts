import type { CheckHistory, CheckPoint, Counts, History, HistoryRun, TopologyHistory } from '#results/history.ts'
import { type CheckResult, type Results, type TopologyResult, variantName } from '#results/results.ts'
import { medianOf } from '#results/median.ts'
import { phasesOf, spanOf } from '#report/phase-spans.ts'
import { runVerdict, verdictWords } from '#report/words.ts'
import { slowerOf } from './slower.ts'

/** A run that was read, and the folder of its report. */
export type ReadRun = { folder: string; results: Results }

/**
 * The history of runs: the verdict of every topology; the verdicts and the durations of every check; which checks
 * flake, and what became slower. `leftOut` passes through.
 */
export const historyOf = (runs: readonly ReadRun[], leftOut: History['leftOut']): History => {
  const sorted = runs.toSorted((a, b) => Date.parse(a.results.run.startedAt) - Date.parse(b.results.run.startedAt))
  const all = sorted.flatMap(({ results }) =>
    results.topologies.map((topology): InRun => ({ run: results.run.id, topology })),
  )
  const variants = [...Map.groupBy(all, ({ topology }) => keyOf(topology)).values()]
  return {
    schema: 'meshproof.history/v1',
    runs: sorted.map(runOf),
    topologies: variants.flatMap(topologyHistory),
    checks: variants.flatMap(checkHistories),
    leftOut,
  }
}

/** A variant of a topology in one run. Tests, upgrades and judges of it are compared among themselves only. */
type InRun = { run: string; topology: TopologyResult }

const keyOf = (topology: TopologyResult): string => JSON.stringify([topology.name, topology.mtls, commandOf(topology)])

const commandOf = ({ upgrade, judges }: TopologyResult): TopologyHistory['command'] =>
  upgrade ? 'upgrade' : judges ? 'judge' : 'test'

const runOf = ({ folder, results }: ReadRun): HistoryRun => {
  const { run, environment, topologies } = results
  return {
    id: run.id,
    folder,
    startedAt: run.startedAt,
    seconds: (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000,
    verdict: runVerdict(results),
    exitCode: run.exitCode,
    istio: environment.istio,
    kubernetes: environment.kubernetes,
    topologies: topologies.map(variantName),
  }
}

const topologyHistory = (variant: readonly InRun[]): TopologyHistory[] => {
  const [first] = variant
  if (!first) return []
  const points = variant.map(({ run, topology }) => ({
    run,
    verdict: topology.upgrade?.verdict ?? topology.verdict,
    ...secondsOf(topology),
  }))
  const lab = slowerOf(points.flatMap(({ labSeconds }) => labSeconds ?? []))
  const checks = slowerOf(points.flatMap(({ checksSeconds }) => checksSeconds ?? []))
  const { name, mtls } = first.topology
  return [
    {
      name,
      mtls,
      command: commandOf(first.topology),
      counts: countsOf(points.map(({ verdict }) => verdict)),
      points,
      slower: { ...(lab ? { lab } : {}), ...(checks ? { checks } : {}) },
    },
  ]
}

/** How long the lab and the checks took. A part that failed or was stopped has no duration to compare. */
const secondsOf = ({
  phases,
  upgrade,
}: TopologyResult): Pick<TopologyHistory['points'][number], 'labSeconds' | 'checksSeconds'> => {
  if (upgrade) return {}
  const [lab, checks] = [phasesOf(phases, 'lab'), phasesOf(phases, 'checks')]
  const cameUp = lab.length > 0 && checks.length > 0 && lab.every(({ verdict }) => verdict === 'pass')
  const passed = checks.length > 0 && checks.every(({ verdict }) => verdict === 'pass')
  return {
    ...(cameUp ? { labSeconds: spanOf(lab) } : {}),
    ...(passed ? { checksSeconds: spanOf(checks) } : {}),
  }
}

/** The checks of a variant. The checks of an upgrade are judged by its phases, and are not compared. */
const checkHistories = (variant: readonly InRun[]): CheckHistory[] => {
  const asked = variant
    .filter(({ topology }) => !topology.upgrade)
    .flatMap(({ run, topology }) => topology.checks.map((check) => ({ run, topology, check })))
    .filter(({ check }) => check.verdict !== 'skipped')
  return [...Map.groupBy(asked, ({ check }) => check.id).values()].flatMap((ofCheck): CheckHistory[] => {
    const [first] = ofCheck
    if (!first) return []
    const points = [...Map.groupBy(ofCheck, ({ run }) => run)].map(([run, places]) =>
      pointOf(
        run,
        places.map(({ check }) => check),
      ),
    )
    const seconds = points.flatMap((point) => point.seconds ?? [])
    const counts = countsOf(points.map(({ verdict }) => verdict))
    const judged = judgedOf(counts)
    const [median, newest, slower] = [medianOf(seconds), seconds.at(-1), slowerOf(seconds)]
    return [
      {
        id: first.check.id,
        layer: first.check.layer,
        topology: first.topology.name,
        mtls: first.topology.mtls,
        counts,
        flakyRate: judged === 0 ? 0 : counts.flaky / judged,
        ...(median === undefined ? {} : { medianSeconds: median }),
        ...(newest === undefined ? {} : { newestSeconds: newest }),
        ...(slower === undefined ? {} : { slower }),
        points,
      },
    ]
  })
}

const pointOf = (run: string, places: readonly CheckResult[]): CheckPoint => {
  const [worst] = places.toSorted((a, b) => verdictWords[a.verdict].rank - verdictWords[b.verdict].rank)
  const passed = places.flatMap(({ attempts }) => attempts.filter(({ verdict }) => verdict === 'pass'))
  const seconds = passed.map((attempt) => attempt.seconds)
  return {
    run,
    verdict: worst?.verdict ?? 'not-run',
    ...(seconds.length > 0 ? { seconds: Math.max(...seconds) } : {}),
  }
}

const countsOf = (verdicts: readonly TopologyHistory['points'][number]['verdict'][]): Counts => {
  const count = (...wanted: (typeof verdicts)[number][]): number =>
    verdicts.filter((verdict) => wanted.includes(verdict)).length
  return {
    passed: count('pass', 'warn'),
    flaky: count('flaky'),
    failed: count('fail'),
    notRun: count('not-run', 'inconclusive', 'skipped'),
  }
}

/** In how many runs there was a verdict. */
export const judgedOf = ({ passed, flaky, failed }: Counts): number => passed + flaky + failed
