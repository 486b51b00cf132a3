import { z } from 'zod'
import { CheckResult, CodeText, Phase, Timestamp } from './result-parts.ts'

/**
 * What a continuous probe does: requests on new connections, requests on a kept connection, or a long answer; requests
 * that the mesh must refuse; requests outside the mesh.
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

/** A continuous probe: which cluster asks which, and how. */
export const Probe = z.strictObject({
  /** Stable within a run: `cluster1→cluster2 new-connection`, and ` no-retries` or ` restarted` if they apply. */
  id: z.string(),
  from: z.string(),
  to: z.string(),
  kind: ProbeKind,
  /** Istio’s default of two retries, which hides failures, or no retries. */
  retries: z.enum(['default', 'none']),
  /** Whether the pods of the client stay during the upgrade, or restart with the workloads. */
  pods: z.enum(['kept', 'restarted']),
  /** `refusal`: the mesh must not answer. */
  expects: z.enum(['answers', 'refusal']),
})
export type Probe = z.infer<typeof Probe>

/** Why a request got no good answer: the response flags of Envoy if there are any, or else the error of curl. */
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

/** A request that was lost. */
export const Loss = z.strictObject({
  /** The pod of the probe and the number of the request there, `pod/number`. */
  id: z.string(),
  at: Timestamp,
  milliseconds: z.number(),
  class: LossClass,
  status: z.number(),
  detail: z.string(),
})
export type Loss = z.infer<typeof Loss>

/** A break of a long answer, and the event that is nearest to it. */
export const StreamBreak = z.strictObject({
  at: Timestamp,
  gapMilliseconds: z.number(),
  event: z.string(),
  /** True where the answer ended with a pod that the phase replaces. Absent where it did not. */
  planned: z.literal(true).optional(),
})
export type StreamBreak = z.infer<typeof StreamBreak>

/** What a probe measured in a phase. */
export const Measured = z.strictObject({
  probe: z.string(),
  phase: z.string(),
  sent: z.number(),
  answered: z.number(),
  retried: z.number(),
  lost: z.number(),
  /** The first lost requests, at most a hundred. */
  losses: z.array(Loss),
  classes: z.partialRecord(LossClass, z.number()),
  /** Answers from a version or an instance that must not answer. For a probe that expects refusal: all answers. */
  wrong: z.number(),
  /** The longest time between two good answers. */
  longestGapMilliseconds: z.number(),
  /** The longest time in which the probe sent nothing and waited for nothing. It says nothing about the mesh. */
  longestSilenceMilliseconds: z.number(),
  p50Milliseconds: z.number(),
  p99Milliseconds: z.number(),
  streamBreaks: z.array(StreamBreak),
})
export type Measured = z.infer<typeof Measured>

/** A second of a probe in the timeline: good answers, losses, and the slowest answer in milliseconds. */
export const Second = z.tuple([z.number(), z.number(), z.number()])
/** The seconds of a probe, the first at the start of the timeline. */
export const Lane = z.strictObject({ probe: z.string(), seconds: z.array(Second) })
export type Lane = z.infer<typeof Lane>

/**
 * An event in a cluster: a pod that went or became ready, a host that stood still. If `cluster` is empty, it is a step
 * of the upgrade itself.
 */
export const UpgradeEvent = z.strictObject({ at: Timestamp, cluster: z.string(), what: z.string() })
export type UpgradeEvent = z.infer<typeof UpgradeEvent>

const phaseIds = ['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P10', 'P11'] as const

/** The id of a phase of an upgrade. */
export const PhaseId = z.enum(phaseIds)
export type PhaseId = z.infer<typeof PhaseId>

/** What a phase changes. The losses that it may have depend on it. */
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

/** From best to worst. `warn` passed with a warning; `inconclusive` and `not-run` never count as passed. */
export const UpgradeVerdict = z.enum(['pass', 'warn', 'not-run', 'inconclusive', 'fail'])
export type UpgradeVerdict = z.infer<typeof UpgradeVerdict>

/** A reason for the verdict of an upgrade: what was observed, and its cause. */
export const UpgradeFinding = z.strictObject({
  verdict: z.enum(['warn', 'inconclusive', 'fail']),
  phase: PhaseId,
  code: CodeText,
  cause: z.string(),
  hint: z.string(),
  /** What was observed, in figures. */
  seen: z.string(),
  probe: z.string().optional(),
  check: z.string().optional(),
})
export type UpgradeFinding = z.infer<typeof UpgradeFinding>

/** The release that a proxy or a control plane reports about itself. */
export const RunningRelease = z.strictObject({
  cluster: z.string(),
  workload: z.string(),
  istio: z.string(),
  envoy: z.string(),
})
export type RunningRelease = z.infer<typeof RunningRelease>

/** The result of a phase of an upgrade. */
export const UpgradePhaseResult = z.strictObject({
  id: PhaseId,
  name: z.string(),
  kind: PhaseKind,
  startedAt: Timestamp,
  /** The duration of the whole phase: its steps, its checks, and the time in which only the probes ran. */
  seconds: z.number(),
  verdict: UpgradeVerdict,
  reason: z.string(),
  steps: z.array(Phase),
  checks: z.array(CheckResult),
  releases: z.array(RunningRelease),
})
export type UpgradePhaseResult = z.infer<typeof UpgradePhaseResult>

/** The limits of phases that may lose requests. Shares are fractions: 0.001 is 0.1 %. */
export const Budgets = z.strictObject({ maxLoss: z.number(), maxGapMilliseconds: z.number(), maxP99Ratio: z.number() })
export type Budgets = z.infer<typeof Budgets>

/** A figure that is worse than in an earlier run, before and now. */
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
  /** The phases that this upgrade does not have, and why: there is nothing to do in them, or no flag asks for them. */
  leftOut: z.array(z.strictObject({ phase: PhaseId, why: z.string() })),
  probes: z.array(Probe),
  measured: z.array(Measured),
  timeline: z.strictObject({ startedAt: Timestamp, lanes: z.array(Lane), events: z.array(UpgradeEvent) }),
  /** The share of a core that the programs of the probes used, and that the proxies of the mesh used meanwhile. */
  overhead: z.strictObject({ probes: z.number(), proxies: z.number() }).optional(),
  /** The defaults of Istio that changed between the two versions, a line for each. */
  changedDefaults: z.array(z.string()),
  /** What is worse than in an earlier run, if the upgrade is compared with one. */
  compared: z.strictObject({ run: z.string(), worse: z.array(Worse) }).optional(),
})
export type Upgrade = z.infer<typeof Upgrade>
