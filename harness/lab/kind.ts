import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { stringify } from 'yaml'
import { docker, requireEngine } from '#engine/docker.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { minorOf } from '#images/version.ts'
import type { ClusterPlan } from '#topology/topology-file.ts'
import { nameOf, runLabel } from '#engine/labels.ts'

/** The settings of a kind cluster. */
export type KindCluster = {
  runId: string
  plan: ClusterPlan
  kind: string
  image: string
  /** The version of Kubernetes in the image, as v1.34.4. */
  kubernetes: string
  kubeconfig: string
  /**
   * Image tags for kubeadm. A node image that is built here holds these tags and not kubeadm's defaults, which differ
   * between minors.
   */
  tags: { etcd?: string | undefined; coredns?: string | undefined }
  /**
   * True on a host that cannot grant every capability. The kubelet then ignores the kernel settings it cannot change.
   */
  restricted: boolean
  /** The version of the engine's cgroups, as it reports it: '1' or '2'. */
  cgroupVersion: string
}

/**
 * Settings for a cluster with one node that exists for minutes. Without leader election a controller starts four
 * seconds sooner, and with a higher request rate another three. etcd does not flush each write to the disk.
 */
const shortLived = {
  controllerManager: { extraArgs: { 'leader-elect': 'false', 'kube-api-qps': '200', 'kube-api-burst': '400' } },
  scheduler: { extraArgs: { 'leader-elect': 'false' } },
  etcd: { extraArgs: { 'unsafe-no-fsync': 'true' } },
}

/**
 * Elliptic keys for the certificates of the control plane: kubeadm makes sixteen, and RSA keys take it a second of both
 * cores. kind writes kubeadm’s v1beta3 up to Kubernetes 1.35, which has a feature gate in place of the field.
 */
const ellipticKeys = (kubernetes: string): object =>
  (minorOf(kubernetes) ?? 0) < 36 ? { featureGates: { PublicKeysECDSA: true } } : { encryptionAlgorithm: 'ECDSA-P256' }

/**
 * The configuration for kubeadm. Without an apiVersion, kind adds the one of that version of kubeadm, and turns the
 * arguments into the list that v1beta4 has in their place. Kubernetes 1.32 and later know every flag.
 */
const clusterConfiguration = ({ kubernetes, tags: { etcd, coredns } }: KindCluster): object => ({
  kind: 'ClusterConfiguration',
  ...ellipticKeys(kubernetes),
  controllerManager: shortLived.controllerManager,
  scheduler: shortLived.scheduler,
  etcd: { local: { ...shortLived.etcd, ...(etcd === undefined ? {} : { imageTag: etcd }) } },
  ...(coredns === undefined ? {} : { dns: { imageTag: coredns } }),
})

/**
 * What kubeadm leaves out: the checks that kind leaves out, a kubelet that renews its certificate within a year (which
 * restarts it), and tokens for nodes that join.
 */
const initConfiguration = {
  kind: 'InitConfiguration',
  skipPhases: ['preflight', 'kubelet-finalize', 'bootstrap-token', 'show-join-command'],
}

/** From Kubernetes 1.35 on, a kubelet refuses to start on cgroups of version 1 unless it is told to accept them. */
const kubeletConfigurations = ({ kubernetes, cgroupVersion }: KindCluster): object[] =>
  cgroupVersion === '1' && (minorOf(kubernetes) ?? 0) >= 35
    ? [{ kind: 'KubeletConfiguration', failCgroupV1: false }]
    : []

/** The name of a cluster in the engine. */
export const clusterName = (runId: string, cluster: string): string => nameOf(runId, cluster)

/** The name of the container of a cluster's only node. */
export const nodeName = (runId: string, cluster: string): string => `${clusterName(runId, cluster)}-control-plane`

/**
 * Creates a cluster on the run's network. It has no pod network yet, so its node is not ready.
 * @throws MeshproofError MP-420 when a cluster of that name exists and is not of this run, MP-421 when kind fails.
 */
