import { z } from 'zod'
import type { Wanted } from '../images/images.ts'
import { budgetOptions } from '../upgrade/budgets.ts'
import { strategies } from '../upgrade/upgrade-phase.ts'

const list = z.string().transform((text) => text.split(',').map((part) => part.trim()).filter(Boolean)).refine((parts) => parts.length > 0, 'it names nothing')

/** The flags of `test`, `up` and `prove`, validated. */
export const RunOptions = z.object({
  topology: list.default(['all']),
  /** Clusters that exist already, by contexts of a kubeconfig; several files joined by “:”. */
  contexts: list.optional(),
  kubeconfig: z.string().optional(),
  /** Overrules the modes that the topologies name themselves. */
  mtls: z.enum(['strict', 'off']).optional(),
  suite: list.default([]),
  images: z.enum(['auto', 'release', 'source']).default('auto'),
  /** A file of pins for published artifacts, of the form of fixtures/images/release.yaml. */
  pins: z.string().optional(),
  istio: z.string().optional(),
  kubernetes: z.string().optional(),
  /** A checkout of Istio to build it from. */
  istioSource: z.string().optional(),
  reportDir: z.string().optional(),
  output: z.enum(['text', 'json']).default('text'),
  /** Seconds for one check, both attempts together. */
  timeout: z.coerce.number().int().min(5).max(3600).default(180),
  plan: z.boolean().default(false),
  keep: z.boolean().default(false),
  /** A run id, or true for the newest kept lab. */
  reuse: z.union([z.string(), z.boolean()]).default(false),
  failFast: z.boolean().default(false),
})
export type RunOptions = z.infer<typeof RunOptions>

/** What they ask of a lab's images. */
export const wantedOf = ({ images, pins, kubernetes, istioSource }: RunOptions): Wanted => ({ images, pins, kubernetes, istioSource })

/** Those of `upgrade`. */
export const UpgradeOptions = z.object({
  ...RunOptions.pick({ mtls: true, images: true, pins: true, reportDir: true, output: true, timeout: true, plan: true, keep: true }).shape,
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

/** Those of `diagnose`. */
export const DiagnoseOptions = z.object({ contexts: list, kubeconfig: z.string().optional(), probe: z.boolean().default(false), output: z.enum(['text', 'json']).default('text') })
export type DiagnoseOptions = z.infer<typeof DiagnoseOptions>

/** Those of `down`: what runs left in the engine, or in existing clusters. */
export const DownOptions = z.object({ all: z.boolean().default(false), run: z.string().optional(), contexts: list.optional(), kubeconfig: z.string().optional() })
export type DownOptions = z.infer<typeof DownOptions>
