import { join } from 'node:path'
import type { Images } from '#images/images.ts'
import { connect, type KubeClient } from '#kube/client.ts'
import { primariesOf } from '#topology/roles.ts'
import type { ClusterPlan, Topology } from '#topology/topology-file.ts'
import { createRoot, type RootAuthority } from './certificate-authority.ts'
import { clusterName, kubectlApply, nodeAddress } from './kind.ts'
import { runFolder } from './run-state.ts'

/** One running cluster of a lab. */
export type LabCluster = ClusterPlan & {
  /** Path of its own kubeconfig, readable by its user alone. */
  kubeconfig: string
  istioctl: string
  /** Istio’s root namespace: the same in every cluster. */
  istioNamespace: string
  /** Its API, through the published port. Usable once the cluster is created. */
  readonly kube: KubeClient
  /** Applies a manifest of many objects; answers with what was applied, as `kind.group/name`. */
  applyText: (manifest: string, signal: AbortSignal) => Promise<string[]>
  /** Its node's address on the engine's network: for the other cluster, never dialled from here. */
  address: () => Promise<string>
}

/** Clusters, mesh and workloads of one run. */
export type Lab = {
  runId: string
  topology: Topology
  images: Images
  clusters: LabCluster[]
  /** The clusters with a control plane; the first of them serves the remotes. */
  primaries: LabCluster[]
  primary: LabCluster
  cluster: (name: string) => LabCluster
  /** The root of the mesh's certificates, made on first use. */
  root: () => Promise<RootAuthority>
}

/** The handles of a lab, whether its clusters run already or not. */
export const labOf = (runId: string, topology: Topology, images: Images): Lab => {
  const clusters = topology.clusters.map((plan): LabCluster => {
    const kubeconfig = join(runFolder(runId), `${plan.name}.kubeconfig`)
    let kube: KubeClient | undefined
    let address: Promise<string> | undefined
    return {
      ...plan,
      kubeconfig,
      istioctl: images.istioctl,
      istioNamespace: topology.istioNamespace,
      get kube() {
        return (kube ??= connect(plan.name, kubeconfig))
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

/** A running lab as data: `labOf` takes it up in another process. */
export const inputOf = ({ runId, topology, images }: Lab): Pick<Lab, 'runId' | 'topology' | 'images'> => ({
  runId,
  topology,
  images,
})

/** The line that lets a person use a cluster of a kept lab. */
export const kubectlLine = (lab: Lab, cluster: LabCluster): string =>
  `KUBECONFIG=${cluster.kubeconfig} ${lab.images.kubectl} get pods -A   # ${clusterName(lab.runId, cluster.name)}`
