import { ownNamespaces } from '#checks/existing-target.ts'
import { MeshproofError } from '#errors.ts'
import { echoOf, isEchoReady } from '#istio/echo.ts'
import type { KubeClient } from '#kube/client.ts'
import { modest, whyNotUp } from './workloads.ts'

type Place = { name: string; context: string; version: string; kube: KubeClient }

/** Why nothing is asked of echo in existing clusters without an image of it. */
export const noEchoImage = 'no image of Istio’s echo is named: --echo-image names one that the clusters can pull'

/**
 * Deploys echo in one cluster, and waits until it is ready. `versions` are those of all clusters of the mesh.
 * @throws MeshproofError MP-371 where the cluster cannot pull or start it, or it is not ready within the time (by
 * default three minutes).
 */
export const deployEcho = async (
  { name, context, version, kube }: Place,
  image: string,
  versions: readonly string[],
  signal: AbortSignal,
  within?: number,
): Promise<void> => {
  const echo = await echoOf({ cluster: name, version, namespaces: ownNamespaces, image, versions })
  await kube.apply(echo.map(modest))
  const trouble = await whyNotUp(
    { context, kube, whose: 'echo' },
    () => isEchoReady(kube, ownNamespaces),
    signal,
    within,
  )
  if (trouble === undefined) return
  throw new MeshproofError('MP-371', {
    what: 'A cluster cannot start the image of echo, which the checks of protocols ask',
    where: `context ${context}, ${image}`,
    why: trouble,
    next: 'Push the image to a registry that the clusters can pull from, and name it with --echo-image.',
  })
}
