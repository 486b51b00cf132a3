import type { FindingCode, FindingEntry } from './findings.ts'
import type { MeshLayer } from '#results/mesh-layers.ts'
import type { Finding } from './layer.ts'

/** A problem as it is weighed against the others: `rank` is the place of its layer, from the bottom. */
export type Problem = Finding & { layer: MeshLayer; rank: number; meaning: FindingEntry }

/** A symptom whose finding states its own cause counts as a cause: its reason is known. */
export const isSymptom = ({ meaning, cause }: Problem): boolean => meaning.symptom === true && cause === undefined

/**
 * Finds the problem that explains each of the others, and the cause: the problem that nothing explains. A symptom
 * follows from any problem about the same clusters. Any other problem follows from one of a lower layer about the same
 * clusters, or from one that lies beneath all layers. A latent problem explains nothing. `clusters` are the names of
 * all clusters of the mesh.
 */
export const explain = (
  problems: readonly Problem[],
  clusters: readonly string[],
): { cause: Problem | undefined; followsFrom: Map<Problem, FindingCode> } => {
  const about = new Map(problems.map((problem) => [problem, clustersOf(problem, clusters)]))
  const together = (first: Problem, second: Problem): boolean =>
    (about.get(first) ?? []).some((cluster) => about.get(second)?.includes(cluster))
  const causes = problems.filter((problem) => !isSymptom(problem) && !problem.meaning.latent)
  const symptoms = problems.filter(isSymptom)
  const beneath = causes.filter((cause) => cause.beneath)
  const explaining = (problem: Problem): Problem | undefined => {
    if (problem.beneath) return beneath.find((cause) => cause.rank < problem.rank && together(cause, problem))
    if (problem.meaning.latent) return undefined
    const under = beneath.find((cause) => together(cause, problem))
    if (under) return under
    if (isSymptom(problem))
      return (
        causes.find((cause) => together(cause, problem)) ??
        symptoms.find((other) => other.rank < problem.rank && together(other, problem))
      )
    return causes.find((cause) => cause.rank < problem.rank && together(cause, problem))
  }
  const followsFrom = new Map(
    problems.flatMap((problem) => {
      const cause = explaining(problem)
      return cause ? [[problem, cause.code] as const] : []
    }),
  )
  const own = problems.filter((problem) => !followsFrom.has(problem))
  return {
    followsFrom,
    cause:
      own.find((problem) => !isSymptom(problem) && !problem.meaning.latent) ??
      own.find((problem) => isSymptom(problem)) ??
      own[0],
  }
}

/** Whether a text names a cluster: `east` is not named by `east-2`. */
const names = (text: string, cluster: string): boolean =>
  text.split(cluster).some((before, index, parts) => {
    const after = parts[index + 1]
    return after !== undefined && !/[\w-]$/.test(before) && !/^[\w-]/.test(after)
  })

/** The clusters that a problem is about: those it names; all of them where it names none. */
const clustersOf = ({ clusters: stated, where, evidence }: Problem, clusters: readonly string[]): readonly string[] => {
  if (stated) return stated
  const text = [where, ...evidence].join('\n')
  const named = clusters.filter((cluster) => names(text, cluster))
  return named.length > 0 ? named : clusters
}
