import { MeshproofError } from '#errors.ts'
import { minorOf } from './version.ts'

/** Minors of Kubernetes, from the lowest to the highest. */
export type Minors = readonly [lowest: number, highest: number]

/** The Kubernetes minors that a release of Istio supports, by Istio’s minor (istio.io, “Supported releases”). */
const kubernetesOf = new Map<number, Minors>([
  [28, [30, 34]],
  [29, [31, 35]],
  [30, [32, 36]],
  [31, [32, 36]],
])

/** The minors of Istio of which it is known, as people write them. */
export const knownMinors = [...kubernetesOf.keys()].map((minor) => `1.${minor}`).join(', ')

/** The Kubernetes minors that a version of Istio supports; undefined where that is not known. */
export const supportedBy = (istio: string): Minors | undefined => kubernetesOf.get(minorOf(istio) ?? 0)

/** True when a version of Kubernetes is one of these minors. */
export const isWithin = (kubernetes: string, [lowest, highest]: Minors): boolean => {
  const minor = minorOf(kubernetes)
  return minor !== undefined && minor >= lowest && minor <= highest
}

/** Minors as people write them. */
export const spelled = (range: Minors | undefined): string => (range ? `1.${range[0]} to 1.${range[1]}` : 'none known')

/** The error for a pair that is known not to go together; undefined for one that does, or of which nothing is known. */
export const unsupportedPair = (istio: string, kubernetes: string): MeshproofError | undefined => {
  const range = supportedBy(istio)
  if (range === undefined || isWithin(kubernetes, range)) return undefined
  const fitting = [...kubernetesOf].filter(([, minors]) => isWithin(kubernetes, minors)).map(([minor]) => `1.${minor}`)
  const otherIstio = fitting.length === 0 ? '' : `, or Istio ${fitting.join(', ')} with --istio`
  return new MeshproofError('MP-153', {
    what: 'These versions do not go together',
    where: `Istio ${istio}, Kubernetes ${kubernetes}`,
    why: `Istio ${istio} supports Kubernetes ${spelled(range)}`,
    next: `Choose one of these with --kubernetes${otherIstio}.`,
  })
}
