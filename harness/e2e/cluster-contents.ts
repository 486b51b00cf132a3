type Thing = { kind: string; metadata: { name: string; namespace?: string } }

// Fields that change by themselves, or only say when: also the annotation with which istiod’s pods elect a leader.
const volatileFields = new Set([
  'resourceVersion',
  'managedFields',
  'lastTransitionTime',
  'lastUpdateTime',
  'lastProbeTime',
  'lastHeartbeatTime',
  'lastScaleTime',
  'observedGeneration',
  'control-plane.alpha.kubernetes.io/leader',
])

/**
 * Every object of a cluster, by kind, namespace and name, without what is volatile: events, leases and the fields
 * above.
 */
export const clusterContents = async (
  kubectl: (...args: string[]) => Promise<string>,
): Promise<Record<string, unknown>> => {
  const kinds = (await kubectl('api-resources', '--verbs=list', '--output=name', '--cached=false'))
    .split('\n')
    .filter((name) => name && !/^(events|leases|componentstatuses)\b/.test(name))
  const { items } = JSON.parse(await kubectl('get', kinds.join(','), '--all-namespaces', '--output=json')) as {
    items: Thing[]
  }
  return Object.fromEntries(
    items.map((item) => [[item.kind, item.metadata.namespace ?? '', item.metadata.name].join(' '), steady(item)]),
  )
}

const steady = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(steady)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field]) => !volatileFields.has(field))
      .map(([field, of]) => [field, steady(of)]),
  )
}
