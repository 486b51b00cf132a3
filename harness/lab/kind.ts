import { execa, ExecaError } from 'execa'
import { stringify } from 'yaml'
import { docker, requireEngine } from '#engine/docker.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { ClusterPlan } from '#topology/topology-file.ts'
import { nameOf, runLabel } from '#engine/labels.ts'

/** What a kind cluster is created from. */
export type KindCluster = {
  runId: string
  plan: ClusterPlan
  kind: string
  image: string
  kubeconfig: string
  /**
   * Tags that kubeadm takes instead of its own defaults, which are each minor's own: those of what a node image holds
   * that was built here.
   */
  tags: { etcd?: string | undefined; coredns?: string | undefined }
  /** True on a host that cannot grant every capability: kubelet must then not insist on what it cannot set. */
  restricted: boolean
}

/**
 * What a cluster of one node that lives for a minute does not need: an election among controllers that have no rival
 * (its first retry costs four seconds), their modest request rate (three more), and a disk flush for every write of
 * etcd.
 */
const shortLived = {
  controllerManager: { extraArgs: { 'leader-elect': 'false', 'kube-api-qps': '200', 'kube-api-burst': '400' } },
  scheduler: { extraArgs: { 'leader-elect': 'false' } },
  etcd: { extraArgs: { 'unsafe-no-fsync': 'true' } },
}

/**
 * Without an apiVersion kind spells it as each version of kubeadm wants it; every flag is known to Kubernetes 1.32 and
 * later.
 */
const clusterConfiguration = ({ etcd, coredns }: KindCluster['tags']): object => ({
  kind: 'ClusterConfiguration',
  controllerManager: shortLived.controllerManager,
  scheduler: shortLived.scheduler,
  etcd: { local: { ...shortLived.etcd, ...(etcd === undefined ? {} : { imageTag: etcd }) } },
  ...(coredns === undefined ? {} : { dns: { imageTag: coredns } }),
})

/** The name of a cluster in the engine. */
export const clusterName = (runId: string, cluster: string): string => nameOf(runId, cluster)

/** The container of a cluster's only node. */
export const nodeName = (runId: string, cluster: string): string => `${clusterName(runId, cluster)}-control-plane`

/**
 * Creates one cluster on the run's network, without a pod network and without waiting for one.
 * @throws MeshproofError MP-420 when somebody else's cluster has its name, MP-421 when kind fails.
 */
export const createCluster = async (
  { runId, plan, kind, image, kubeconfig, tags, restricted }: KindCluster,
  signal: AbortSignal,
): Promise<void> => {
  const name = clusterName(runId, plan.name)
  await refuseForeign(runId, plan.name)
  const config = {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: {
      podSubnet: plan.podCidr,
      serviceSubnet: plan.serviceCidr,
      disableDefaultCNI: true,
      kubeProxyMode: 'iptables',
    },
    ...(restricted ? { featureGates: { KubeletInUserNamespace: true } } : {}),
    nodes: [{ role: 'control-plane', image }],
    kubeadmConfigPatches: [stringify(clusterConfiguration(tags))],
  }
  try {
    await execa(kind, ['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, '--config', '-'], {
      input: stringify(config),
      env: { KIND_EXPERIMENTAL_DOCKER_NETWORK: nameOf(runId) },
      cancelSignal: signal,
    })
  } catch (error) {
    if (error instanceof ExecaError && error.isCanceled) throw error
    await requireEngine(signal)
    const output = error instanceof ExecaError ? (error.stderr ?? '') : ''
    throw new MeshproofError('MP-421', {
      what: 'kind could not create a cluster',
      where: plan.name,
      why: output.split('\n').find((line) => /^ERROR|error:/i.test(line)) ?? reasonOf(error),
      next: '`meshproof doctor` shows what this machine lacks; docker logs of the node say more with --keep.',
      cause: error,
    })
  }
}

/** Deletes one cluster of ours, and its volumes, whatever state it is in. */
export const deleteCluster = async (runId: string, cluster: string): Promise<void> => {
  const ids = await docker([
    'ps',
    '--all',
    '--quiet',
    '--filter',
    `label=${runLabel}=${runId}`,
    '--filter',
    `name=^${nodeName(runId, cluster)}$`,
  ])
  if (ids) await docker(['rm', '--force', '--volumes', ...ids.split('\n')])
}

/** The node's address on the run's network: what the other cluster dials. */
export const nodeAddress = (runId: string, cluster: string): Promise<string> =>
  docker([
    'inspect',
    '--format',
    `{{(index .NetworkSettings.Networks "${nameOf(runId)}").IPAddress}}`,
    nodeName(runId, cluster),
  ])

/** Runs a shell line in a cluster's node. */
export const inNode = (runId: string, cluster: string, script: string, signal?: AbortSignal): Promise<string> =>
  docker(['exec', nodeName(runId, cluster), 'sh', '-c', script], { signal })

/**
 * Applies a long manifest with the node's own kubectl, server-side, and returns what was applied
 * (`deployment.apps/istiod`). The typed client is for single objects: it drops what it does not know of a
 * CustomResourceDefinition's schema.
 * @throws MeshproofError MP-402 with kubectl's words.
 */
export const kubectlApply = async (
  runId: string,
  cluster: string,
  manifest: string,
  signal: AbortSignal,
): Promise<string[]> => {
  try {
    const told = await docker(
      [
        'exec',
        '-i',
        nodeName(runId, cluster),
        'kubectl',
        '--kubeconfig',
        '/etc/kubernetes/admin.conf',
        'apply',
        '--server-side',
        '--force-conflicts',
        '--validate=false',
        '--output',
        'name',
        '--filename',
        '-',
      ],
      { signal, stdin: 'pipe', input: manifest },
    )
    return told.split('\n')
  } catch (cause) {
    if (!(cause instanceof MeshproofError) || cause.code !== 'MP-202') throw cause
    await requireEngine(signal)
    throw new MeshproofError('MP-402', {
      what: 'The API server refused a manifest',
      where: cluster,
      why: reasonOf(cause),
      next: cause.next,
      cause,
    })
  }
}

const refuseForeign = async (runId: string, cluster: string): Promise<void> => {
  const label = await docker([
    'inspect',
    '--format',
    `{{index .Config.Labels "${runLabel}"}}`,
    nodeName(runId, cluster),
  ]).catch(() => undefined)
  if (label === undefined || label === runId) return
  throw new MeshproofError('MP-420', {
    what: 'A cluster of that name exists and is not ours',
    where: nodeName(runId, cluster),
    next: 'Run again: every run has a name of its own. Nothing was touched.',
  })
}
