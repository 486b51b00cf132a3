import { z } from 'zod'
import { harnessPlatforms } from '#images/source/harness-image.ts'
import { RunOptions } from '#run/options.ts'

const Published = RunOptions.pick({
  pins: true,
  registry: true,
  istio: true,
  kubernetes: true,
  kind: true,
  installer: true,
  gateways: true,
  output: true,
}).extend({
  istio: z
    .string()
    .regex(/^[^,:]*$/, 'it is one version')
    .optional(),
})

/** The flags of `images …`, validated. */
export const ImagesOptions = {
  list: z.object({ ...Published.shape, images: z.enum(['source', 'release']).optional() }),
  build: z
    .object({
      harness: z.boolean().default(false),
      platform: z.enum(harnessPlatforms).optional(),
      verbose: RunOptions.shape.verbose,
    })
    .refine(({ harness, platform }) => harness || platform === undefined, {
      path: ['platform'],
      error: 'it is for --harness',
    }),
  mirror: z.object({ ...Published.omit({ registry: true }).shape, to: RunOptions.shape.registry.unwrap() }),
  verify: z.object({ ...Published.shape, registry: RunOptions.shape.registry.unwrap() }),
  save: z.object({ ...Published.shape, file: z.string() }),
  load: z.object({ file: z.string() }),
}

/** A command of `images …` with its options. */
export type ImagesInvocation = {
  [Name in keyof typeof ImagesOptions]: { command: `images ${Name}`; options: z.infer<(typeof ImagesOptions)[Name]> }
}[keyof typeof ImagesOptions]
