import { join } from 'node:path'
import type { EngineInfo } from '#engine/docker.ts'
import { missingCapabilities } from '#engine/capabilities.ts'
import { docker } from '#engine/docker.ts'
import type { Images } from '#images/images.ts'
import { connect, type KubeClient } from '#kube/client.ts'
import { createRoot, type RootAuthority } from './certificate-authority.ts'
import type { Procedure } from '#istio/procedure.ts'
import { primariesOf } from '#topology/roles.ts'
import type { ClusterPlan, Topology } from '#topology/topology-file.ts'
import { clusterName, createCluster, deleteCluster, kubectlApply, nodeAddress } from './kind.ts'
import { labelArguments, runImage } from '#engine/labels.ts'
import { installLoadBalancer } from './load-balancer.ts'
import { addressPools, createNetwork, removeNetwork } from './network.ts'
import { openPodNetwork, quickNameService } from './pod-network.ts'
import { joinNetworks, routes } from './routes.ts'
import { runFolder } from './run-state.ts'
import { requireServerVersion } from './server-version.ts'
import type { Task } from '#run/task-stack.ts'

/** One running cluster of a lab. */
export type LabCluster = ClusterPlan & {
  /** Path of its own kubeconfig, readable by its user alone. */
  kubeconfig: string
  istioctl: string
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
      get kube() { return (kube ??= connect(plan.name, kubeconfig)) },
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
    runId, topology, images, clusters, cluster,
    primaries: primariesOf({ clusters }),
    primary: clusters.find(({ role }) => role === 'primary') ?? cluster(''),
    root: () => (root ??= createRoot()),
  }
}

/** A running lab as data: `labOf` takes it up in another process. */
export const inputOf = ({ runId, topology, images }: Lab): Pick<Lab, 'runId' | 'topology' | 'images'> => ({ runId, topology, images })

/** The tasks that bring a lab up, from the engine's network to the last step of the topology, in order and with their undos. */
export const labTasks = (lab: Lab, owner: string, engine: EngineInfo, procedure: Procedure): Task[] => {
  const { runId, topology, images } = lab
  let subnet = ''
  const network: Task = {
    name: 'network and node image',
    after: [],
    run: async (signal) => {
      void lab.root()
      const labelled = docker(['build', '--quiet', '--tag', runImage(runId), ...labelArguments(runId, owner), '-'], { signal, stdin: 'pipe', input: `FROM ${images.node}\n` })
      ;[subnet] = await Promise.all([createNetwork(runId, owner, topology.clusters, signal), labelled])
    },
    undo: async () => {
      await removeNetwork(runId)
      if (await docker(['images', '--quiet', runImage(runId)])) await docker(['rmi', '--force', runImage(runId)])
    },
  }
  const perCluster = lab.clusters.flatMap((cluster, index): Task[] => [
    {
      name: `${cluster.name}: created`,
      after: [network.name],
      run: async (signal) => {
        await createCluster({
          runId, plan: cluster, kind: images.kind, image: runImage(runId), kubeconfig: cluster.kubeconfig, tags: { etcd: images.roles['etcd'], coredns: images.roles['coredns'] },
          restricted: engine.OSType === 'linux' && (await missingCapabilities()).length > 0,
        }, signal)
        await requireServerVersion(cluster.name, cluster.kube, images.kubernetes)
      },
      undo: () => deleteCluster(runId, cluster.name),
    },
    ...(procedure.loadBalancers?.(topology).includes(cluster.name) ? [{
      name: `${cluster.name}: load balancer`,
      run: (signal: AbortSignal) => installLoadBalancer(cluster, images.loadBalancerManifest, addressPools(subnet, lab.clusters.length)[index] ?? '', signal),
    }] : []),
    {
      name: `${cluster.name}: pod network`,
      after: [`${cluster.name}: created`],
      run: async (signal) => {
        await cluster.kube.apply(quickNameService)
        await openPodNetwork(runId, cluster, topology.clusters, signal)
      },
    },
  ])
  const joined: Task = { name: routes, after: lab.clusters.map(({ name }) => `${name}: created`), run: (signal) => joinNetworks(lab, signal) }
  const steps = procedure.steps(topology).map((step): Task => ({
    name: step.name,
    ...(step.after ? { after: step.after } : {}),
    run: async (signal) => { await step.run(lab, signal) },
  }))
  return [network, ...perCluster, joined, ...steps]
}

/** The line that lets a person use a cluster of a kept lab. */
export const kubectlLine = (lab: Lab, cluster: LabCluster): string => `KUBECONFIG=${cluster.kubeconfig} ${lab.images.kubectl} get pods -A   # ${clusterName(lab.runId, cluster.name)}`
