import { missingCapabilities } from '#engine/capabilities.ts'
import { docker, type EngineInfo } from '#engine/docker.ts'
import { labelArguments, runImage } from '#engine/labels.ts'
import { runFolder } from '#lab/run-state.ts'
import type { Procedure, Step } from '#istio/procedure.ts'
import { named } from '#istio/shared-steps.ts'
import { createCluster, deleteCluster, loadImage } from '#lab/kind.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { installLoadBalancer } from '#lab/load-balancer.ts'
import { addressPools, createNetwork, removeNetwork } from '#lab/network.ts'
import { openPodNetwork, fastCoreDns } from '#lab/pod-network.ts'
import { addRoutes, routesTask } from '#lab/routes.ts'
import { requireServerVersion } from '#lab/server-version.ts'
import type { Task } from './task-stack.ts'

/** Where the tasks of the clusters find the range of addresses of the lab’s network, once it is made. */
type Subnet = { range: string }

/**
 * The tasks that bring a lab up, in order, each with its undo: from the engine’s network to the last step of the
 * topology.
 */
export const labTasks = (lab: Lab, owner: string, engine: EngineInfo, procedure: Procedure): Task[] => {
  const { topology, images } = lab
  const echo = images.echo?.archive
  const subnet: Subnet = { range: '' }
  const withBalancer = procedure.loadBalancers?.(topology) ?? []
  const clusterTasks = lab.clusters.flatMap((cluster, index) => [
    creation(lab, cluster, engine),
    ...(echo === undefined ? [] : [echoLoading(lab, cluster, echo)]),
    ...(withBalancer.includes(cluster.name) ? [loadBalancing(lab, cluster, index, subnet)] : []),
    podNetworking(lab, cluster),
  ])
  const routes: Task = {
    name: routesTask,
    after: lab.clusters.map(({ name }) => created(name)),
    run: (signal) => addRoutes(lab, signal),
  }
  const steps = procedure.steps(topology).map((step, index, all): Task => ({
    name: step.name,
    ...afterOf(step, all[index - 1], echo === undefined ? [] : lab.clusters.map(({ name }) => name)),
    run: async (signal) => {
      await step.run(lab, signal)
    },
  }))
  return [networking(lab, owner, subnet), ...clusterTasks, routes, ...steps]
}

const networkTask = 'network and node image'

const created = (cluster: string): string => `${cluster}: created`

const networking = (lab: Lab, owner: string, subnet: Subnet): Task => {
  const { runId, topology, images } = lab
  return {
    name: networkTask,
    after: [],
    run: async (signal) => {
      void lab.root()
      const labels = labelArguments(runId, owner, runFolder(runId))
      const imageBuilt = docker(['build', '--quiet', '--tag', runImage(runId), ...labels, '-'], {
        signal,
        stdin: 'pipe',
        input: `FROM ${images.node}\n`,
      })
      ;[subnet.range] = await Promise.all([createNetwork(runId, owner, topology.clusters, signal), imageBuilt])
    },
    undo: async () => {
      await removeNetwork(runId)
      if (await docker(['images', '--quiet', runImage(runId)])) await docker(['rmi', '--force', runImage(runId)])
    },
  }
}

const creation = ({ runId, images }: Lab, cluster: LabCluster, engine: EngineInfo): Task => ({
  name: created(cluster.name),
  after: [networkTask],
  run: async (signal) => {
    await createCluster(
      {
        runId,
        plan: cluster,
        kind: images.kind,
        image: runImage(runId),
        kubernetes: images.kubernetes,
        kubeconfig: cluster.kubeconfig,
        tags: { etcd: images.roles['etcd'], coredns: images.roles['coredns'] },
        restricted: engine.OSType === 'linux' && (await missingCapabilities()).length > 0,
        cgroupVersion: engine.CgroupVersion,
      },
      signal,
    )
    await requireServerVersion(cluster.name, cluster.kube, images.kubernetes)
  },
  undo: () => deleteCluster(runId, cluster.name),
})

const echoLoading = ({ runId, images }: Lab, { name: cluster }: LabCluster, archive: string): Task => ({
  name: echoLoaded(cluster),
  after: [created(cluster)],
  run: (signal) => loadImage({ runId, cluster, kind: images.kind, archive }, signal),
})

const loadBalancing = ({ images, clusters }: Lab, cluster: LabCluster, index: number, subnet: Subnet): Task => ({
  name: `${cluster.name}: load balancer`,
  run: (signal) => {
    const pool = addressPools(subnet.range, clusters.length)[index] ?? ''
    return installLoadBalancer(cluster, images.loadBalancerManifest, pool, signal)
  },
})

const podNetworking = ({ runId, topology }: Lab, cluster: LabCluster): Task => ({
  name: `${cluster.name}: pod network`,
  after: [created(cluster.name)],
  run: async (signal) => {
    await cluster.kube.apply(fastCoreDns)
    await openPodNetwork(runId, cluster, topology.clusters, signal)
  },
})

const echoLoaded = (cluster: string): string => `${cluster}: image of echo`

/** What a step comes after. A pod of echo does not start before its image is there. */
const afterOf = (
  { name, after }: Pick<Step, 'name' | 'after'>,
  before: Step | undefined,
  loading: string[],
): Pick<Task, 'after'> => {
  const cluster = loading.find((candidate) => name === named.workloads(candidate))
  if (cluster === undefined) return after ? { after } : {}
  return { after: [...(after ?? (before ? [before.name] : [])), echoLoaded(cluster)] }
}
