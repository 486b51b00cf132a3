import type { V1Pod } from '@kubernetes/client-node'
import { z } from 'zod'
import type { Manifest } from '#kube/client.ts'
import { policyRootOf } from '#probes/survey/mesh-config.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { matchesSelector } from './label-selector.ts'
import { placeOf } from './places.ts'
import { leavesIn } from './target-refs.ts'

const EnvoyFilter = z.object({
  workloadSelector: z.object({ labels: z.record(z.string(), z.string()).default({}) }).optional(),
})

/**
 * The EnvoyFilters that apply to a pod: those of its namespace and of the root namespace, by their selectors. None
 * where they cannot be read.
 */
export const envoyFiltersFor = async (reader: SurveyedCluster, pod: V1Pod | undefined): Promise<Manifest[]> => {
  const objects = await reader.reads.istio('EnvoyFilter').catch((): Manifest[] => [])
  const root = await policyRootOf(reader)
  return objects.filter((object) => {
    const { workloadSelector } = EnvoyFilter.safeParse(object['spec']).data ?? {}
    return (
      [root, pod?.metadata?.namespace].includes(object.metadata?.namespace) &&
      leavesIn(object['spec'], object.metadata?.namespace, pod ?? {}) &&
      matchesSelector({ matchLabels: workloadSelector?.labels ?? {} }, pod?.metadata?.labels ?? {})
    )
  })
}

/** The EnvoyFilters that select a pod, in a line of evidence: the newest first. Empty where there are none. */
export const filtersInWords = async (reader: SurveyedCluster, pod: V1Pod | undefined): Promise<string[]> => {
  const names = (await envoyFiltersFor(reader, pod))
    .toSorted((first, second) => createdAt(second) - createdAt(first))
    .map(placeOf)
  return names.length === 0 ? [] : [`EnvoyFilters that select it, the newest first: ${names.join(', ')}`]
}

const createdAt = ({ metadata }: Manifest): number => Number(new Date(metadata?.creationTimestamp ?? 0))
