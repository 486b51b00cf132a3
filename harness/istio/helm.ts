import { dirname, join } from 'node:path'
import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { stringify } from 'yaml'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { HelmImages } from '#images/images.ts'
import type { LabCluster } from '#lab/lab.ts'
import type { ChartRelease } from './charts.ts'

type Place = Pick<LabCluster, 'name' | 'kubeconfig' | 'istioNamespace'>

/**
 * Installs releases one after the other, or upgrades those that are there. Helm takes over a gateway’s service, which
 * is created before the gateway, and fields that istiod or a step of a topology has set since.
 * @throws MeshproofError MP-502 when Helm refuses.
 */
export const installReleases = async (
  cluster: Place,
  { program, charts }: HelmImages,
  releases: ChartRelease[],
  signal: AbortSignal,
): Promise<void> => {
  for (const { name, chart, values } of releases)
    await helm(
      cluster,
      program,
      ['upgrade', '--install', name, charts[chart], '--take-ownership', '--force-conflicts', '--values', '-'],
      signal,
      stringify(values),
    )
}

/**
 * Runs Helm against a cluster, in Istio’s root namespace, and returns what it printed. The user’s own settings,
 * repositories and plugins of Helm are not used.
 * @throws MeshproofError MP-502 when it fails.
 */
export const helm = async (
  cluster: Place,
  program: string,
  args: string[],
  signal: AbortSignal,
  input?: string,
): Promise<string> => {
  const own = join(dirname(cluster.kubeconfig), 'helm')
  try {
    const { stdout } = await execa(
      program,
      [...args, '--namespace', cluster.istioNamespace, '--kubeconfig', cluster.kubeconfig],
      {
        env: {
          HELM_CACHE_HOME: join(own, 'cache'),
          HELM_CONFIG_HOME: join(own, 'config'),
          HELM_DATA_HOME: join(own, 'data'),
          KUBECACHEDIR: join(own, `kube-${cluster.name}`),
        },
        cancelSignal: signal,
        ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      },
    )
    return stdout
  } catch (error) {
    if (error instanceof ExecaError && error.isCanceled) throw error
    const output = error instanceof ExecaError ? (error.stderr ?? '') : ''
    throw new MeshproofError('MP-502', {
      what: `helm ${args[0] ?? ''} failed`,
      where: cluster.name,
      why:
        output
          .split('\n')
          .map((line) => line.trim())
          .findLast((line) => line.startsWith('Error:')) ?? reasonOf(error),
      next: `Run again with --keep; helm --namespace ${cluster.istioNamespace} history RELEASE shows what was tried.`,
      cause: error,
    })
  }
}
