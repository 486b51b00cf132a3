import { z } from 'zod'
import { budgetOptions } from '#commands/upgrade/verdict/budgets.ts'
import { RunOptions } from '#run/options.ts'
import { strategies } from './upgrade-phase.ts'

/** The options of `upgrade`. */
export const UpgradeOptions = z.object({
  ...RunOptions.pick({
    mtls: true,
    istioNamespace: true,
    images: true,
    pins: true,
    registry: true,
    installer: true,
    gateways: true,
    reportDir: true,
    output: true,
    timeout: true,
    plan: true,
    keep: true,
    verbose: true,
  }).shape,
  topology: z.string().refine((text) => !/^all$|,/.test(text), 'it names several: an upgrade takes one topology'),
  from: z.string(),
  to: z.string(),
  strategy: z.enum(strategies).default('in-place'),
  rotateCa: z.boolean().default(false),
  rollback: z.boolean().default(false),
  ...budgetOptions,
  compare: z.string().optional(),
  fault: z.string().optional(),
})

export type UpgradeOptions = z.infer<typeof UpgradeOptions>
