import { z } from 'zod'
import { MeshproofError, unknownValue } from '#errors.ts'
import { list, RunOptions, wholeNumber } from '#run/options.ts'

/** The judges that are made of Istio’s integration tests; fixtures/judges/istio.yaml says which. */
export const istioJudgeNames = ['istio-multicluster', 'istio-locality', 'istio-security', 'istio-traffic'] as const

/** The judges: the tests of the Gateway API for meshes, and Istio’s own. `istio` stands for all of Istio’s. */
export const judgeNames = ['gateway-api', ...istioJudgeNames] as const
/** The name of a judge. */
export type JudgeName = (typeof judgeNames)[number]

/** The options of `judge`. */
export const JudgeOptions = z.object({
  ...RunOptions.omit({ suite: true, results: true, failFast: true, istioctl: true, timeout: true }).shape,
  /** The judges that are asked; where none is named, all that can be. */
  with: list.optional(),
  /** The image of echo in the clusters; where it is not named, that of the release under test. */
  echoImage: z
    .string()
    .regex(/^[\w.:/@-]+$/, 'the name of an image')
    .optional(),
  /** Seconds for one judge in one cluster. */
  timeout: wholeNumber(5, 7200, 'seconds').default(900),
})
export type JudgeOptions = z.infer<typeof JudgeOptions>

/**
 * The judges that are asked, in their order: in a lab all, unless some are named. Existing clusters are judged by
 * gateway-api alone: Istio’s tests change the settings of the whole mesh.
 * @throws MeshproofError MP-101 for a judge that does not exist, with the nearest name; MP-376 for one of Istio’s on
 * existing clusters.
 */
export const judgesOf = ({ with: named, contexts }: Pick<JudgeOptions, 'with' | 'contexts'>): JudgeName[] => {
  const existing = contexts !== undefined
  if (named === undefined) return existing ? ['gateway-api'] : [...judgeNames]
  const asked = named.flatMap((name) => (name === 'istio' ? istioJudgeNames : [name]))
  const unknown = asked.find((name) => !(judgeNames as readonly string[]).includes(name))
  if (unknown !== undefined) throw unknownValue('judge', unknown, [...judgeNames, 'istio'])
  if (existing && asked.some((name) => name !== 'gateway-api'))
    throw new MeshproofError('MP-376', {
      what: 'Istio’s own tests judge labs only',
      where: `--with=${named.join(',')} --contexts=${contexts.join(',')}`,
      why: 'they change the settings of the whole mesh, and its policies',
      next: 'Judge these clusters with --with=gateway-api, or a lab: --topology=NAME.',
    })
  return judgeNames.filter((name) => asked.includes(name))
}
