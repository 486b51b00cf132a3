import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { docker, requireEngine } from '#engine/docker.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { nameOf, runLabel } from '#engine/labels.ts'
import { kubernetes } from '#kube/library.ts'
import { kindConfig, type KindCluster } from './kind-config.ts'

/** The name of a cluster in the engine. */
export const clusterName = (runId: string, cluster: string): string => nameOf(runId, cluster)

/** The name of the container of a cluster's only node. */
export const nodeName = (runId: string, cluster: string): string => `${clusterName(runId, cluster)}-control-plane`

/**
 * Creates a cluster on the run's network. It has no pod network yet, so its node is not ready.
 * @throws MeshproofError MP-420 when a cluster of that name exists and is not of this run, MP-421 when kind fails.
 */
export const createCluster = async (cluster: KindCluster, signal: AbortSignal): Promise<void> => {
  const { runId, plan, kind, kubeconfig } = cluster
  const name = clusterName(runId, plan.name)
  await refuseForeignCluster(runId, plan.name)
  // Loading the client takes a third of a second: kind works for longer, and has begun by then.
  const loading = setTimeout(kubernetes, 1000).unref()
  try {
    await execa(kind, ['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, '--config', '-'], {
      input: kindConfig(cluster),
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
  } finally {
    clearTimeout(loading)
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
