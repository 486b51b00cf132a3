/** The clusters of a mesh that have a control plane. The first of them serves the remote clusters. */
export const primariesOf = <Cluster extends { role: 'primary' | 'remote' }>({
  clusters,
}: {
  clusters: Cluster[]
}): Cluster[] => clusters.filter(({ role }) => role === 'primary')

/** The name of the cluster in which the istiod of a primary runs: its own, unless the control plane is external. */
export const istiodHostOf = ({ name, istiodIn }: { name: string; istiodIn?: string | undefined }): string =>
  istiodIn ?? name

/** True where the istiod of a mesh runs in another cluster than its configuration. */
export const hasExternalControlPlane = ({ clusters }: { clusters: { istiodIn?: string | undefined }[] }): boolean =>
  clusters.some(({ istiodIn }) => istiodIn !== undefined)
