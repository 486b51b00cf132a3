import { z } from 'zod'
import type { Code } from '#codes/index.ts'

// The parts of results.json that stand in several places of it.

/** `flaky`: passed on a retry. `skipped` and `not-run` carry a reason and never count as passed. */
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
  'resilience',
] as const
export const Layer = z.enum(layers)
export type Layer = z.infer<typeof Layer>

/** A moment, in ISO’s form. */
export const Timestamp = z.iso.datetime()

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

/**
 * A code, as a document holds it. A document that another version wrote may hold codes that this version does not know:
 * any text is read, and only a code of the table can be written.
 */
export const CodeText = z.string() as z.ZodType<Code>

export const Diagnosis = z.strictObject({ layer: Layer, code: CodeText, cause: z.string(), hint: z.string() })
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

export const Phase = z.strictObject({
  name: z.string(),
  startedAt: Timestamp,
  seconds: z.number(),
  verdict: z.enum(['pass', 'fail', 'not-run']),
})
export type Phase = z.infer<typeof Phase>
