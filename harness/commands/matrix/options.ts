import { z } from 'zod'
import { list, TestOptions, wholeNumber } from '#run/options.ts'

/**
 * The options of `matrix`: those of `test`, without the ones that a cell cannot have (a report folder, a lab that
 * stays). Each `suite` is the set of patterns of one cell.
 */
export const MatrixOptions = z
  .object({
    ...TestOptions.omit({
      reportDir: true,
      output: true,
      plan: true,
      keep: true,
      reuse: true,
      repeat: true,
      fresh: true,
      attest: true,
      artifacts: true,
    }).shape,
    suite: z.array(list).default([]),
    emit: z.enum(['cells', 'github', 'gitlab', 'kubernetes']).default('cells'),
    /** The Kueue queue that a Job waits in. */
    queue: z.string().optional(),
    /** The image of a Job’s pods. */
    image: z.string().optional(),
  })
  .refine(({ emit, queue, image }) => emit === 'kubernetes' || (queue ?? image) === undefined, {
    path: ['emit'],
    message: '--queue and --image are for --emit=kubernetes',
  })

export type MatrixOptions = z.infer<typeof MatrixOptions>

/** The options of `cell`. */
export const CellOptions = z.object({
  cells: z.string(),
  index: wholeNumber(0).optional(),
  reportDir: z.string().default('reports'),
})

export type CellOptions = z.infer<typeof CellOptions>
