import { z } from 'zod'
import { CheckLayer, Timestamp, UpgradeVerdict, Verdict } from './results.ts'

/** What got slower: the medians before and now, in seconds. */
export const Slower = z.strictObject({ before: z.number(), now: z.number() })
export type Slower = z.infer<typeof Slower>

/** How often something had each verdict. */
export const Counts = z.strictObject({
  passed: z.number(),
  /** Passed on a retry. */
  flaky: z.number(),
  failed: z.number(),
  /** Should have run and did not. */
  notRun: z.number(),
})
export type Counts = z.infer<typeof Counts>

/** A run of the history. `id` names it in the other parts of the document. */
const HistoryRun = z.strictObject({
  id: z.string(),
  /** The folder of its report, as it was found. */
  folder: z.string(),
  startedAt: Timestamp,
  seconds: z.number(),
  verdict: Verdict,
  exitCode: z.number(),
  istio: z.string(),
  kubernetes: z.string(),
  topologies: z.array(z.string()),
})
export type HistoryRun = z.infer<typeof HistoryRun>

/** A topology that was tested, upgraded or judged in one run. Undefined seconds: that part did not come to its end. */
const TopologyPoint = z.strictObject({
  run: z.string(),
  verdict: z.union([Verdict, UpgradeVerdict]),
  /** Bringing the lab up. */
  labSeconds: z.number().optional(),
  /** All checks. */
  checksSeconds: z.number().optional(),
})
export type TopologyPoint = z.infer<typeof TopologyPoint>

/** A variant of a topology over time. */
const TopologyHistory = z.strictObject({
  name: z.string(),
  mtls: z.enum(['strict', 'off']),
  command: z.enum(['test', 'upgrade', 'judge']),
  counts: Counts,
  points: z.array(TopologyPoint),
  slower: z.strictObject({ lab: Slower.optional(), checks: Slower.optional() }),
})
export type TopologyHistory = z.infer<typeof TopologyHistory>

/** A check in one run: the worst of the places that asked. `seconds` is its slowest attempt that passed. */
const CheckPoint = z.strictObject({ run: z.string(), verdict: Verdict, seconds: z.number().optional() })
export type CheckPoint = z.infer<typeof CheckPoint>

/** A check of a variant of a topology over time. Runs that skipped it are not among its points. */
const CheckHistory = z.strictObject({
  id: z.string(),
  layer: CheckLayer,
  topology: z.string(),
  mtls: z.enum(['strict', 'off']),
  counts: Counts,
  /** The share of runs with a verdict in which it passed only on a retry, from 0 to 1. */
  flakyRate: z.number(),
  medianSeconds: z.number().optional(),
  newestSeconds: z.number().optional(),
  slower: Slower.optional(),
  points: z.array(CheckPoint),
})
export type CheckHistory = z.infer<typeof CheckHistory>

/** Many runs over time, the oldest first: what `history --output=json` prints. */
export const History = z.strictObject({
  schema: z.literal('meshproof.history/v1'),
  runs: z.array(HistoryRun),
  topologies: z.array(TopologyHistory),
  checks: z.array(CheckHistory),
  /** What was found and is not part of the history. */
  leftOut: z.array(z.strictObject({ folder: z.string(), reason: z.string() })),
})
export type History = z.infer<typeof History>
