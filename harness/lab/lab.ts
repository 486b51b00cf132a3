import { join } from 'node:path'
import { releaseIn, type Images } from '#images/images.ts'
import { connect, type KubeClient } from '#kube/client.ts'
import { primariesOf } from '#topology/roles.ts'
import type { ClusterPlan, Topology } from '#topology/topology-file.ts'
import { createRoot, type RootAuthority } from './certificate-authority.ts'
import { clusterName, kubectlApply, nodeAddress } from './kind.ts'
import { runFolder } from './run-state.ts'

/** A cluster of a lab. */
export type LabCluster = ClusterPlan & {
  /** Path of the cluster's kubeconfig, which only this user can read. */
  kubeconfig: string
  istioctl: string
  /** Istio’s root namespace: the same in every cluster. */
  istioNamespace: string
  /** The API of the cluster, through the published port. It works once the cluster is created. */
  readonly kube: KubeClient
  /** The API of the cluster in which this cluster’s istiod runs, where that is another. */
  readonly istiodKube?: KubeClient | undefined
  /** Applies a manifest of many objects. Returns their names as `kind.group/name`. */
  applyText: (manifest: string, signal: AbortSignal) => Promise<string[]>
  /** The node's address on the engine's network. The other clusters can reach it; this machine may not. */
  address: () => Promise<string>
}

/** The clusters of a run, with its mesh and workloads. */
export type Lab = {
  runId: string
  topology: Topology
  images: Images
  clusters: LabCluster[]
  /** The clusters with a control plane. The first of them serves the remote clusters. */
  primaries: LabCluster[]
  primary: LabCluster
  cluster: (name: string) => LabCluster
  /** The root of the mesh's certificates, created at the first call. */
  root: () => Promise<RootAuthority>
}

/** Makes the object for a lab, before or after its clusters are created. */
export const labOf = (runId: string, topology: Topology, images: Images): Lab => {
  const clusters = topology.clusters.map((plan): LabCluster => {
    const kubeconfig = join(runFolder(runId), `${plan.name}.kubeconfig`)
    let kube: KubeClient | undefined
    let address: Promise<string> | undefined
    return {
      ...plan,
      kubeconfig,
      istioctl: releaseIn(images, plan.name).istioctl,
      istioNamespace: topology.istioNamespace,
      get kube() {
        return (kube ??= connect(plan.name, kubeconfig))
      },
      get istiodKube() {
        return plan.istiodIn === undefined ? undefined : cluster(plan.istiodIn).kube
      },
      applyText: (manifest, signal) => kubectlApply(runId, plan.name, manifest, signal),
      address: () => (address ??= nodeAddress(runId, plan.name)),
    }
  })
  const cluster = (name: string): LabCluster => {
    const found = clusters.find((candidate) => candidate.name === name)
    if (!found) throw new Error(`the topology has no cluster “${name}”`)
    return found
  }
  let root: Promise<RootAuthority> | undefined
  return {
    runId,
    topology,
    images,
    clusters,
    cluster,
    primaries: primariesOf({ clusters }),
    primary: clusters.find(({ role }) => role === 'primary') ?? cluster(''),
    root: () => (root ??= createRoot()),
  }
}

/** The part of a lab that is data. With it `labOf` gives another process access to the same lab. */
export const labData = ({ runId, topology, images }: Lab): Pick<Lab, 'runId' | 'topology' | 'images'> => ({
  runId,
  topology,
  images,
})

/** A command line with which a person looks at a cluster of a kept lab. */
export const kubectlLine = (lab: Lab, cluster: LabCluster): string =>
  `KUBECONFIG=${cluster.kubeconfig} ${lab.images.kubectl} get pods -A   # ${clusterName(lab.runId, cluster.name)}`
