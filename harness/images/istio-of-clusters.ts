/** The version of Istio of each cluster, by the cluster’s name. */
export type IstioOfClusters = Readonly<Record<string, string>>

/**
 * The versions of a mesh whose clusters run different releases: `cluster1:1.31,cluster2:1.30`. Undefined for a version
 * that is the same for every cluster.
 */
export const istioOfClusters = (asked: string | undefined): IstioOfClusters | undefined => {
  if (asked === undefined || !asked.includes(':')) return undefined
  return Object.fromEntries(
    asked.split(',').map((part): [string, string] => {
      const [cluster = '', version = ''] = part.split(':').map((word) => word.trim())
      return [cluster, version]
    }),
  )
}

/** The versions that are asked for, each once; none where no version is asked for. */
export const istioVersions = (asked: string | undefined): string[] => {
  const ofClusters = istioOfClusters(asked)
  if (ofClusters) return [...new Set(Object.values(ofClusters))]
  return asked === undefined ? [] : [asked]
}
