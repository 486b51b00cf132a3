import type { V1ConfigMap } from '@kubernetes/client-node'
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
  defaultDestinationRuleExportTo: z.array(z.string()).nullish(),
  rootNamespace: z.string().nullish(),
  enableAutoMtls: z.boolean().nullish(),
  trustDomain: z.string().nullish(),
  trustDomainAliases: z.array(z.string()).nullish(),
  caCertificates: z.array(z.object({ pem: z.string().nullish() })).nullish(),
  extensionProviders: z.array(z.object({ name: z.string().default('') })).nullish(),
})
export type MeshConfig = z.infer<typeof MeshConfig>

/**
 * The mesh config that a cluster’s control plane reads: the config map `istio`, or `istio-REVISION` for one that has
 * a revision. Empty where it is not there, or no text that can be read.
 */
export const meshConfigOf = async (reads: Reads): Promise<MeshConfig> => {
  const text = (await meshMapOf(reads, 'mesh'))?.data?.['mesh']
  return text === undefined ? {} : parsed(text)
}

/**
 * The namespace whose policies and Sidecars are those of the whole mesh: what the mesh config calls the root namespace,
 * which need not be the one that istiod runs in.
 */
export const policyRootOf = async ({
  reads,
  istioNamespace,
}: {
  reads: Reads
  istioNamespace: string
}): Promise<string> => (await meshConfigOf(reads)).rootNamespace || istioNamespace

/** The config map that a control plane reads a key of; undefined where none has it. */
export const meshMapOf = async (reads: Reads, key: 'mesh' | 'meshNetworks'): Promise<V1ConfigMap | undefined> => {
  const istiods = await reads.istiods()
  const revisions = istiods.flatMap(({ metadata }) => metadata?.labels?.['istio.io/rev'] ?? [])
  const names = [
    'istio',
    ...revisions.filter((revision) => revision !== 'default').map((revision) => `istio-${revision}`),
  ]
  for (const name of names) {
    const map = await reads.configMap(name)
    if (map?.data?.[key] !== undefined) return map
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
