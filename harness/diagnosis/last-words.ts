import type { V1Pod } from '@kubernetes/client-node'
import { lastComplaint } from '#probes/istio-log.ts'
import type { KubeClient } from '#kube/client.ts'

// What other programs write may be secret, and is not shown.
const ofIstio = new Set(['istio-proxy', 'istio-init', 'istio-validation', 'discovery'])

/** How many lines of a log are read. */
const lines = 200

/**
 * What a container of Istio that does not work complains of in its log, as a line of evidence. None of containers of
 * others, and none where the log cannot be read.
 */
export const lastWordsOf = async (
  { kube }: { kube: KubeClient },
  { metadata, status }: V1Pod,
  container: string,
): Promise<string[]> => {
  if (!ofIstio.has(container)) return []
  const state = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find(
    ({ name }) => name === container,
  )
  const log = await kube.core
    .readNamespacedPodLog({
      namespace: metadata?.namespace ?? '',
      name: metadata?.name ?? '',
      container,
      tailLines: lines,
      // One that waits for its next start has written nothing since.
      previous: state?.state?.waiting !== undefined && state.restartCount > 0,
    })
    .catch(() => '')
  const said = lastComplaint(log)
  return said === undefined ? [] : [`${container} of ${metadata?.name ?? ''} says: ${said}`]
}
