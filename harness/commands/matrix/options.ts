import { z } from 'zod'
import { list, TestOptions } from '#run/options.ts'

/** Those of `matrix`: those of tests that share no folder and leave no lab. A `suite` is the patterns of one cell. */
export const MatrixOptions = z
  .object({
    ...TestOptions.omit({ reportDir: true, output: true, plan: true, keep: true, reuse: true }).shape,
    suite: z.array(list).default([]),
    emit: z.enum(['cells', 'github', 'gitlab', 'kubernetes']).default('cells'),
    /** Of a Job: the Kueue queue that it waits in, and the image of its pods. */
    queue: z.string().optional(),
    image: z.string().optional(),
  })
  .refine(({ emit, queue, image }) => emit === 'kubernetes' || (queue ?? image) === undefined, {
    path: ['emit'],
    message: '--queue and --image are for --emit=kubernetes',
  })

export type MatrixOptions = z.infer<typeof MatrixOptions>

/** Those of `cell`. */
export const CellOptions = z.object({
  cells: z.string(),
  index: z.coerce.number().int().min(0).optional(),
  reportDir: z.string().default('reports'),
})

export type CellOptions = z.infer<typeof CellOptions>
