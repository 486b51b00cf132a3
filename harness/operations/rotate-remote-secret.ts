import type { V1Secret } from '@kubernetes/client-node'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { MeshproofError } from '#errors.ts'
import { isReady } from '#kube/pods.ts'
import { until } from '#kube/until.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { watchedClusters } from '#probes/istiod.ts'
import { istiodPods } from '#istio/istiod-pods.ts'
import { readerServiceAccount, readerToken } from '#istio/reader-secret.ts'
import { remoteKubeconfig, remoteSecretRef } from '#istio/remote-secret.ts'

const Kubeconfig = z.looseObject({ users: z.array(z.looseObject({ user: z.looseObject({ token: z.string() }) })) })

/**
 * Rotates the credentials by which every control plane watches a cluster, whoever made the remote secret. It makes a
 * new token of the reader service account and puts it into the secret’s kubeconfig. When istiod uses it, it revokes
 * the earlier tokens by deleting their secrets (istio/istio#61043, #60612: a rotation that wipes or ignores
 * endpoints).
 * @throws MeshproofError MP-401 when an istiod does not use the new token within a minute, MP-540 where there is no
 * remote secret with a token.
 */
export const rotateRemoteSecret = async (
  { primaries }: Lab,
  watched: LabCluster,
  signal: AbortSignal,
): Promise<void> => {
  const before = await readerSecrets(watched)
  const stamp = Date.now()
  for (const primary of primaries.filter(({ name }) => name !== watched.name)) {
    const name = `istio-reader-of-${primary.name}-${stamp}`
    const { token } = await readerToken(watched, signal, name)
    await replaceToken(primary, watched.name, token)
    await until(
      `${primary.name}’s istiod watches ${watched.name} with the new token`,
      async () => (await isUsed(watched, name)) && (await isSynced(primary, watched.name)),
      { every: 250, within: 60_000, signal },
    )
  }
  for (const { metadata } of before)
    await watched.kube.remove({
      apiVersion: 'v1',
      kind: 'Secret',
      name: metadata?.name ?? '',
      namespace: watched.istioNamespace,
    })
}

const readerSecrets = async ({ kube, istioNamespace }: LabCluster): Promise<V1Secret[]> =>
  (await kube.list<V1Secret>({ apiVersion: 'v1', kind: 'Secret', namespace: istioNamespace })).filter(
    ({ type, metadata }) =>
      type === 'kubernetes.io/service-account-token' &&
      metadata?.annotations?.['kubernetes.io/service-account.name'] === readerServiceAccount,
  )

const replaceToken = async (primary: LabCluster, of: string, token: string): Promise<void> => {
  const kubeconfig = Kubeconfig.safeParse(parse((await remoteKubeconfig(primary, of)) ?? ''))
  if (!kubeconfig.success) {
    throw new MeshproofError('MP-540', {
      what: `There is no remote secret of ${of} with a token`,
      where: primary.name,
      next: `kubectl -n ${primary.istioNamespace} get secret -l istio/multiCluster=true shows those there are.`,
    })
  }
  for (const { user } of kubeconfig.data.users) user.token = token
  const { apiVersion, kind, name, namespace } = remoteSecretRef(of, primary)
  await primary.kube.merge({
    apiVersion,
    kind,
    metadata: { name, namespace },
    data: { [of]: Buffer.from(stringify(kubeconfig.data)).toString('base64') },
  })
}

/** The API server labels a token’s secret with the day of the token’s last use (since Kubernetes 1.28). */
const isUsed = async ({ kube, istioNamespace }: LabCluster, name: string): Promise<boolean> =>
  (await kube.get<V1Secret>({ apiVersion: 'v1', kind: 'Secret', name, namespace: istioNamespace }))?.metadata?.labels?.[
    'kubernetes.io/legacy-token-last-used'
  ] !== undefined

const isSynced = async (primary: LabCluster, of: string): Promise<boolean> => {
  const pods = (await istiodPods(primary)).filter(isReady)
  const watched = await Promise.all(pods.map(({ metadata }) => watchedClusters(primary, metadata?.name)))
  return (
    watched.length > 0 &&
    watched.every((clusters) => clusters.some(({ id, syncStatus }) => id === of && syncStatus === 'synced'))
  )
}
