import type { V1Pod } from '@kubernetes/client-node'
import type { KubeClient } from '#kube/client.ts'

/** A cluster with Istio: its API, and Istio’s root namespace in it. */
export type IstioCluster = { readonly kube: KubeClient; istioNamespace: string }

/** Selects the pods of istiod: of every revision, or of one. */
export const istiodSelector = (revision?: string): string =>
  revision === undefined ? 'app=istiod' : `app=istiod,istio.io/rev=${revision}`

/** The pods of a cluster's control planes, ready or not; of all of them, or of one revision. */
export const istiodPods = ({ kube, istioNamespace }: IstioCluster, revision?: string): Promise<V1Pod[]> =>
  kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace: istioNamespace, selector: istiodSelector(revision) })
