import { execa, ExecaError } from 'execa'
import { stringify } from 'yaml'
import { MeshproofError, reasonOf } from '../errors.ts'
import { isRolledOut } from '../kube/pods.ts'
import { until } from '../kube/until.ts'
import type { LabCluster } from '../lab/lab.ts'

/** The body of an IstioOperator: what `istioctl` is given. */
export type OperatorSpec = Record<string, unknown>

/**
 * Installs one IstioOperator the way the seeds do: the manifest is rendered, applied, and its deployments waited for. (`istioctl
 * install` does the same, but looks only every two seconds whether they are ready.)
 * @throws MeshproofError MP-501 when istioctl refuses the operator, MP-401 when a deployment is not ready within two minutes.
 */
export const installIstio = async (cluster: LabCluster, spec: OperatorSpec, signal: AbortSignal): Promise<void> => {
  const operator = { apiVersion: 'install.istio.io/v1alpha1', kind: 'IstioOperator', spec }
  const manifest = await istioctl(cluster, ['manifest', 'generate', '--filename', '-'], signal, stringify(operator))
  const applied = await cluster.applyText(manifest, signal)
  await Promise.all(applied.flatMap((object) => (/^deployment\.apps\/(.+)$/.exec(object)?.[1] ?? [])).map((name) =>
    until(`istio-system/${name} is ready in ${cluster.name}`, () => isRolledOut(cluster.kube, 'istio-system', name), { every: 200, within: 120_000, signal })))
}

/** Runs istioctl against a cluster and returns what it printed. @throws MeshproofError MP-501 when it fails. */
export const istioctl = async (cluster: LabCluster, args: string[], signal: AbortSignal, input?: string): Promise<string> => {
  try {
    const { stdout } = await execa(cluster.istioctl, [...args, ...(args[0] === 'manifest' ? [] : ['--kubeconfig', cluster.kubeconfig])], {
      cancelSignal: signal, ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    })
    return stdout
  } catch (error) {
    if (error instanceof ExecaError && error.isCanceled) throw error
    const output = error instanceof ExecaError ? [error.stderr, error.stdout].join('\n') : ''
    throw new MeshproofError('MP-501', {
      what: `istioctl ${args[0] ?? ''} failed`, where: cluster.name,
      why: output.split('\n').map((line) => line.trim()).find((line) => /^(✘|Error|error:)/.test(line)) ?? reasonOf(error),
      next: 'Run again with --keep and look at the pods of istio-system.', cause: error,
    })
  }
}
