import { z } from 'zod'

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
  istio: z.string().optional(),
  kubernetes: z.string().optional(),
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

/** Those of `diagnose`. */
export const DiagnoseOptions = z.object({ contexts: list, kubeconfig: z.string().optional(), probe: z.boolean().default(false), output: z.enum(['text', 'json']).default('text') })
export type DiagnoseOptions = z.infer<typeof DiagnoseOptions>

/** Those of `down`: what runs left in the engine, or in existing clusters. */
export const DownOptions = z.object({ all: z.boolean().default(false), run: z.string().optional(), contexts: list.optional(), kubeconfig: z.string().optional() })
export type DownOptions = z.infer<typeof DownOptions>
