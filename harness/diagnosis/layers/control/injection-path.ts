import { placeIn } from '#probes/survey/injection-path.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * A remote’s injector tells the control plane for which cluster it asks by its path (Istio’s primary-remote guide:
 * istiodRemote.injectionPath). Without it new pods are told that they are of the control plane’s own cluster.
 */
export const wrongInjectionPath = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  if (cluster.role === 'primary' && !cluster.istiodHost) return []
  const injectors = await cluster.reads.injectors()
  const wrong = injectors.flatMap(({ metadata, webhooks }) => {
    const paths = (webhooks ?? []).flatMap(({ clientConfig }) => clientConfig.service?.path ?? pathOf(clientConfig.url))
    const path = paths.find((candidate) => placeIn(candidate).cluster !== cluster.name)
    return path === undefined ? [] : [{ injector: metadata?.name ?? '', path }]
  })
  const [first] = wrong
  if (!first) return []
  const named = placeIn(first.path).cluster
  return [
    {
      code: 'MP-850',
      where: `${cluster.name} ${first.injector}`,
      evidence: [
        ...wrong.map(({ injector, path }) => `${injector}: path ${path}`),
        named === undefined
          ? 'the path names no cluster, so new pods are told that they are of the control plane’s own cluster and ' +
            'network'
          : `the path names ${named}, and running proxies are of ${cluster.name}`,
      ],
      fix:
        `install the remote profile of ${cluster.name} again with ` +
        `istiodRemote.injectionPath=/inject/cluster/${cluster.name}/net/${cluster.network || 'NETWORK'}; then ` +
        kubectl(cluster, 'rollout restart deployment   # in each namespace with sidecars'),
      clusters: [cluster.name],
    },
  ]
}

const pathOf = (url: string | undefined): string[] =>
  url !== undefined && URL.canParse(url) ? [new URL(url).pathname] : []
