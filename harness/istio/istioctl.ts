import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { stringify } from 'yaml'
import { MeshproofError, reasonOf } from '#errors.ts'
import { manifestsOf, refOf, type Ref } from '#kube/client.ts'
import { askForDefinedKinds } from '#kube/defined-kinds.ts'
import { settled } from '#kube/roll-out.ts'
import type { LabCluster } from '#lab/lab.ts'

/** The body of an IstioOperator: what `istioctl` is given. */
export type OperatorSpec = Record<string, unknown>

/**
 * Installs one IstioOperator the way the seeds do: the manifest is rendered, applied, and its deployments waited for.
 * (`istioctl install` does the same, but looks only every two seconds whether they are ready.)
 * @throws MeshproofError MP-501 when istioctl refuses the operator, MP-401 when a deployment is not ready within two
 * minutes.
 */
export const installIstio = async (cluster: LabCluster, spec: OperatorSpec, signal: AbortSignal): Promise<void> => {
  const applied = await cluster.applyText(await manifestOf(cluster, spec, signal), signal)
  const deployments = applied.flatMap((object) => /^deployment\.apps\/(.+)$/.exec(object)?.[1] ?? [])
  await Promise.all([
    // A remote cluster has no istiod that would ask.
    ...(deployments.length > 0 ? [askForDefinedKinds(cluster.kube, applied)] : []),
    ...deployments.map((name) => settled(cluster, { namespace: cluster.istioNamespace, name }, signal)),
  ])
}

/** What an operator installs, as a manifest. @throws MeshproofError MP-501 when istioctl refuses the operator. */
const manifestOf = (cluster: LabCluster, spec: OperatorSpec, signal: AbortSignal): Promise<string> =>
  istioctl(
    cluster,
    ['manifest', 'generate', '--filename', '-'],
    signal,
    stringify({
      apiVersion: 'install.istio.io/v1alpha1',
      kind: 'IstioOperator',
      metadata: { namespace: cluster.istioNamespace },
      spec,
    }),
  )

/**
 * Removes what one operator has installed and another has not, webhooks first: what they share stays (custom resources,
 * the reader service account).
 * @throws MeshproofError MP-501 when istioctl refuses an operator.
 */
export const uninstallIstio = async (
  was: { cluster: LabCluster; spec: OperatorSpec },
  is: { cluster: LabCluster; spec: OperatorSpec },
  signal: AbortSignal,
): Promise<void> => {
  const [before, now] = await Promise.all(
    [was, is].map(async ({ cluster, spec }) => manifestsOf(await manifestOf(cluster, spec, signal)).map(refOf)),
  )
  const gone = without(before ?? [], now ?? [])
  const isWebhook = ({ kind }: Ref): boolean => kind.endsWith('WebhookConfiguration')
  for (const ref of [...gone.filter(isWebhook), ...gone.filter((candidate) => !isWebhook(candidate))])
    await is.cluster.kube.remove(ref)
}

/** The objects of one list that another does not name. */
export const without = (refs: Ref[], others: Ref[]): Ref[] => {
  const keyOf = ({ apiVersion, kind, namespace = '', name }: Ref): string =>
    [apiVersion, kind, namespace, name].join(' ')
  const named = new Set(others.map(keyOf))
  return refs.filter((ref) => !named.has(keyOf(ref)))
}

/** Runs istioctl against a cluster and returns what it printed. @throws MeshproofError MP-501 when it fails. */
export const istioctl = async (
  cluster: LabCluster,
  args: string[],
  signal: AbortSignal,
  input?: string,
): Promise<string> => {
  try {
    const { stdout } = await execa(
      cluster.istioctl,
      [
        ...args,
        ...(args[0] === 'manifest'
          ? []
          : ['--kubeconfig', cluster.kubeconfig, '--istioNamespace', cluster.istioNamespace]),
      ],
      {
        cancelSignal: signal,
        // It ends within a second, and half of that would be collecting garbage.
        env: { GOGC: 'off', GOMEMLIMIT: '512MiB' },
        ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      },
    )
    return stdout
  } catch (error) {
    if (error instanceof ExecaError && error.isCanceled) throw error
    const output = error instanceof ExecaError ? [error.stderr, error.stdout].join('\n') : ''
    throw new MeshproofError('MP-501', {
      what: `istioctl ${args[0] ?? ''} failed`,
      where: cluster.name,
      why:
        output
          .split('\n')
          .map((line) => line.trim())
          .find((line) => /^(✘|Error|error:)/.test(line)) ?? reasonOf(error),
      next: `Run again with --keep and look at the pods of ${cluster.istioNamespace}.`,
      cause: error,
    })
  }
}
