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
  localityLbSetting: z.looseObject({ distribute: z.array(z.unknown()).nullish() }).nullish(),
  defaultDestinationRuleExportTo: z.array(z.string()).nullish(),
  rootNamespace: z.string().nullish(),
  enableAutoMtls: z.boolean().nullish(),
  trustDomain: z.string().nullish(),
  trustDomainAliases: z.array(z.string()).nullish(),
  caCertificates: z.array(z.object({ pem: z.string().nullish() })).nullish(),
  extensionProviders: z.array(z.object({ name: z.string().default('') })).nullish(),
})
export type MeshConfig = z.infer<typeof MeshConfig>

/** The trust domain of a mesh whose config names none. */
export const defaultTrustDomain = 'cluster.local'

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
export const meshMapOf = (reads: Reads, key: 'mesh' | 'meshNetworks'): Promise<V1ConfigMap | undefined> =>
  mapOfRevision(reads, 'istio', key)

/** The config map with the values of a control plane’s injector; undefined where there is none. */
export const injectorMapOf = (reads: Reads): Promise<V1ConfigMap | undefined> =>
  mapOfRevision(reads, 'istio-sidecar-injector', 'values')

/**
 * The first config map with a key, of those that the control planes here have: `NAME`, or `NAME-REVISION`. One of a
 * revision that does not run any more comes last.
 */
const mapOfRevision = async (reads: Reads, base: string, key: string): Promise<V1ConfigMap | undefined> => {
  const revisions = (await reads.istiods()).map(({ metadata }) => metadata?.labels?.['istio.io/rev'] ?? 'default')
  const names = revisions.map((revision) => (revision === 'default' ? base : `${base}-${revision}`)).sort()
  for (const name of new Set([...names, base])) {
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
