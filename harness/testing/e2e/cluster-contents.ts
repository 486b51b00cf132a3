type KubeObject = { kind: string; metadata: { name: string; namespace?: string } }

// Fields that change although nobody changes the object, and the annotation with which istiod’s pods elect a leader.
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
 * Every object of a cluster, by kind, namespace and name. It leaves out what changes by itself: events, leases and the
 * fields above.
 */
export const clusterContents = async (
  kubectl: (...args: string[]) => Promise<string>,
): Promise<Record<string, unknown>> => {
  const kinds = (await kubectl('api-resources', '--verbs=list', '--output=name', '--cached=false'))
    .split('\n')
    .filter((name) => name && !/^(events|leases|componentstatuses)\b/.test(name))
  const { items } = JSON.parse(await kubectl('get', kinds.join(','), '--all-namespaces', '--output=json')) as {
    items: KubeObject[]
  }
  return Object.fromEntries(
    items.map((item) => [
      [item.kind, item.metadata.namespace ?? '', item.metadata.name].join(' '),
      withoutVolatileFields(item),
    ]),
  )
}

const withoutVolatileFields = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutVolatileFields)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field]) => !volatileFields.has(field))
      .map(([field, nested]) => [field, withoutVolatileFields(nested)]),
  )
}
