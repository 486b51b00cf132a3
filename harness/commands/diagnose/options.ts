import { z } from 'zod'
import { list, RunOptions } from '#run/options.ts'

/** The options of `diagnose`. */
export const DiagnoseOptions = z.object({
  contexts: list,
  kubeconfig: z.string().optional(),
  /** The path of an istioctl. */
  istioctl: RunOptions.shape.istioctl,
  istioNamespace: RunOptions.shape.istioNamespace,
  probe: z.boolean().default(false),
  results: RunOptions.shape.results,
  output: z.enum(['text', 'json', 'html']).default('text'),
  verbose: RunOptions.shape.verbose,
})

export type DiagnoseOptions = z.infer<typeof DiagnoseOptions>
