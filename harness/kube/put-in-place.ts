import { refOf, type KubeClient, type Manifest } from './client.ts'

/**
 * Applies objects and returns what puts back what stood in their place before, or removes them where nothing did, the
 * last first: a rule goes before the subsets it names (Istio’s advice against 503s while routes are reconfigured).
 */
export const putInPlace = async (kube: KubeClient, objects: Manifest[]): Promise<() => Promise<void>> => {
  const before = await Promise.all(objects.map((object) => kube.get<Manifest>(refOf(object))))
  const undo = async (): Promise<void> => {
    for (const [index, object] of [...objects.entries()].toReversed()) {
      const previous = before[index]
      await (previous ? kube.apply([asWritten(previous)]) : kube.remove(refOf(object)))
    }
  }
  await kube.apply(objects).catch(async (error: unknown) => {
    await undo().catch(() => undefined)
    throw error
  })
  return undo
}

/** Removes an object and returns what brings it back. */
export const takeAway = async (
  kube: KubeClient,
  object: Parameters<KubeClient['remove']>[0],
): Promise<() => Promise<void>> => {
  const before = await kube.get<Manifest>(object)
  await kube.remove(object)
  return async () => {
    if (before) await kube.apply([asWritten(before)])
  }
}

/** An object without what the API server adds to it. */
const asWritten = ({ metadata, ...rest }: Manifest): Manifest => ({
  ...Object.fromEntries(Object.entries(rest).filter(([field]) => field !== 'status')),
  metadata: {
    ...(metadata?.name === undefined ? {} : { name: metadata.name }),
    ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata?.labels ? { labels: metadata.labels } : {}),
    ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
  },
})
