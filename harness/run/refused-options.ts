// What the options of a command may not be, whether they come from a command line, a config file or a caller.
import type { z } from 'zod'
import { MeshproofError } from '#errors.ts'
import { flagOf } from './options.ts'

/** The options of labs. They exclude those of existing clusters. */
export const labFlags = [
  'topology',
  'istio',
  'kubernetes',
  'kind',
  'istioSource',
  'registry',
  'installer',
  'charts',
  'keep',
  'reuse',
]

/** The options of existing clusters. They exclude those of labs. */
export const clusterFlags = ['kubeconfig', 'istioctl', 'results']

/**
 * Refuses flags of labs together with --contexts, and flags of existing clusters without it.
 * @throws MeshproofError MP-141.
 */
export const refuseTogether = (options: Record<string, unknown>): void => {
  const ofLabs = labFlags.filter((flag) => options[flag] !== undefined)
  const ofClusters = clusterFlags.filter((flag) => options[flag] !== undefined)
  const [what, where] =
    options['contexts'] === undefined
      ? [
          ofClusters.length === 0 ? undefined : 'These flags are for existing clusters, and --contexts names none',
          ofClusters.map(flagOf).join(', '),
        ]
      : [
          ofLabs.length === 0 ? undefined : 'Existing clusters are what they are: these flags are for labs',
          ofLabs.map(flagOf).join(', '),
        ]
  if (what !== undefined)
    throw new MeshproofError('MP-141', {
      what,
      where,
      next: 'Name contexts with --contexts=A,B, or leave them out and have a lab made.',
    })
}

/**
 * Refuses --fresh where no lab is made for each repetition, and without --repeat.
 * @throws MeshproofError MP-190.
 */
export const refuseRepeat = (options: Record<string, unknown>): void => {
  if (!options['fresh']) return
  const others = ['contexts', 'reuse', 'keep'].filter((flag) => options[flag])
  if (others.length === 0 && options['repeat'] !== undefined) return
  const what =
    others.length === 0 ? '--fresh needs --repeat' : '--fresh makes labs and deletes them: it excludes other flags'
  throw new MeshproofError('MP-190', {
    what,
    where: others.map(flagOf).join(', '),
    next: 'Add --repeat=N for N labs. Without --fresh, --repeat runs the checks N times on one lab or mesh.',
  })
}

/**
 * Validates the values of a command’s flags. `whereIs` says where the flag with that name was given, if not on the
 * command line.
 * @throws MeshproofError MP-101 for the first value that the schema refuses.
 */
export const parsed = <T>(
  schema: z.ZodType<T>,
  options: unknown,
  whereIs: (name: string) => string | undefined = () => undefined,
): T => {
  const result = schema.safeParse(options)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const name = String(issue?.path[0] ?? '')
  throw new MeshproofError('MP-101', {
    what: `${flagOf(name)} does not take that value`,
    where: whereIs(name),
    ...(issue ? { why: issue.message } : {}),
    next: 'meshproof --help',
  })
}
