import { z } from 'zod'
import { CheckResult, CodeText, Phase, Timestamp, Verdict } from './result-parts.ts'
import { Upgrade } from './upgrade-results.ts'

export * from './result-parts.ts'
export * from './upgrade-results.ts'

export const TopologyResult = z.strictObject({
  name: z.string(),
  mtls: z.enum(['strict', 'off']),
  /** Who is part of it: what a picture of it is drawn from. */
  clusters: z.array(z.strictObject({ name: z.string(), role: z.enum(['primary', 'remote']), network: z.string() })),
  verdict: Verdict,
  reason: z.string(),
  phases: z.array(Phase),
  checks: z.array(CheckResult),
  /** The folder with the support bundle of a failure, beside results.json. */
  bundle: z.string().optional(),
  /** What an upgrade under live traffic came to; only `upgrade` writes it. */
  upgrade: Upgrade.optional(),
})
export type TopologyResult = z.infer<typeof TopologyResult>

/** Why a check is skipped that applies to the topology, but was not asked for. */
export const notSelected = 'not selected by --suite'

/** The part of a topology that its results tell of its clusters. */
export const clustersOf = ({ clusters }: { clusters: TopologyResult['clusters'] }): TopologyResult['clusters'] =>
  clusters.map(({ name, role, network }) => ({ name, role, network }))

/** What a variant of a topology is called: `vpn`, `vpn with mutual TLS off`. */
export const variantName = ({ name, mtls }: Pick<TopologyResult, 'name' | 'mtls'>): string =>
  mtls === 'off' ? `${name} with mutual TLS off` : name

const Environment = z.strictObject({
  os: z.string(),
  cpus: z.number(),
  memoryBytes: z.number(),
  engine: z.string(),
  /** This program's own version; results of before it was kept have none. */
  meshproof: z.string().optional(),
  kind: z.string(),
  kubernetes: z.string(),
  istio: z.string(),
  envoy: z.string(),
  images: z.array(z.strictObject({ name: z.string(), digest: z.string(), source: z.string() })),
})
export type Environment = z.infer<typeof Environment>

/** `results.json`: the one document every report is made from. Its JSON schema is docs/results.schema.json. */
export const Results = z.strictObject({
  schema: z.literal('meshproof.results/v1'),
  run: z.strictObject({
    id: z.string(),
    command: z.string(),
    startedAt: Timestamp,
    finishedAt: Timestamp,
    exitCode: z.number(),
    interrupted: z.boolean(),
    /** Why the run ended early, where it did. */
    error: z.strictObject({ code: CodeText, message: z.string(), next: z.string() }).optional(),
  }),
  environment: Environment,
  topologies: z.array(TopologyResult),
})
export type Results = z.infer<typeof Results>

/** A topology is as good as its worst check; one that holds anything not run is never `pass`. */
export const topologyVerdict = (checks: Pick<CheckResult, 'verdict'>[]): Verdict => {
  const verdicts = new Set(checks.map(({ verdict }) => verdict))
  if (verdicts.has('fail')) return 'fail'
  if (verdicts.has('not-run') || checks.length === 0) return 'not-run'
  if (verdicts.has('flaky')) return 'flaky'
  return verdicts.has('pass') ? 'pass' : 'skipped'
}
