/** The clusters of a mesh with a control plane; the first of them serves the remotes. */
export const primariesOf = <Cluster extends { role: 'primary' | 'remote' }>({
  clusters,
}: {
  clusters: Cluster[]
}): Cluster[] => clusters.filter(({ role }) => role === 'primary')
