import { z } from 'zod'
import type { Code } from '#codes/index.ts'

// The parts of results.json that occur in several places.

/** `flaky`: passed on a retry. `skipped` and `not-run` have a reason and never count as passed. */
export const Verdict = z.enum(['pass', 'fail', 'flaky', 'skipped', 'not-run'])
export type Verdict = z.infer<typeof Verdict>

/** The layers of a mesh, from the bottom: the first broken one explains those above it. */
export const layers = [
  'network',
  'trust',
  'control',
  'discovery',
  'reach',
  'route',
  'mtls',
  'failover',
  'protocol',
  'resilience',
  'locality',
] as const

/** The layer of a check. */
export const CheckLayer = z.enum(layers)
export type CheckLayer = z.infer<typeof CheckLayer>

/** A moment in ISO 8601. */
export const Timestamp = z.iso.datetime()

/** A piece of evidence: the name of the probe that took it, and the facts that the probe observed. */
export const Evidence = z.looseObject({ probe: z.string() })
export type Evidence = z.infer<typeof Evidence>

/** An attempt of a check. */
export const Attempt = z.strictObject({
  startedAt: Timestamp,
  seconds: z.number(),
  /** `not-run`: the check could not ask its question, which says nothing about the mesh. */
  verdict: z.enum(['pass', 'fail', 'not-run']),
  reason: z.string(),
  evidence: z.array(Evidence),
})
export type Attempt = z.infer<typeof Attempt>

/**
 * A code, as a document holds it. A document that another version wrote may hold codes that this version does not know:
 * any text is read, and only a code of the table can be written.
 */
export const CodeText = z.string() as z.ZodType<Code>

/** Why a check failed. `hint`: what to do about it. */
export const CheckDiagnosis = z.strictObject({
  layer: CheckLayer,
  code: CodeText,
  cause: z.string(),
  hint: z.string(),
})
export type CheckDiagnosis = z.infer<typeof CheckDiagnosis>

/**
 * A defect of the release under test that explains why a check failed. The check is failed all the same: what it proves
 * does not hold.
 */
export const KnownIssue = z.strictObject({
  /** Where the defect is tracked, such as `istio/istio#56355`, and the address of that page. */
  issue: z.string(),
  url: z.url({ protocol: /^https$/ }),
  /** What is wrong, in one line. */
  title: z.string(),
  /** The releases that are known to have it. `1.31` stands for all of 1.31. */
  releases: z.array(z.string()),
})
export type KnownIssue = z.infer<typeof KnownIssue>

/** A check in one round of a run with --repeat. `seconds`: its attempts together. */
const CheckRound = z.strictObject({ verdict: Verdict, seconds: z.number(), reason: z.string() })

/** What the rounds of a check came to. */
const Repeated = z.strictObject({
  /**
   * The share of rounds in which the check failed, or passed on a retry alone. Rounds in which it did not run do not
   * count. Absent where it ran in none.
   */
  flakeRate: z.number().optional(),
  medianSeconds: z.number(),
  maxSeconds: z.number(),
  /** Every round that was asked for, in order. */
  rounds: z.array(CheckRound),
})

/** The result of a check that is asked from a place. */
export const CheckResult = z.strictObject({
  id: z.string(),
  layer: CheckLayer,
  title: z.string(),
  from: z.array(z.string()),
  to: z.array(z.string()),
  verdict: Verdict,
  reason: z.string(),
  source: z.string(),
  attempts: z.array(Attempt),
  diagnosis: CheckDiagnosis.optional(),
  /** Only with `fail`, and only where the evidence of every failed attempt shows this defect. */
  knownIssue: KnownIssue.optional(),
  /** Where a run repeats its checks. The fields above are then those of the first of the worst rounds. */
  repeated: Repeated.optional(),
})
export type CheckResult = z.infer<typeof CheckResult>

/** True where a check failed, and no known issue of the release explains it. */
export const isOpenFailure = ({ verdict, knownIssue }: Pick<CheckResult, 'verdict' | 'knownIssue'>): boolean =>
  verdict === 'fail' && knownIssue === undefined

/** A step of a run, such as creating a cluster. */
export const Phase = z.strictObject({
  name: z.string(),
  startedAt: Timestamp,
  seconds: z.number(),
  verdict: z.enum(['pass', 'fail', 'not-run']),
})
export type Phase = z.infer<typeof Phase>
