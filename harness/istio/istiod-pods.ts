import type { V1Pod } from '@kubernetes/client-node'
import type { KubeClient } from '#kube/client.ts'

/** A cluster with Istio: its API, and Istio’s root namespace in it. */
export type IstioCluster = {
  readonly kube: KubeClient
  istioNamespace: string
  /** The API of the cluster in which istiod runs, where that is another cluster (an external control plane). */
  readonly istiodKube?: KubeClient | undefined
}

/** The API of the cluster in which a cluster’s istiod runs. */
export const istiodApi = ({ kube, istiodKube }: Pick<IstioCluster, 'kube' | 'istiodKube'>): KubeClient =>
  istiodKube ?? kube

/** Selects the pods of istiod: of every revision, or of one. */
export const istiodSelector = (revision?: string): string =>
  revision === undefined ? 'app=istiod' : `app=istiod,istio.io/rev=${revision}`

/** The pods of a cluster's control planes, ready or not; of all of them, or of one revision. */
export const istiodPods = (cluster: IstioCluster, revision?: string): Promise<V1Pod[]> =>
  istiodApi(cluster).list<V1Pod>({
    apiVersion: 'v1',
    kind: 'Pod',
    namespace: cluster.istioNamespace,
    selector: istiodSelector(revision),
  })
