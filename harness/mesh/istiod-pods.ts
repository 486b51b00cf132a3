import type { V1Pod } from '@kubernetes/client-node'
import type { KubeClient } from '../kube/client.ts'

/** A control plane's pods, ready or not. */
export const istiodPods = (kube: KubeClient): Promise<V1Pod[]> =>
  kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace: 'istio-system', selector: 'app=istiod' })
