import { z } from 'zod'
import { CheckResult, CodeText, Phase, Timestamp } from './result-parts.ts'

/**
 * What a continuous probe does: requests on new connections, on a kept one, or one long answer; what must be refused;
 * and what no mesh is part of.
 */
export const ProbeKind = z.enum([
  'new-connection',
  'keep-alive',
  'stream',
  'plaintext',
  'wrong-identity',
  'wrong-subset',
  'outside',
])
export type ProbeKind = z.infer<typeof ProbeKind>

/** One continuous probe: who asks whom, and how. */
export const Probe = z.strictObject({
  /**
   * Stable within a run: `cluster1→cluster2 new-connection`, with ` no-retries` and ` restarted` where that is so.
   */
  id: z.string(),
  from: z.string(),
  to: z.string(),
  kind: ProbeKind,
  /** Istio’s default of two, which hides failures, or none. */
  retries: z.enum(['default', 'none']),
  /** Whether the client’s pods stay through the upgrade, or are restarted with the workloads. */
  pods: z.enum(['kept', 'restarted']),
  /** `refusal`: an answer is what must not be. */
  expects: z.enum(['answers', 'refusal']),
})
export type Probe = z.infer<typeof Probe>

/** Why a request got no good answer: Envoy’s response flags where a proxy said so, otherwise what curl saw. */
export const LossClass = z.enum([
  'UF',
  'UH',
  'UO',
  'UC',
  'NR',
  'NC',
  'other-5xx',
  'tls',
  'reset',
  'timeout',
  'refused',
  'dns',
  'other',
])
export type LossClass = z.infer<typeof LossClass>

export const Loss = z.strictObject({
  /** Its number in the probe’s pod, `pod/number`. */
  id: z.string(),
  at: Timestamp,
  milliseconds: z.number(),
  class: LossClass,
  status: z.number(),
  detail: z.string(),
})
export type Loss = z.infer<typeof Loss>

/** A break of a long answer, and what happened nearest to it. */
export const StreamBreak = z.strictObject({ at: Timestamp, gapMilliseconds: z.number(), event: z.string() })
export type StreamBreak = z.infer<typeof StreamBreak>

/** What one probe saw in one phase. */
export const Measured = z.strictObject({
  probe: z.string(),
  phase: z.string(),
  sent: z.number(),
  answered: z.number(),
  retried: z.number(),
  lost: z.number(),
  /** The first of the lost, at most a hundred. */
  losses: z.array(Loss),
  classes: z.partialRecord(LossClass, z.number()),
  /** Answers from a version or an instance that must not answer; for a probe that expects refusal, answers at all. */
  wrong: z.number(),
  /** The longest time between two good answers. */
  longestGapMilliseconds: z.number(),
  /**
   * The longest time in which the probe itself sent nothing and waited for nothing: then nothing is known of the mesh.
   */
  longestSilenceMilliseconds: z.number(),
  p50Milliseconds: z.number(),
  p99Milliseconds: z.number(),
  streamBreaks: z.array(StreamBreak),
})
export type Measured = z.infer<typeof Measured>

/**
 * One second of a probe, for its lane of the timeline: good answers, losses, and the slowest answer in milliseconds.
 */
export const Second = z.tuple([z.number(), z.number(), z.number()])
/** A probe’s seconds, the first at the timeline’s start. */
export const Lane = z.strictObject({ probe: z.string(), seconds: z.array(Second) })
export type Lane = z.infer<typeof Lane>

/**
 * Something that happened in a cluster, or to the upgrade itself where `cluster` is empty: a pod that went or became
 * ready, a step, a host that stood still.
 */
export const UpgradeEvent = z.strictObject({ at: Timestamp, cluster: z.string(), what: z.string() })
export type UpgradeEvent = z.infer<typeof UpgradeEvent>