export const createCluster = async (cluster: KindCluster, signal: AbortSignal): Promise<void> => {
  const { runId, plan, kind, image, kubeconfig, restricted } = cluster
  const name = clusterName(runId, plan.name)
  await refuseForeignCluster(runId, plan.name)
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
    kubeadmConfigPatches: [clusterConfiguration(cluster), initConfiguration, ...kubeletConfigurations(cluster)].map(
      (patch) => stringify(patch),
    ),
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
      why: whyKindFailed(output) ?? reasonOf(error),
      next: '`meshproof doctor` shows what this machine lacks. With --keep, `docker logs` of the node shows more.',
      cause: error,
    })
  }
}

/**
 * Why kind failed, from its output: what the engine said, otherwise kind's own error without the arguments of the
 * command that failed, which are longer than a line and say nothing about the cause.
 */
export const whyKindFailed = (output: string): string | undefined => {
  const engine = /Error response from daemon: .+/.exec(output)?.[0]
  const ofKind = output.split('\n').find((line) => /^ERROR|error:/i.test(line))
  return engine ?? ofKind?.replace(/command "(\S+ \S+)[^"]*"/, 'command "$1 …"')
}

/**
 * Loads the archive of an image into the node of a cluster.
 * @throws MeshproofError MP-371 where the node does not take it.
 */
export const loadImage = async (
  { runId, cluster, kind, archive }: { runId: string; cluster: string; kind: string; archive: string },
  signal: AbortSignal,
): Promise<void> => {
  try {
    await execa(kind, ['load', 'image-archive', archive, '--name', clusterName(runId, cluster)], {
      cancelSignal: signal,
      stdin: 'ignore',
    })
  } catch (cause) {
    signal.throwIfAborted()
    const printed: string = cause instanceof ExecaError ? (cause.stderr ?? '') : ''
    throw new MeshproofError('MP-371', {
      what: 'The image of echo cannot be loaded into a node',
      where: cluster,
      why: printed.trim().split('\n').at(-1) || reasonOf(cause),
      next: 'Run the same command again; meshproof doctor shows whether the disk is full.',
      cause,
    })
  }
}

/** Deletes a cluster of this run and its volumes, whatever its state. */
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

/** The address of a cluster's node on the run's network, at which the other clusters reach it. */
export const nodeAddress = (runId: string, cluster: string): Promise<string> =>
  docker([
    'inspect',
    '--format',
    `{{(index .NetworkSettings.Networks "${nameOf(runId)}").IPAddress}}`,
    nodeName(runId, cluster),
  ])

/** Runs a shell script in a cluster's node. Returns its output. */
export const inNode = (runId: string, cluster: string, script: string, signal?: AbortSignal): Promise<string> =>
  docker(['exec', nodeName(runId, cluster), 'sh', '-c', script], { signal })

/**
 * Applies a manifest of many objects with the kubectl of the node, server-side. Returns the names of the objects
 * (`deployment.apps/istiod`). The typed client is not used, because it drops fields of a CustomResourceDefinition's
 * schema that it does not know.
 * @throws MeshproofError MP-402 with kubectl's message.
 */
export const kubectlApply = async (
  runId: string,
  cluster: string,
  manifest: string,
  signal: AbortSignal,
): Promise<string[]> => {
  try {
    const applied = await docker(
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
    return applied.split('\n')
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

const refuseForeignCluster = async (runId: string, cluster: string): Promise<void> => {
  const label = await docker([
    'inspect',
    '--format',
    `{{index .Config.Labels "${runLabel}"}}`,
    nodeName(runId, cluster),
  ]).catch(() => undefined)
  if (label === undefined || label === runId) return
  throw new MeshproofError('MP-420', {
    what: 'A cluster of that name exists, and this run did not create it',
    where: nodeName(runId, cluster),
    next: 'Run the same command again: each run has another name. Nothing was changed.',
  })
}
