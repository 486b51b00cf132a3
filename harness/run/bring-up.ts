import { missingCapabilities } from '#engine/capabilities.ts'
import { docker, type EngineInfo } from '#engine/docker.ts'
import { labelArguments, runImage } from '#engine/labels.ts'
import { runFolder } from '#lab/run-state.ts'
import type { Procedure, Step } from '#istio/procedure.ts'
import { named } from '#istio/shared-steps.ts'
import { createCluster, deleteCluster, loadImage } from '#lab/kind.ts'
import type { Lab } from '#lab/lab.ts'
import { installLoadBalancer } from '#lab/load-balancer.ts'
import { addressPools, createNetwork, removeNetwork } from '#lab/network.ts'
import { openPodNetwork, fastCoreDns } from '#lab/pod-network.ts'
import { addRoutes, routesTask } from '#lab/routes.ts'
import { requireServerVersion } from '#lab/server-version.ts'
import type { Task } from './task-stack.ts'

/**
 * The tasks that bring a lab up, in order, each with its undo: from the engine’s network to the last step of the
 * topology.
 */
export const labTasks = (lab: Lab, owner: string, engine: EngineInfo, procedure: Procedure): Task[] => {
  const { runId, topology, images } = lab
  const echo = images.echo?.archive
  let subnet = ''
  const network: Task = {
    name: 'network and node image',
    after: [],
    run: async (signal) => {
      void lab.root()
      const labels = labelArguments(runId, owner, runFolder(runId))
      const imageBuilt = docker(['build', '--quiet', '--tag', runImage(runId), ...labels, '-'], {
        signal,
        stdin: 'pipe',
        input: `FROM ${images.node}\n`,
      })
      ;[subnet] = await Promise.all([createNetwork(runId, owner, topology.clusters, signal), imageBuilt])
    },
    undo: async () => {
      await removeNetwork(runId)
      if (await docker(['images', '--quiet', runImage(runId)])) await docker(['rmi', '--force', runImage(runId)])
    },
  }
  const clusterTasks = lab.clusters.flatMap((cluster, index): Task[] => [
    {
      name: `${cluster.name}: created`,
      after: [network.name],
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
    },
    ...(echo
      ? [
          {
            name: echoLoaded(cluster.name),
            after: [`${cluster.name}: created`],
            run: (signal: AbortSignal) =>
              loadImage({ runId, cluster: cluster.name, kind: images.kind, archive: echo }, signal),
          },
        ]
      : []),
    ...(procedure.loadBalancers?.(topology).includes(cluster.name)
      ? [
          {
            name: `${cluster.name}: load balancer`,
            run: (signal: AbortSignal) =>
              installLoadBalancer(
                cluster,
                images.loadBalancerManifest,
                addressPools(subnet, lab.clusters.length)[index] ?? '',
                signal,
              ),
          },
        ]
      : []),
    {
      name: `${cluster.name}: pod network`,
      after: [`${cluster.name}: created`],
      run: async (signal) => {
        await cluster.kube.apply(fastCoreDns)
        await openPodNetwork(runId, cluster, topology.clusters, signal)
      },
    },
  ])
  const routes: Task = {
    name: routesTask,
    after: lab.clusters.map(({ name }) => `${name}: created`),
    run: (signal) => addRoutes(lab, signal),
  }
  const steps = procedure.steps(topology).map((step, index, all): Task => ({
    name: step.name,
    ...afterOf(step, all[index - 1], echo === undefined ? [] : lab.clusters.map(({ name }) => name)),
    run: async (signal) => {
      await step.run(lab, signal)
    },
  }))
  return [network, ...clusterTasks, routes, ...steps]
}

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
