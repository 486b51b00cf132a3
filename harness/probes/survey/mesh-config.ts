import { parse } from 'yaml'
import { z } from 'zod'
import type { Reads } from './reads.ts'

const LabelSelector = z.object({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
})

/** What of a control plane’s mesh config decides which endpoints clients are given. */
const MeshConfig = z.object({
  serviceSettings: z
    .array(
      z.object({
        settings: z.object({ clusterLocal: z.boolean().optional() }).nullish(),
        hosts: z.array(z.string()).default([]),
      }),
    )
    .nullish(),
  discoverySelectors: z.array(LabelSelector).nullish(),
  defaultServiceExportTo: z.array(z.string()).nullish(),
  trustDomain: z.string().nullish(),
  trustDomainAliases: z.array(z.string()).nullish(),
})
export type MeshConfig = z.infer<typeof MeshConfig>

/**
 * The mesh config that a cluster’s control plane reads: the config map `istio`, or `istio-REVISION` for one that has
 * a revision. Empty where it is not there, or no text that can be read.
 */
export const meshConfigOf = async (reads: Reads): Promise<MeshConfig> => {
  const text = await meshTextOf(reads, 'mesh')
  return text === undefined ? {} : parsed(text)
}

/** A key of that config map, as it is written; undefined where no map has it. */
export const meshTextOf = async (reads: Reads, key: 'mesh' | 'meshNetworks'): Promise<string | undefined> => {
  const istiods = await reads.istiods()
  const revisions = istiods.flatMap(({ metadata }) => metadata?.labels?.['istio.io/rev'] ?? [])
  const names = [
    'istio',
    ...revisions.filter((revision) => revision !== 'default').map((revision) => `istio-${revision}`),
  ]
  for (const name of names) {
    const text = (await reads.configMap(name))?.data?.[key]
    if (text !== undefined) return text
  }
  return undefined
}

const parsed = (text: string): MeshConfig => {
  try {
    return MeshConfig.safeParse(parse(text) ?? {}).data ?? {}
  } catch {
    return {}
  }
}
