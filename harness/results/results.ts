import { z } from 'zod'
import { CheckResult, CodeText, Phase, Timestamp, Verdict } from './result-parts.ts'
import { JudgeResult } from './judge-results.ts'
import { MeshDiagnosis } from './mesh-diagnosis.ts'
import { Upgrade } from './upgrade-results.ts'

export * from './judge-results.ts'
export * from './result-parts.ts'
export * from './upgrade-results.ts'

/** A round of a topology’s checks, in a run with --repeat. */
export const Round = z.strictObject({
  /** The lab of the round. With --fresh each round has its own. Absent for existing clusters. */
  lab: z.string().optional(),
  /** When its checks began. Absent where they did not. */
  startedAt: Timestamp.optional(),
  /** The seconds of its checks. */
  seconds: z.number(),
  verdict: Verdict,
  reason: z.string(),
  /** Its support bundle, where it has one of its own. */
  bundle: z.string().optional(),
})
export type Round = z.infer<typeof Round>

/** The results of a variant of a topology. */
export const TopologyResult = z.strictObject({
  name: z.string(),
  mtls: z.enum(['strict', 'off']),
  /** The clusters, as the picture of the topology shows them. */
  clusters: z.array(
    z.strictObject({
      name: z.string(),
      role: z.enum(['primary', 'remote']),
      network: z.string(),
      /** The cluster in which the istiod of this primary runs, where that is another. */
      istiodIn: z.string().optional(),
    }),
  ),
  verdict: Verdict,
  reason: z.string(),
  phases: z.array(Phase),
  checks: z.array(CheckResult),
  /** The folder with the support bundle of a failure, relative to the folder of results.json. */
  bundle: z.string().optional(),
  /** What a look at the mesh after its checks came to; absent where none was made. */
  diagnosis: MeshDiagnosis.optional(),
  /** The result of an upgrade under live traffic; only the command `upgrade` writes it. */
  upgrade: Upgrade.optional(),
  /** What others’ tests say of the mesh; only the command `judge` writes it. */
  judges: z.array(JudgeResult).optional(),
  /** The rounds, where a run repeats its checks. The verdict above is that of the worst round. */
  rounds: z.array(Round).optional(),
})
export type TopologyResult = z.infer<typeof TopologyResult>

/** The reason of a skipped check that applies to the topology, but that --suite does not select. */
export const notSelected = 'not selected by --suite'

/** The clusters of a topology, as its results have them. */
export const clustersOf = ({ clusters }: { clusters: TopologyResult['clusters'] }): TopologyResult['clusters'] =>
  clusters.map(({ name, role, network, istiodIn }) => ({
    name,
    role,
    network,
    ...(istiodIn === undefined ? {} : { istiodIn }),
  }))

/** Whether results are of a run that goes on, or was killed: its end would have replaced them. */
export const isUnfinished = ({ run }: Pick<Results, 'run'>): boolean => run.error?.code === 'MP-128'

/** The name of a variant of a topology: `vpn`, `vpn with mutual TLS off`. */
export const variantName = ({ name, mtls }: Pick<TopologyResult, 'name' | 'mtls'>): string =>
  mtls === 'off' ? `${name} with mutual TLS off` : name

const Environment = z.strictObject({
  os: z.string(),
  cpus: z.number(),
  memoryBytes: z.number(),
  engine: z.string(),
  /** The version of meshproof; older results do not have it. */
  meshproof: z.string().optional(),
  /** The version of Node that ran meshproof; older results do not have it. */
  node: z.string().optional(),
  kind: z.string(),
  kubernetes: z.string(),
  istio: z.string(),
  envoy: z.string(),
  /** What installed the mesh; results of existing clusters and older results do not have it. */
  installer: z.enum(['istioctl', 'helm']).optional(),
  /** The version of Helm, where it installed the mesh. */
  helm: z.string().optional(),
  /** The release of the Gateway API, where east-west gateways are its resources. */
  gatewayApi: z.string().optional(),
  images: z.array(z.strictObject({ name: z.string(), digest: z.string(), source: z.string() })),
})
export type Environment = z.infer<typeof Environment>

/** `results.json`: every report is made from it. Its JSON schema is docs/results.schema.json. */
export const Results = z.strictObject({
  schema: z.literal('meshproof.results/v1'),
  run: z.strictObject({
    id: z.string(),
    command: z.string(),
    /**
     * A command that makes such a run: every flag that decides it, also those of a config file, and none that says
     * where keys, kubeconfigs and reports are. Paths are shortened to their last part. Older results do not have it.
     */
    reproduce: z.string().optional(),
    startedAt: Timestamp,
    finishedAt: Timestamp,
    exitCode: z.number(),
    interrupted: z.boolean(),
    /** Why the run ended early, if it did. */
    error: z.strictObject({ code: CodeText, message: z.string(), next: z.string() }).optional(),
  }),
  environment: Environment,
  topologies: z.array(TopologyResult),
})
export type Results = z.infer<typeof Results>

/** A run: its results so far, and the folder of its reports. */
export type Run = { results: Results; folder: string }

/** The verdict of a topology: that of its worst check. With a check that did not run it is never `pass`. */
export const topologyVerdict = (checks: Pick<CheckResult, 'verdict'>[]): Verdict => {
  const verdicts = new Set(checks.map(({ verdict }) => verdict))
  if (verdicts.has('fail')) return 'fail'
  if (verdicts.has('not-run') || checks.length === 0) return 'not-run'
  if (verdicts.has('flaky')) return 'flaky'
  return verdicts.has('pass') ? 'pass' : 'skipped'
}
