import { z } from 'zod'
import type { Wanted } from '#images/images.ts'
import { budgetOptions } from '#commands/upgrade/verdict/budgets.ts'
import { strategies } from '#commands/upgrade/upgrade-phase.ts'

const list = z.string().transform((text) => text.split(',').map((part) => part.trim()).filter(Boolean)).refine((parts) => parts.length > 0, 'it names nothing')

/** A flag as it is typed, by the name that its value has here. */
export const flagOf = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

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
  /** A mirror that everything published comes from. */
  registry: z.string().regex(/^[\w.-]+(:\d+)?(\/[a-z0-9._/-]*[a-z0-9])?$/, 'a host, or a host and a prefix').optional(),
  istio: z.string().optional(),
  kubernetes: z.string().optional(),
  /** The version of kind that makes the clusters. */
  kind: z.string().regex(/^v?\d+\.\d+\.\d+$/, 'a whole version: 0.32.0').optional(),
  /** A checkout of Istio to build it from. */
  istioSource: z.string().optional(),
  reportDir: z.string().optional(),
  /** Where in the pod’s own cluster the results are kept, too: `configmap:NAMESPACE` or `configmap:NAMESPACE/NAME`. */
  results: z.string().regex(/^configmap:[a-z0-9-]+(\/[a-z0-9.-]+)?$/, 'it is configmap:NAMESPACE or configmap:NAMESPACE/NAME').optional(),
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
export const wantedOf = ({ images, pins, registry, istio, kubernetes, kind, istioSource }: Wanted): Wanted => ({ images, pins, registry, istio, kubernetes, kind, istioSource })

const several = (one: z.ZodOptional<z.ZodString>): z.ZodOptional<z.ZodType<string[], string>> => list.pipe(z.array(one.unwrap())).optional()

/** Those of `test`: of versions it takes several, and every combination of them is a cell. */
export const TestOptions = z.object({ ...RunOptions.shape, istio: several(RunOptions.shape.istio), kubernetes: several(RunOptions.shape.kubernetes), kind: several(RunOptions.shape.kind) })
export type TestOptions = z.infer<typeof TestOptions>

/** Those of `matrix`: those of tests that share no folder and leave no lab. A `suite` is the patterns of one cell. */
export const MatrixOptions = z.object({
  ...TestOptions.omit({ reportDir: true, output: true, plan: true, keep: true, reuse: true }).shape,
  suite: z.array(list).default([]),
  emit: z.enum(['cells', 'github', 'gitlab', 'kubernetes']).default('cells'),
  /** Of a Job: the Kueue queue that it waits in, and the image of its pods. */
  queue: z.string().optional(),
  image: z.string().optional(),
}).refine(({ emit, queue, image }) => emit === 'kubernetes' || (queue ?? image) === undefined, { path: ['emit'], message: '--queue and --image are for --emit=kubernetes' })
export type MatrixOptions = z.infer<typeof MatrixOptions>

/** Those of `cell`. */
export const CellOptions = z.object({ cells: z.string(), index: z.coerce.number().int().min(0).optional(), reportDir: z.string().default('reports') })
export type CellOptions = z.infer<typeof CellOptions>

/** Those of `upgrade`. */
export const UpgradeOptions = z.object({
  ...RunOptions.pick({ mtls: true, images: true, pins: true, registry: true, reportDir: true, output: true, timeout: true, plan: true, keep: true }).shape,
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
