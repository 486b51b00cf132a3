import type { V1Pod } from '@kubernetes/client-node'
import { gatewayServersAt, inWords, isFor, servicesBefore, type GatewayServer } from '#diagnosis/gateway-objects.ts'
import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { envoyFiltersFor } from '#diagnosis/envoy-filters.ts'
import { placeOf } from '#diagnosis/places.ts'
import { isReady } from '#kube/pods.ts'
import { proxyStates, type ProxyState } from '#probes/istiod.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

/** How many proxies of a cluster are shown. */
const shown = 10

/**
 * Proxies that are not connected to a control plane, are behind, or refuse what it sends them. A refusal has a reason
 * in Envoy’s words, and where objects of Istio are at odds, it names them. `mesh` is read afresh for each look.
 */
export const proxyProblems = async (mesh: Survey, primary: SurveyedCluster): Promise<Finding[]> => {
  const reader = mesh.clusters.find(({ name }) => name === primary.name) ?? primary
  const pods = (await reader.reads.istiodPods()).filter(isReady)
  const states = (await Promise.all(pods.map(({ metadata }) => proxyStates(primary, metadata?.name)))).flat()
  const served = mesh.clusters.filter((cluster) => servedBy(mesh, cluster) === reader)
  const perCluster = await Promise.all(
    served.map(async (cluster) => {
      const proxies = (await cluster.reads.proxies()).filter(isOfAge).map((pod) => ({
        pod,
        state: states.find(
          (state) => state.proxy === proxyName(pod) && (state.cluster === '' || state.cluster === cluster.name),
        ),
      }))
      return [...(await refusals(reader, cluster, proxies)), ...disconnected(cluster, proxies)]
    }),
  )
  return perCluster.flat()
}

type Proxy = { pod: V1Pod; state: ProxyState | undefined }

const proxyName = ({ metadata }: V1Pod): string => `${metadata?.name ?? ''}.${metadata?.namespace ?? ''}`

// A proxy takes a moment after its pod was made.
const isOfAge = ({ metadata }: V1Pod): boolean =>
  Date.now() - Number(new Date(metadata?.creationTimestamp ?? 0)) > 20_000

const disconnected = (cluster: SurveyedCluster, proxies: Proxy[]): Finding[] => {
  const wrong = proxies.flatMap(({ pod, state }) => {
    const words = wordsOf(state)
    return words === undefined ? [] : [{ pod, said: words }]
  })
  const [first] = wrong
  return first === undefined
    ? []
    : [
        {
          code: 'MP-873',
          where: cluster.name,
          evidence: wrong.slice(0, shown).map(({ pod, said }) => `${placeOf(pod)} ${said}`),
          fix: showLog(cluster, first.pod),
        },
      ]
}

const wordsOf = (state: ProxyState | undefined): string | undefined => {
  if (!state) return 'is not connected'
  if (state.refused.length > 0) return undefined
  return state.stale.length > 0 ? `is behind in ${state.stale.join(', ')}` : undefined
}

const showLog = (cluster: SurveyedCluster, { metadata }: V1Pod): string =>
  kubectl(cluster, `-n ${metadata?.namespace ?? ''} logs ${metadata?.name ?? ''} -c istio-proxy --tail=50`)

/**
 * Proxies of a cluster that refuse what they are sent: those with the same words together. `reader` is the cluster
 * whose objects their control plane reads.
 */
export const refusals = async (
  reader: SurveyedCluster,
  cluster: SurveyedCluster,
  proxies: Proxy[],
): Promise<Finding[]> => {
  const refusing = proxies.flatMap(({ pod, state }) =>
    state && state.refused.length > 0 ? [{ pod, said: state.refused.map(inOneLine).join(', ') }] : [],
  )
  const bySaid = Map.groupBy(refusing, ({ said }) => said)
  return Promise.all(
    [...bySaid.entries()].map(async ([said, same]): Promise<Finding> => {
      const pods = same.map(({ pod }) => pod)
      const lines = pods.slice(0, shown).map((pod) => `${placeOf(pod)} refused ${said.slice(0, 400)}`)
      const rivals = await rivalsFor(reader, cluster, said, pods)
      const filters = rivals.length > 1 ? [] : (await envoyFiltersFor(reader, pods[0])).map(placeOf)
      const finding = { code: 'MP-873' as const, where: cluster.name, clusters: [cluster.name] }
      const [newest] = rivals.toSorted((first, second) => second.created.localeCompare(first.created))
      if (rivals.length > 1 && newest)
        return {
          ...finding,
          cause: 'a gateway refuses its configuration, since two Gateways claim one port of it with overlapping hosts',
          evidence: [...rivals.map(claimOf), ...lines],
          fix:
            `${kubectl(reader, `-n ${newest.namespace} delete ${newest.resource} ${newest.name}`)}   # or ` +
            'move its hosts into the other',
        }
      return {
        ...finding,
        cause: 'a proxy refuses what its control plane sends it, and goes on with what it had',
        evidence: [
          ...lines,
          ...(filters.length > 0 ? [`EnvoyFilters change what it is sent: ${filters.join(', ')}`] : []),
        ],
        fix: pods[0] ? showLog(cluster, pods[0]) : '',
      }
    }),
  )
}

const inOneLine = (words: string): string =>
  words
    .replace(/^type\.googleapis\.com\/\S*\.(\w+):/, '$1:')
    .replaceAll(/\s+/g, ' ')
    .trim()

const claimOf = (server: GatewayServer): string =>
  `${inWords(server)} claims the port${server.created === '' ? '' : `, created ${server.created}`}`

/** The Gateways for the same port of the pods, where Envoy’s words are about the listener of one. */
const rivalsFor = async (
  reader: SurveyedCluster,
  cluster: SurveyedCluster,
  words: string,
  pods: V1Pod[],
): Promise<GatewayServer[]> => {
  const port = Number(/(?:0\.0\.0\.0|\[?::\]?)[_:](\d+)/.exec(words)?.[1] ?? 0)
  const [pod] = pods
  if (port === 0 || !pod || !/same matching rules|duplicate/i.test(words)) return []
  const [servers, services] = await Promise.all([gatewayServersAt(reader, port), servicesBefore(cluster, pod)])
  return servers.filter((server) => isFor(server, pod, services))
}
