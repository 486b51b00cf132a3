import { z } from 'zod'
import { Timestamp, Verdict } from './result-parts.ts'

/** A test of a judge. */
export const JudgeTest = z.strictObject({
  name: z.string(),
  verdict: Verdict,
  /** Why it failed, was skipped or did not run; empty where it passed. */
  reason: z.string(),
  seconds: z.number(),
})
export type JudgeTest = z.infer<typeof JudgeTest>

/** A level of support, as the judge’s own report counts its tests. */
export const JudgeLevel = z.strictObject({
  name: z.string(),
  /** The word of the judge: `success`, `partial` or `failure`. */
  result: z.string(),
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
})
export type JudgeLevel = z.infer<typeof JudgeLevel>

/** The verdict of a judge: tests that another project wrote, run by the command `judge`. */
export const JudgeResult = z.strictObject({
  /** The name of the judge, such as `gateway-api`, and the version of its tests. */
  judge: z.string(),
  version: z.string(),
  /** The clusters that it judged together. */
  clusters: z.array(z.string()),
  verdict: Verdict,
  reason: z.string(),
  startedAt: Timestamp,
  seconds: z.number(),
  levels: z.array(JudgeLevel),
  tests: z.array(JudgeTest),
  /** The file that the judge wrote itself, unmodified, relative to the folder of results.json. */
  report: z.string().optional(),
  /** What the judge printed, relative to the folder of results.json. */
  log: z.string().optional(),
})
export type JudgeResult = z.infer<typeof JudgeResult>