const phaseIds = ['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P10', 'P11'] as const
export const PhaseId = z.enum(phaseIds)
export type PhaseId = z.infer<typeof PhaseId>

/** What a phase touches: what it may cost depends on it. */
export const PhaseKind = z.enum([
  'preflight',
  'baseline',
  'control-plane',
  'workloads',
  'gateways',
  'removal',
  'secrets',
  'trust',
  'rollback',
])
export type PhaseKind = z.infer<typeof PhaseKind>

/** From best to worst: `warn` is green with something to look at, `inconclusive` and `not-run` are never green. */
export const UpgradeVerdict = z.enum(['pass', 'warn', 'not-run', 'inconclusive', 'fail'])
export type UpgradeVerdict = z.infer<typeof UpgradeVerdict>

/** Something a verdict rests on, worst first: what was seen, and the cause that it names. */
export const UpgradeFinding = z.strictObject({
  verdict: z.enum(['warn', 'inconclusive', 'fail']),
  phase: PhaseId,
  code: CodeText,
  cause: z.string(),
  hint: z.string(),
  /** What was seen, in figures. */
  seen: z.string(),
  probe: z.string().optional(),
  check: z.string().optional(),
})
export type UpgradeFinding = z.infer<typeof UpgradeFinding>

/** A proxy or control plane as it says it is. */
export const RunningRelease = z.strictObject({
  cluster: z.string(),
  workload: z.string(),
  istio: z.string(),
  envoy: z.string(),
})
export type RunningRelease = z.infer<typeof RunningRelease>

export const UpgradePhaseResult = z.strictObject({
  id: PhaseId,
  name: z.string(),
  kind: PhaseKind,
  startedAt: Timestamp,
  /** The whole phase: its steps, its checks and the time in which probes went on. */
  seconds: z.number(),
  verdict: UpgradeVerdict,
  reason: z.string(),
  steps: z.array(Phase),
  checks: z.array(CheckResult),
  releases: z.array(RunningRelease),
})
export type UpgradePhaseResult = z.infer<typeof UpgradePhaseResult>

/** What requests may be lost, where any may be: shares as 0.001 for 0.1 %. */
export const Budgets = z.strictObject({ maxLoss: z.number(), maxGapMilliseconds: z.number(), maxP99Ratio: z.number() })
export type Budgets = z.infer<typeof Budgets>

/** Something that is worse than in an earlier run: what, and how it was and is. */
export const Worse = z.strictObject({ what: z.string(), before: z.string(), now: z.string() })
export type Worse = z.infer<typeof Worse>

/** The part of results.json that an upgrade adds to its topology (facts of upgrades; issue 6). */
export const Upgrade = z.strictObject({
  from: z.strictObject({ istio: z.string(), envoy: z.string() }),
  to: z.strictObject({ istio: z.string(), envoy: z.string() }),
  strategy: z.enum(['in-place', 'revision']),
  budgets: Budgets,
  verdict: UpgradeVerdict,
  findings: z.array(UpgradeFinding),
  phases: z.array(UpgradePhaseResult),
  /** Phases that this upgrade has not, and why: there is nothing to do in them, or nobody asked. */
  leftOut: z.array(z.strictObject({ phase: PhaseId, why: z.string() })),
  probes: z.array(Probe),
  measured: z.array(Measured),
  timeline: z.strictObject({ startedAt: Timestamp, lanes: z.array(Lane), events: z.array(UpgradeEvent) }),
  /** Share of one core that the probes’ own programs took, and that the mesh’s proxies took meanwhile. */
  overhead: z.strictObject({ probes: z.number(), proxies: z.number() }).optional(),
  /** Defaults of Istio that changed between the two versions, a line each. */
  changedDefaults: z.array(z.string()),
  /** What got worse than in an earlier run, where there was one to compare with. */
  compared: z.strictObject({ run: z.string(), worse: z.array(Worse) }).optional(),
})
export type Upgrade = z.infer<typeof Upgrade>
