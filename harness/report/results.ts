import { z } from 'zod'

/** `flaky`: passed on a retry. `skipped` and `not-run` carry a reason and never count as passed. */
export const Verdict = z.enum(['pass', 'fail', 'flaky', 'skipped', 'not-run'])
export type Verdict = z.infer<typeof Verdict>

/** The layers of a mesh, from the bottom: the first broken one explains those above it. */
export const layers = ['network', 'trust', 'control', 'discovery', 'reach', 'route', 'mtls', 'failover'] as const
export const Layer = z.enum(layers)
export type Layer = z.infer<typeof Layer>

const Timestamp = z.iso.datetime()

/** One thing a probe saw: what it was, and its facts. */
export const Evidence = z.looseObject({ probe: z.string() })
export type Evidence = z.infer<typeof Evidence>

export const Attempt = z.strictObject({
  startedAt: Timestamp,
  seconds: z.number(),
  /** `not-run`: the question could not be asked, which says nothing about the mesh. */
  verdict: z.enum(['pass', 'fail', 'not-run']),
  reason: z.string(),
  evidence: z.array(Evidence),
})
export type Attempt = z.infer<typeof Attempt>

export const Diagnosis = z.strictObject({ layer: Layer, code: z.string(), cause: z.string(), hint: z.string() })
export type Diagnosis = z.infer<typeof Diagnosis>

export const CheckResult = z.strictObject({
  id: z.string(),
  layer: Layer,
  title: z.string(),
  from: z.array(z.string()),
  to: z.array(z.string()),
  verdict: Verdict,
  reason: z.string(),
  source: z.string(),
  attempts: z.array(Attempt),
  diagnosis: Diagnosis.optional(),
})
export type CheckResult = z.infer<typeof CheckResult>

export const Phase = z.strictObject({ name: z.string(), startedAt: Timestamp, seconds: z.number(), verdict: z.enum(['pass', 'fail', 'not-run']) })
export type Phase = z.infer<typeof Phase>

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
})
export type TopologyResult = z.infer<typeof TopologyResult>

/** Why a check is skipped that applies to the topology, but was not asked for. */
export const notSelected = 'not selected by --suite'

/** The part of a topology that its results tell of its clusters. */
export const clustersOf = ({ clusters }: { clusters: TopologyResult['clusters'] }): TopologyResult['clusters'] => clusters.map(({ name, role, network }) => ({ name, role, network }))

/** What a variant of a topology is called: `vpn`, `vpn with mutual TLS off`. */
export const variantName = ({ name, mtls }: Pick<TopologyResult, 'name' | 'mtls'>): string => (mtls === 'off' ? `${name} with mutual TLS off` : name)

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
    error: z.strictObject({ code: z.string(), message: z.string(), next: z.string() }).optional(),
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
