import { z } from 'zod'
import { unknownValue } from '#errors.ts'
import { list, RunOptions, wholeNumber } from '#run/options.ts'

/** The judges: the tests of the Gateway API for meshes. */
export const judgeNames = ['gateway-api'] as const

/** The options of `judge`. */
export const JudgeOptions = z.object({
  ...RunOptions.omit({ suite: true, results: true, failFast: true, istioctl: true, timeout: true }).shape,
  /** The judges that are asked. */
  with: list.default([...judgeNames]),
  /** The image of echo in the clusters; where it is not named, that of the release under test. */
  echoImage: z
    .string()
    .regex(/^[\w.:/@-]+$/, 'the name of an image')
    .optional(),
  /** Seconds for one judge in one cluster. */
  timeout: wholeNumber(5, 7200, 'seconds').default(900),
})
export type JudgeOptions = z.infer<typeof JudgeOptions>

/** @throws MeshproofError MP-101 for a judge that does not exist, with the nearest name. */
export const requireJudges = ({ with: judges }: Pick<JudgeOptions, 'with'>): void => {
  const unknown = judges.find((name) => !(judgeNames as readonly string[]).includes(name))
  if (unknown !== undefined) throw unknownValue('judge', unknown, [...judgeNames])
}
