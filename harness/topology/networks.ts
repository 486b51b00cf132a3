type Clusters = { clusters: readonly { network: string }[] }

/** The networks that the clusters of a mesh are on, each once, in the order of the clusters. */
export const networksOf = ({ clusters }: Clusters): string[] => [...new Set(clusters.map(({ network }) => network))]

/** True where the clusters of a mesh are on more than one network, so that they reach each other through gateways. */
export const severalNetworks = (mesh: Clusters): boolean => networksOf(mesh).length > 1
