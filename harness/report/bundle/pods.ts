import type { V1Pod } from '@kubernetes/client-node'
import { explainApi } from '#kube/client.ts'
import type { ContainerRef } from '#kube/pods.ts'
import { adminPage } from '#probes/envoy.ts'
import { debugPage } from '#probes/istiod.ts'
import { patience, type Piece, type Source } from './piece.ts'

const debugPages = ['syncz', 'clusterz', 'networkz', 'endpointShardz', 'registryz', 'configz', 'push_status', 'mesh']

// By the ending of the file that an answer of the proxy goes to.
const proxyPages = {
  'config_dump.json.gz': 'config_dump?include_eds',
  'clusters.json.gz': 'clusters?format=json',
  'stats.txt': 'stats?usedonly',
  'certs.json': 'certs',
}

/** The debug pages of every istiod of a cluster. */
export const controlPlanePieces = ({ kube, pods }: Source): Piece[] =>
  pods
    .filter(({ metadata }) => metadata?.labels?.['app'] === 'istiod')
    .flatMap((pod) =>
      debugPages.map((page): Piece => ({
        file: `istiod/${pod.metadata?.name ?? ''}/${page}.json`,
        read: () =>
          debugPage(
            kube,
            { namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' },
            `/debug/${page}`,
            patience,
          ),
      })),
    )

/** The configuration and the counters of every proxy of a cluster: sidecars and gateways. */
export const proxyPieces = ({ kube, pods }: Source): Piece[] =>
  pods
    .filter((pod) => containersOf(pod).includes('istio-proxy'))
    .flatMap((pod) =>
      Object.entries(proxyPages).map(([file, page]): Piece => ({
        file: `proxies/${placeOf(pod)}/${file}`,
        read: () => adminPage(kube, pod.metadata?.namespace ?? '', pod.metadata?.name ?? '', page, patience),
      })),
    )

/** The log of every container, and the earlier log of one that was restarted. */
export const logPieces = ({ kube, pods }: Source): Piece[] =>
  pods.flatMap((pod) =>
    containersOf(pod).flatMap((container): Piece[] => {
      const { namespace, pod: name } = containerOf(pod, container)
      const log = (previous: boolean): Promise<string> =>
        kube.core
          .readNamespacedPodLog({ namespace, name, container, previous, tailLines: 20_000 })
          .catch((error: unknown) => {
            throw explainApi(error, placeOf(pod), `read the log of ${container}`)
          })
      const restarted = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].some(
        (status) => status.name === container && status.restartCount > 0,
      )
      return [
        { file: `logs/${placeOf(pod)}/${container}.log`, read: () => log(false) },
        ...(restarted ? [{ file: `logs/${placeOf(pod)}/${container}.previous.log`, read: () => log(true) }] : []),
      ]
    }),
  )

const containersOf = ({ spec }: V1Pod): string[] =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name)

const containerOf = ({ metadata }: V1Pod, container: string): ContainerRef => ({
  namespace: metadata?.namespace ?? '',
  pod: metadata?.name ?? '',
  container,
})

const placeOf = ({ metadata }: V1Pod): string => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`
