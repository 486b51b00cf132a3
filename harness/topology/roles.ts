/** The clusters of a mesh that have a control plane. The first of them serves the remote clusters. */
export const primariesOf = <Cluster extends { role: 'primary' | 'remote' }>({
  clusters,
}: {
  clusters: Cluster[]
}): Cluster[] => clusters.filter(({ role }) => role === 'primary')
