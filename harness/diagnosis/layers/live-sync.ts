import { z } from 'zod'
import type { Manifest } from '#kube/client.ts'
import { again, type Finding, kubectl, type Layer } from '#diagnosis/layer.ts'
import { shellWord } from '#results/text.ts'
import { meshServices } from '#diagnosis/shared-services.ts'
import { allShards, watchedClusters } from '#probes/istiod.ts'
import { readsOf } from '#probes/survey/reads.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { proxyProblems } from './proxies-in-sync.ts'

/**
 * istiod holds what the API servers say now. Its status “synced” is about the first synchronisation only
 * (istio/istio#38440). A difference counts when it is still there at a second look, since pods come and go.
 */
export const liveSync: Layer = {
  name: 'sync',
  look: async (mesh) => {
    const perPrimary = await Promise.all(
      primariesOf(mesh).map(async (primary) => {
        const watched = await watchedClusters(primary)
        const unwatched = mesh.clusters.filter(
          ({ name }) => !watched.some(({ id, syncStatus }) => id === name && syncStatus === 'synced'),
        )
        if (unwatched.length > 0) {
          return unwatched.map(({ name }): Finding => ({
            code: 'MP-871',
            where: primary.name,
            evidence: [
              `${name} is ${watched.find(({ id }) => id === name)?.syncStatus ?? 'not watched'}; watched are ` +
                watched.map(({ id, syncStatus }) => `${id} ${syncStatus}`).join(', '),
            ],
            fix: kubectl(
              hostOf(primary),
              `-n ${mesh.istioNamespace} logs deployment/istiod | grep -F ${shellWord(name)}`,
            ),
          }))
        }
        return [
          ...(await again(() => staleEndpoints(mesh, primary), 2, 1200)),
          ...(await again(() => proxyProblems(fresh(mesh), primary), 2, 1200)),
        ]
      }),
    )
    const proxies = (await Promise.all(mesh.clusters.map(({ reads }) => reads.proxies()))).flat().length
    return {
      findings: perPrimary.flat(),
      seen:
        `endpoints of ${(await meshServices(mesh)).length} services equal the API servers’; ${proxies} proxies in ` +
        'sync',
    }
  },
}

const fresh = (mesh: Survey): Survey => ({
  ...mesh,
  clusters: mesh.clusters.map((cluster) => ({
    ...cluster,
    reads: readsOf(cluster.kube, cluster.istioNamespace, cluster.istiodKube),
  })),
})

/** Machines outside of the clusters: istiod counts one to a service that selects it, which no API server does. */
const machinesOf = async ({ reads }: SurveyedCluster): Promise<Set<string>> => {
  const entries = await reads.istio('WorkloadEntry').catch((): Manifest[] => [])
  return new Set(entries.flatMap(({ spec }) => WorkloadEntry.safeParse(spec).data?.address ?? []))
}

const WorkloadEntry = z.object({ address: z.string() })

const staleEndpoints = async (mesh: Survey, primary: SurveyedCluster): Promise<Finding[]> => {
  const [services, shards, machines] = await Promise.all([
    meshServices(fresh(mesh)),
    allShards(primary),
    machinesOf(primary),
  ])
  // istiod holds nothing of a namespace that it does not follow (discoverySelectors).
  const followed = new Set(
    services
      .filter(({ host, namespace }) => Object.keys(shards(host, namespace)).length > 0)
      .map(({ namespace }) => namespace),
  )
  const different = services
    .filter(({ namespace }) => followed.has(namespace))
    .flatMap(({ host, namespace, perCluster }) => {
      const held = shards(host, namespace)
      return perCluster.flatMap(({ cluster, service, addresses }) => {
        const known = [...new Set(held[cluster.name] ?? [])]
          .filter((address) => addresses.includes(address) || !machines.has(address))
          .sort()
        return service === undefined || known.join() === addresses.join()
          ? []
          : [
              `${host} in ${cluster.name}: istiod holds ${known.join(', ') || 'none'}, the API server ` +
                (addresses.join(', ') || 'none'),
            ]
      })
    })
  return different.length === 0
    ? []
    : [
        {
          code: 'MP-872',
          where: primary.name,
          evidence: different.slice(0, 10),
          fix: kubectl(hostOf(primary), `-n ${mesh.istioNamespace} rollout restart deployment/istiod`),
        },
      ]
}
