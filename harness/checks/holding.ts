import { refOf, type KubeClient, type Manifest } from '../kube/client.ts'

/**
 * Keeps objects applied for as long as `during` runs. What stood in their place before stands there again afterwards, also when
 * `during` throws.
 */
export const holding = async <T>(kube: KubeClient, objects: Manifest[], during: () => Promise<T>): Promise<T> => {
  const before = await Promise.all(objects.map((object) => kube.get<Manifest>(refOf(object))))
  try {
    await kube.apply(objects)
    return await during()
  } finally {
    for (const [index, object] of objects.entries()) {
      const previous = before[index]
      await (previous ? kube.apply([asWritten(previous)]) : kube.remove(refOf(object)))
    }
  }
}

/** An object without what the API server adds to it. */
export const asWritten = ({ metadata, status: _, ...rest }: Manifest): Manifest => ({
  ...rest,
  metadata: {
    ...(metadata?.name === undefined ? {} : { name: metadata.name }), ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata?.labels ? { labels: metadata.labels } : {}), ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
  },
})
