import { because, type CauseCode, causes } from '#results/causes.ts'
import { diagnose } from '#results/explain.ts'
import {
  type Attempt,
  type CheckResult,
  clustersOf,
  type Results,
  type TopologyResult,
  topologyVerdict,
} from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { makePlans, type TopologyPlan } from '#run/plan.ts'
import { diagnosisWith } from './mesh-diagnosis.ts'
import { evidenceOf } from './report-evidence.ts'
import { resultsOf } from './results.ts'

/** The checks that fail, as id and cluster from which it runs (`mesh` for several clusters), with the cause of each. */
type Faults = Record<string, CauseCode>

const start = Date.UTC(2026, 0, 31, 12)
const timeAt = (seconds: number): string => new Date(start + seconds * 1000).toISOString()

/**
 * The results of a run of these topologies: every planned check with its evidence, every skipped check with its reason.
 */
export const runOf = async (names: string[], faults: Faults = {}): Promise<Results> => {
  const checks = catalogue
  const plans = await makePlans(names, [], checks)
  const topologies = plans.map((plan): TopologyResult => {
    const run = plan.planned.flatMap((planned) =>
      checks
        .filter(({ id }) => id === planned.id)
        .map(({ layer, title, source }) =>
          asResult(
            { layer, title, source, ...planned, verdict: 'pass', reason: '21 of 21  v1 10, v2 11', attempts: [] },
            plan,
            faults,
          ),
        ),
    )
    const diagnosed = diagnose([...run, ...plan.skipped])
    return {
      name: plan.topology.name,
      mtls: plan.topology.mtls,
      clusters: clustersOf(plan.topology),
      verdict: topologyVerdict(diagnosed),
      reason: '',
      phases: phasesOf(plan),
      checks: diagnosed,
    }
  })
  const failed = topologies.some(({ verdict }) => verdict === 'fail')
  const results = resultsOf(...topologies)
  return {
    ...results,
    run: {
      ...results.run,
      command: `meshproof --topology=${names.join(',')}`,
      startedAt: timeAt(0),
      finishedAt: timeAt(105),
      exitCode: failed ? 1 : 0,
    },
    environment: {
      os: 'linux 6.1.0 x64',
      cpus: 2,
      memoryBytes: 8 * 2 ** 30,
      engine: 'docker 28.0.0',
      meshproof: '0.1.0',
      kind: 'kind v0.33.0',
      kubernetes: 'v1.34.4',
      istio: '1.31.0',
      envoy: '1.39.3',
      images: ['istio/pilot:1.31.0', 'istio/proxyv2:1.31.0', 'curlimages/curl:8.17.0'].map((name, index) => ({
        name,
        digest: `sha256:${String(index).repeat(64)}`,
        source: 'release',
      })),
    },
  }
}

/**
 * The results of a run with a firewall in front of cluster2’s gateway: a check of the network fails, and so do the
 * checks that need it.
 */
export const failingRun = (): Promise<Results> =>
  runOf(['gateway'], {
    'net.gateway-open cluster1': 'MP-712',
    'reach.both-versions cluster1': 'MP-752',
    'reach.path mesh': 'MP-753',
    'route.pin-v2 mesh': 'MP-761',
    'mtls.strict mesh': 'MP-771',
    'failover.local-down mesh': 'MP-781',
  })

/** A failing run whose mesh was diagnosed: cluster2’s gateway has no pod, and two problems follow from it. */
export const explainedRun = async (): Promise<Results> => {
  const gateway = { layer: 'gateways', code: 'MP-887', where: 'cluster2 istio-system/istio-eastwestgateway' } as const
  const diagnosis = diagnosisWith(
    [
      { layer: 'trust', code: 'MP-845', where: 'cluster1', severity: 'warning' },
      gateway,
      { layer: 'gateways', code: 'MP-885', where: 'cluster1 → 172.18.0.5:15443', followsFrom: 'MP-887' },
      { layer: 'endpoints', code: 'MP-892', where: 'helloworld.sample', followsFrom: 'MP-887' },
    ],
    gateway,
  )
  return withDiagnosis(await failingRun(), diagnosis)
}

/** A run whose checks passed, and whose mesh has a trouble that hurts later. */
export const warnedRun = async (): Promise<Results> =>
  withDiagnosis(
    await runOf(['gateway']),
    diagnosisWith([{ layer: 'trust', code: 'MP-845', where: 'cluster1', severity: 'warning' }]),
  )

const withDiagnosis = (results: Results, diagnosis: TopologyResult['diagnosis']): Results => ({
  ...results,
  topologies: results.topologies.map((topology) => ({ ...topology, diagnosis })),
})

const asResult = (check: CheckResult, { topology }: TopologyPlan, faults: Faults): CheckResult => {
  const code = faults[`${check.id} ${check.from.length > 1 ? 'mesh' : check.from.join()}`]
  const seconds = check.layer === 'failover' ? 15.5 : 1.3
  const attempt = (verdict: Attempt['verdict'], reason: string, secondsIntoChecks: number): Attempt => ({
    startedAt: timeAt(40 + secondsIntoChecks),
    seconds,
    verdict,
    reason,
    evidence: evidenceOf(check, topology.clusters, verdict === 'pass'),
  })
  if (code === undefined) return { ...check, attempts: [attempt('pass', check.reason, 0)] }
  const reason = `${because(code)}: expected false to be true`
  // A check above a broken layer is not tried again.
  return {
    ...check,
    verdict: 'fail',
    reason,
    attempts: [
      attempt('fail', reason, 0),
      ...(causes[code].layer === 'network' ? [attempt('fail', reason, seconds)] : []),
    ],
  }
}

const phasesOf = ({ topology, steps }: TopologyPlan): TopologyResult['phases'] => [
  { name: 'images', startedAt: timeAt(0), seconds: 0.1, verdict: 'pass' },
  ...topology.clusters.map(({ name }, index) => ({
    name: `${name}: created`,
    startedAt: timeAt(1),
    seconds: 14 + 6 * index,
    verdict: 'pass' as const,
  })),
  ...steps.map(({ name }, index) => ({
    name,
    startedAt: timeAt(15 + index),
    seconds: 1.5 + (index % 4),
    verdict: 'pass' as const,
  })),
  { name: 'checks', startedAt: timeAt(40), seconds: 60, verdict: 'pass' },
  { name: 'teardown', startedAt: timeAt(100), seconds: 2.5, verdict: 'pass' },
]
