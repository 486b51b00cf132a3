import { z } from 'zod'
import type { Budgets } from '#results/results.ts'

const share = z
  .string()
  .regex(/^\d+(\.\d+)?%?$/, 'a share of requests: 0.1% or 0.001')
  .transform((text) => (text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)))
  .refine((part) => part <= 1, 'more than all requests cannot be lost')

const milliseconds = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s)$/, 'a time: 1s or 500ms')
  .transform((text) => (text.endsWith('ms') ? Number(text.slice(0, -2)) : Number(text.slice(0, -1)) * 1000))

/**
 * The flags for the budgets of an upgrade (facts of upgrades, “Verdict”): `--max-loss`, a share of requests;
 * `--max-gap`, in milliseconds; `--max-p99-ratio`, a multiple of the baseline.
 */
export const budgetOptions = {
  maxLoss: share.default(0.001),
  maxGap: milliseconds.default(1000),
  maxP99Ratio: z.coerce.number().min(1, 'times the baseline: 1 or more').default(1.5),
}

/** The budgets that the flags set. */
export const budgetsOf = ({
  maxLoss,
  maxGap,
  maxP99Ratio,
}: { [flag in keyof typeof budgetOptions]: z.infer<(typeof budgetOptions)[flag]> }): Budgets => ({
  maxLoss,
  maxGapMilliseconds: maxGap,
  maxP99Ratio,
})
