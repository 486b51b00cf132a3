import { refOf, type KubeClient, type Manifest } from './client.ts'

/**
 * Applies objects and returns a function that undoes it: it restores the previous objects, and deletes those that did
 * not exist. It starts with the last object, so that a route is deleted before the subsets that it names (Istio’s
 * advice against 503s while routes are reconfigured). If an object is refused, the objects before it are undone at
 * once.
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

/** Returns a function that restores an object as it is now. An object that does not exist now is left alone. */
export const asItIs = async (
  kube: KubeClient,
  object: Parameters<KubeClient['remove']>[0],
): Promise<() => Promise<void>> => {
  const before = await kube.get<Manifest>(object)
  return async () => {
    if (before) await kube.apply([asWritten(before)])
  }
}

/** Deletes an object and returns a function that restores it, if it existed. */
export const takeAway = async (
  kube: KubeClient,
  object: Parameters<KubeClient['remove']>[0],
): Promise<() => Promise<void>> => {
  const restore = await asItIs(kube, object)
  await kube.remove(object)
  return restore
}

/** An object without the fields that the API server adds. */
const asWritten = ({ metadata, ...rest }: Manifest): Manifest => ({
  ...Object.fromEntries(Object.entries(rest).filter(([field]) => field !== 'status')),
  metadata: {
    ...(metadata?.name === undefined ? {} : { name: metadata.name }),
    ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata?.labels ? { labels: metadata.labels } : {}),
    ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
  },
})
